import type { Counts, Thing } from '../../core/statistics/counts.ts';
import { type Period, startsOf } from '../../core/statistics/period.ts';
import { keysBetween } from '../../core/statistics/steps.ts';
import type { Tools } from '../../runtime/tools.ts';

/** The counters of each step of a period, with the time at which it begins, RFC 3339. */
export async function pointsOf(
  tools: Tools<'statistics'>,
  thing: Thing,
  period: Period,
): Promise<{ readonly at: string; readonly counts: Counts }[]> {
  const { step, sinceMs, untilMs } = period;
  const rows = await tools.statistics.read(thing, ...keysBetween(step, sinceMs, untilMs));
  const counts = new Map(rows.map((row) => [row.sk.slice(row.sk.indexOf('#') + 1), row.counts]));
  return startsOf(period, tools.clock.now()).map((ms) => {
    const at = new Date(ms).toISOString();
    return { at, counts: counts.get(at) ?? {} };
  });
}
