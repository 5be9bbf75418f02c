import { defineConfig } from 'vitest/config';

/**
 * The proofs that take minutes each, `npm run test:proof`: 20,000 hostile requests, twenty kills, forty mutants. `npm test`
 * has a short form of each.
 */
export default defineConfig({
  test: {
    globalSetup: ['test/global-setup.ts'],
    include: ['test/**/*.proof.ts'],
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
