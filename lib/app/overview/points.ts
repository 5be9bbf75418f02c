import { type Counts, plusCounts, sketchOf, wholeBus } from '../../core/statistics/counts.ts';
import { type PeriodQuery, periodOf, startsOf } from '../../core/statistics/period.ts';
import { quantileOf } from '../../core/statistics/sketch.ts';
import type { Tools } from '../../runtime/tools.ts';
import { pointsOf } from '../statistics/points.ts';

/** What came and went in one step. */
export interface OverviewPoint {
  /** When it begins. RFC 3339. */
  readonly at: string;
  /** Events that were published. */
  readonly accepted: number;
  /** Deliveries whose attempt succeeded. */
  readonly delivered: number;
  /** Attempts that failed. */
  readonly failed: number;
  readonly deadLettered: number;
  /** Of attempts; null where there was none. */
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
}

/**
 * By minutes, which are kept for two days; of several applications together.
 * @param owners undefined for the whole bus.
 * @throws BusbarError invalid_request.
 */
export async function overviewPoints(
  tools: Tools<'statistics'>,
  owners: readonly string[] | undefined,
  query: PeriodQuery,
): Promise<OverviewPoint[]> {
  const period = periodOf({ ...query, step: 60 }, tools.clock.now());
  const all = await Promise.all(
    (owners ?? [wholeBus]).map((of) => pointsOf(tools, { kind: 'overview', of }, period)),
  );
  const sums = new Map<string, Counts>();
  for (const { at, counts } of all.flat()) sums.set(at, plusCounts(sums.get(at) ?? {}, counts));
  return startsOf(period, tools.clock.now()).map((ms) => {
    const at = new Date(ms).toISOString();
    const counts = sums.get(at) ?? {};
    const { accepted = 0, delivered = 0, failed = 0, deadLettered = 0 } = counts;
    const sketch = sketchOf(counts);
    const latencyMs = { p50: quantileOf(sketch, 0.5), p99: quantileOf(sketch, 0.99) };
    return { at, accepted, delivered, failed, deadLettered, latencyMs };
  });
}
