import { defineConfig } from 'vitest/config';
import { missingTools } from './test/rocketmq/artifacts.ts';

/**
 * The checks that need a real RocketMQ broker: `npm run test:rocketmq`. Where Java or Maven is missing they are left
 * out, loudly: the same contract is checked against the stand-in by `npm test`.
 */
const missing = missingTools();
if (missing !== undefined) {
  console.error(
    `\nSKIPPED: the checks against a real RocketMQ broker did not run, because ${missing} is missing on this machine.\n`,
  );
}

export default defineConfig({
  test: {
    include: missing === undefined ? ['test/rocketmq/**/*.rocketmq.ts'] : [],
    passWithNoTests: missing !== undefined,
    // Each starts a cluster of its own, which takes half a gigabyte; most of their time is waiting.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
