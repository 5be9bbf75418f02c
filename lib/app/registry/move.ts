import { afterMove } from '../../core/breaker/breaker.ts';
import { registryChangeRoundsMax } from '../../core/registry/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { newsOfBreaker } from '../../core/system-event/news.ts';
import type { Tools } from '../../runtime/tools.ts';

/**
 * Closes the breaker of a receiver that got another endpoint, and tells who was told of the outage. Repeating the call
 * that changed it does what an earlier one did not come to; so does the next change of the breaker.
 */
export async function leaveOutage(tools: Tools<'breakers'>, receiver: Receiver): Promise<void> {
  const { receiver: name, endpoint } = receiver;
  const nowMs = tools.clock.now();
  for (let round = 1; round <= registryChangeRoundsMax; round++) {
    const kept = await tools.breakers.read(name);
    const closed = afterMove(kept, endpoint, nowMs);
    if (kept === undefined || closed === undefined) return;
    const reports = newsOfBreaker(receiver, kept, closed, nowMs);
    if (await tools.breakers.swap(name, kept, closed, reports, receiver.owner)) return;
  }
}
