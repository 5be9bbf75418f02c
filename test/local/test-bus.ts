import { onTestFinished } from 'vitest';
import { type BusOptions, type RunningBus, startBus } from '../../lib/local/bus.ts';
import { systemRandom } from '../../lib/runtime/random.ts';
import { systemClock } from '../../lib/stand-in/clock.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';

/** Starts a bus over an assembly, in memory and without sockets, and closes it with the test. */
export async function startTestBus(
  outDirectory: string,
  options: Partial<BusOptions> = {},
): Promise<RunningBus> {
  const bus = await startBus({
    outDirectory,
    store: memoryStore(),
    clock: systemClock,
    random: systemRandom,
    log: () => undefined,
    iamUsageDirectory: process.env.BUSBAR_IAM_USAGE,
    http: {
      async send(request) {
        throw new Error(`This test must call no endpoint, but it called ${request.url}.`);
      },
    },
    ...options,
  });
  onTestFinished(() => bus.close());
  return bus;
}
