import { defineConfig } from 'vitest/config';

/** These make whatever they need themselves: the modules of one file serve the next, which halves their time. */
const inProcess = ['app', 'client', 'core', 'runtime'].map((room) => `test/${room}/**/*.test.ts`);
const standIn = ['test/stand-in/**/*.test.ts'];

export default defineConfig({
  test: {
    globalSetup: ['test/global-setup.ts'],
    // The default leaves one of two cores idle; some suites wait for the processes that they start.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: { name: 'in process', include: inProcess, isolate: false },
      },
      {
        extends: true,
        test: { name: 'stand-in', include: standIn, isolate: false },
      },
      {
        extends: true,
        test: { name: 'apart', include: ['test/**/*.test.ts'], exclude: [...inProcess, ...standIn] },
      },
    ],
    // The suites share two cores with the processes that some of them start.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
