/** How far back a plot goes, and how long each of its points is. */
export const periods = {
  hour: { seconds: 3600, step: 60 },
  day: { seconds: 86_400, step: 60 },
  month: { seconds: 30 * 86_400, step: 3600 },
} as const;
export type Period = keyof typeof periods;

/** A start moves on by so many points at once, so that a plot that is open asks for the same for a while. */
const pointsAtOnce = 5;

/** What to ask statistics for. @param nowMs now, in ms. */
export function periodQuery(
  period: Period,
  nowMs: number,
): { readonly since: string; readonly step: number } {
  const { seconds, step } = periods[period];
  const unit = step * pointsAtOnce * 1000;
  return { since: new Date(Math.floor((nowMs - seconds * 1000) / unit) * unit).toISOString(), step };
}
