import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { RegistryStore } from '../runtime/stores/registry.ts';
import { type PollingTools, startPolling, stopPolling } from './polling.ts';

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
  const receiver = await tools.registry.receiver(name);
  // One that is paused stays so until it is resumed; the next 410 disables it then.
  if (receiver === undefined || receiver.state !== 'active') return;
  // It was given another endpoint while the old one answered.
  if (receiver.endpoint !== endpoint) return;
  await tools.registry.putReceiver({
    ...receiver,
    state: 'disabled',
    stateReason: `The endpoint answered ${cause} at ${new Date(tools.clock.now()).toISOString()}`,
  });
  tools.log('error', 'A receiver was disabled', { receiver: name, cause });
  // Last, because it is slow: until then each message is parked as it is received.
  await stopPolling(tools, name);
  // It may have been put again meanwhile, and its start of polling came before this stop.
  if ((await tools.registry.receiver(name))?.state === 'active') await startPolling(tools, name);
}
