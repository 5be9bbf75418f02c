import { outboxWaits } from '../../core/relay/outbox.ts';
import type { Tools } from '../../runtime/tools.ts';

/** An older entry is no longer left to the stream alone. */
const sweepAfterSeconds = 60;

/** How long the sweep waits before it has the stream bring the same key again. */
const sweepAgainSeconds = 60;

/** An operator is told when entries wait for longer. */
const outboxWaitSecondsMax = 15 * 60;

export type SweepTools = Tools<'outbox'>;

/**
 * Looks for entries that are overdue in the outbox, because the stream lost them, a crash left them or what they need
 * was unavailable, and has the stream bring their keys once more. It publishes nothing itself: only the reader of a
 * shard does that, so two never race for the order of a key.
 */
export async function sweep(tools: SweepTools): Promise<{ woken: number; waiting: number }> {
  const nowMs = tools.clock.now();
  const looked = new Set<string>();
  let woken = 0;
  let waiting = 0;
  let oldestMs = nowMs;
  for await (const rows of tools.outbox.all()) {
    for (const { pk, sk, atMs, wokenAtMs } of rows) {
      // An entry from a clock that is ahead must not be overlooked for ever.
      const sinceMs = Math.min(nowMs, atMs ?? 0);
      const isLate = nowMs - sinceMs >= sweepAfterSeconds * 1000;
      if (isLate) waiting += 1;
      if (atMs !== undefined) oldestMs = Math.min(oldestMs, sinceMs);
      // The first entry of a key brings the whole key; it comes first in the scan of its partition.
      if (looked.has(pk)) continue;
      looked.add(pk);
      const wasWoken = wokenAtMs !== undefined && nowMs - wokenAtMs < sweepAgainSeconds * 1000;
      if (!isLate || wasWoken) continue;
      await tools.outbox.wake({ pk, sk }, nowMs);
      woken += 1;
    }
  }
  const oldestSeconds = Math.floor((nowMs - oldestMs) / 1000);
  if (oldestSeconds > outboxWaitSecondsMax) {
    tools.log('error', outboxWaits, { waiting, oldestSeconds });
  } else if (woken > 0) tools.log('info', 'The sweep woke entries of the outbox', { woken, waiting });
  return { woken, waiting };
}
