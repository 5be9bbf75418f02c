/** The median; for an even number of values, the mean of the two middle ones. @throws RangeError on an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('There is no median of nothing.');
  return (upper + lower) / 2;
}

/** A percentile of sorted values by nearest rank; `part` is from 0 to 1. Undefined if there are no values. */
export function percentile(sorted: ArrayLike<number>, part: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

/** The median of each member of records with the same members. @throws RangeError on an empty list. */
export function medians<Row extends Readonly<Record<keyof Row, number>>>(
  rows: readonly Row[],
): Record<keyof Row, number> {
  const [first] = rows;
  if (first === undefined) throw new RangeError('There is no median of nothing.');
  const members = Object.keys(first) as (keyof Row)[];
  const entries = members.map((member) => [member, median(rows.map((row) => row[member]))] as const);
  return Object.fromEntries(entries) as Record<keyof Row, number>;
}

/** The slope of a line through points, and its 95 % confidence interval. */
export interface Trend {
  readonly slope: number;
  readonly atLeast: number;
  readonly atMost: number;
}

/**
 * The median of the slopes between all pairs of points (the Theil-Sen estimator), which is robust against a quarter of
 * outliers. The bounds are from Kendall's test. @throws RangeError with fewer than three points.
 */
export function trendOf(points: readonly (readonly [x: number, y: number])[]): Trend {
  if (points.length < 3) throw new RangeError('A trend needs at least three points.');
  const slopes = points
    .flatMap(([x, y], index) =>
      points.slice(index + 1).flatMap(([x2, y2]) => (x2 === x ? [] : [(y2 - y) / (x2 - x)])),
    )
    .sort((left, right) => left - right);
  const n = points.length;
  const spread = 1.96 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const at = (rank: number) =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(rank)))] ?? Number.NaN;
  return {
    slope: median(slopes),
    atLeast: at((slopes.length - spread) / 2 - 1),
    atMost: at((slopes.length + spread) / 2),
  };
}
