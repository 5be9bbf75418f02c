import { defineConfig } from 'vitest/config';
import { missingTools } from './test/emulator/tools.ts';

/**
 * The bus on an emulator of AWS by others, and a linter of its template: `npm run test:emulator`. Both come from PyPI.
 * Where Python is missing they are left out, loudly: the same is tested on the stand-in by `npm test`.
 */
const missing = missingTools();
if (missing !== undefined) {
  console.error(
    `\nSKIPPED: the checks on another emulator of AWS did not run, because this machine lacks ${missing}.\n`,
  );
}

export default defineConfig({
  test: {
    include: missing === undefined ? ['test/emulator/**/*.emulator.ts'] : [],
    passWithNoTests: missing !== undefined,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
