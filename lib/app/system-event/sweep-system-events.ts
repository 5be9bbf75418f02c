import { isReportDue } from '../../core/system-event/system-event.ts';
import type { Tools } from '../../runtime/tools.ts';

/** An older one is no longer left to the stream alone. */
const sweepAfterSeconds = 30;

export type SweepSystemEventsTools = Tools<'systemEvents'>;

/**
 * Has the stream bring the relay what it missed, what could not be sent, and what waited because another one of its type
 * was sent less than a minute before. It sends nothing itself, so that two never send the same.
 */
export async function sweepSystemEvents(tools: SweepSystemEventsTools): Promise<{ woken: number }> {
  const { systemEvents, clock } = tools;
  const nowMs = clock.now();
  // Those whose time has come wake the relay themselves.
  for (const { sk, event } of await systemEvents.later(nowMs)) {
    await systemEvents.report({ ...event, atMs: nowMs });
    await systemEvents.forgetLater(sk);
  }
  const late = (await systemEvents.all()).filter(
    ({ waits, reported, sentAtMs, wokenAtMs }) =>
      waits &&
      isReportDue(sentAtMs, nowMs) &&
      nowMs - Math.max(reported.sinceMs, wokenAtMs ?? 0) >= sweepAfterSeconds * 1000,
  );
  // One wakes the relay for all.
  const [first] = late;
  if (first !== undefined) await systemEvents.wake(first, nowMs);
  return { woken: late.length };
}
