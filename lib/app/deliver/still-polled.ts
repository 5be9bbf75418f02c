import type { Receiver } from '../../core/registry/receiver.ts';
import { followState } from '../registry/polling.ts';
import type { DeliverTools } from './batch.ts';

/** How long the lanes of a paused or disabled receiver may be polled before the polling is stopped again. */
const stillPolledSeconds = 150;

/**
 * Stops polling again for a receiver that is paused or disabled and whose messages still come: the stop may have failed,
 * and nobody else would notice. AWS takes up to a minute to stop polling, so it is given some time, and an instance does
 * not try more often than that: the control plane allows few calls.
 */
export async function stopStillPolled(
  tools: Pick<DeliverTools, 'registry' | 'mappings' | 'offloads' | 'stillPolled' | 'clock' | 'log'>,
  receiver: Receiver,
): Promise<void> {
  const { receiver: name } = receiver;
  const nowMs = tools.clock.now();
  const sinceMs = tools.stillPolled.get(name);
  if (sinceMs === undefined) return void tools.stillPolled.set(name, nowMs);
  if (nowMs - sinceMs < stillPolledSeconds * 1000) return;
  tools.stillPolled.set(name, nowMs);
  tools.log('warn', 'The lanes of a receiver that stands still are polled', { receiver: name });
  try {
    await followState(tools, receiver);
  } catch (error) {
    // Its messages are parked already; a later batch tries again.
    tools.log('error', 'Polling could not be stopped', { receiver: name, reason: String(error) });
  }
}
