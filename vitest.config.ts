import { defineConfig } from 'vitest/config';

const standIn = ['test/stand-in/**/*.test.ts'];

export default defineConfig({
  test: {
    // The default leaves one of two cores idle; some suites wait for the processes that they start.
    maxWorkers: 3,
    // Each suite creates what it needs, so the modules loaded for one file serve the next: half the time.
    isolate: false,
    // `npm test` runs both in parallel, `npm test -- --project bus` everything but the suites of the stand-in.
    projects: [
      {
        extends: true,
        test: {
          name: 'bus',
          include: ['test/**/*.test.ts'],
          exclude: standIn,
          globalSetup: ['test/global-setup.ts'],
        },
      },
      { extends: true, test: { name: 'stand-in', include: standIn } },
    ],
    // The suites share two cores with the processes that some of them start.
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
