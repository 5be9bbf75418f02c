import { disabled } from '../../core/registry/flow.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import { followState, type PollingTools } from './polling.ts';

/** The endpoint that answered 410; the receiver may have another one by now. */
export interface Gone {
  readonly endpoint: string;
  readonly cause: string;
}

/**
 * Stops sending to a receiver whose endpoint is gone (410). Its events wait in its queues until it is put again.
 */
export async function disable(
  tools: PollingTools & {
    readonly registry: RegistryStore;
    readonly clock: Clock;
    readonly log: Log;
  },
  name: string,
  { endpoint, cause }: Gone,
): Promise<void> {
  const reason = `The endpoint answered ${cause} at ${new Date(tools.clock.now()).toISOString()}`;
  // It was deleted meanwhile, which is not an error.
  if ((await tools.registry.receiver(name)) === undefined) return;
  const { was, now } = await tools.registry.changeReceiver(name, (receiver) => {
    if (receiver === undefined) throw new Error(`The receiver ${name} was deleted while it was disabled`);
    return disabled(receiver, endpoint, reason);
  });
  if (now === was) return;
  tools.log('error', 'A receiver was disabled', { receiver: name, cause });
  // Last, because it is slow: until then each received message is parked.
  await followState(tools, now);
}
