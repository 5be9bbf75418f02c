/** The middle value; the mean of the two middle ones of an even number. Throws on an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('There is no median of nothing.');
  return (upper + lower) / 2;
}

/** The value that `part` (0 to 1) of the sorted values do not exceed, by nearest rank; undefined of none. */
export function percentile(sorted: ArrayLike<number>, part: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

/** The medians, member by member, of records that have the same members. */
export function medians<Row extends Readonly<Record<keyof Row, number>>>(
  rows: readonly Row[],
): Record<keyof Row, number> {
  const [first] = rows;
  if (first === undefined) throw new RangeError('There is no median of nothing.');
  const members = Object.keys(first) as (keyof Row)[];
  const entries = members.map((member) => [member, median(rows.map((row) => row[member]))] as const);
  return Object.fromEntries(entries) as Record<keyof Row, number>;
}
