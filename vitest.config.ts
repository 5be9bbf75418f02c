import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // The default leaves one of two cores idle.
    maxWorkers: 2,
    // The suites share two cores with the processes that some of them start.
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
