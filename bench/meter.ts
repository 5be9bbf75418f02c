/** What AWS would bill, by unit. */
export type Meter = Readonly<Record<string, number>>;

/** What was counted between two readings. */
export function difference(before: Meter, after: Meter): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([unit, quantity]) => [unit, quantity - (before[unit] ?? 0)]),
  );
}
