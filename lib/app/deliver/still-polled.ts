import { bus } from '../../core/kernel/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import { followState, type PollingTools } from '../registry/polling.ts';

export interface StillPolledTools extends PollingTools {
  readonly registry: RegistryStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Since when this instance has seen messages of a receiver that stands still, epoch milliseconds by receiver. */
  readonly stillPolled: Map<string, number>;
}

/**
 * Stops polling again for a receiver that stands still and whose messages come all the same: the stop may have failed
 * when it was paused or disabled, and nobody else would notice. AWS takes a minute for a stop that went well, so that it is
 * given some, and an instance tries no oftener than that: the control plane allows few calls.
 */
export async function stopStillPolled(tools: StillPolledTools, receiver: Receiver): Promise<void> {
  const { receiver: name } = receiver;
  const nowMs = tools.clock.now();
  const sinceMs = tools.stillPolled.get(name);
  if (sinceMs === undefined) return void tools.stillPolled.set(name, nowMs);
  if (nowMs - sinceMs < bus.stillPolledSeconds * 1000) return;
  tools.stillPolled.set(name, nowMs);
  tools.log('warn', 'The lanes of a receiver that stands still are polled', { receiver: name });
  try {
    await followState(tools, receiver);
  } catch (error) {
    // Its messages are parked already; a later batch tries again.
    tools.log('error', 'Polling could not be stopped', { receiver: name, reason: String(error) });
  }
}
