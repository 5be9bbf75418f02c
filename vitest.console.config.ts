import { defineConfig } from 'vitest/config';
import { findBrowser } from './test/console/browser.ts';

/**
 * The console in a browser, against a running bus: `npm run test:console`. Where no Chromium is found it is left out,
 * loudly: what its function serves is tested by `npm test`.
 */
const missing = findBrowser() === undefined;
if (missing) {
  console.error(
    '\nSKIPPED: the console was not tried in a browser, because this machine has no Chromium (Debian: chromium). BUSBAR_BROWSER names another.\n',
  );
}

export default defineConfig({
  test: {
    include: missing ? [] : ['test/console/**/*.console.ts'],
    passWithNoTests: missing,
    // Each has a bus and a browser.
    maxWorkers: 1,
    isolate: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
