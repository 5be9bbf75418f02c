/**
 * How often an instance writes what it has counted of a thing: at once while there is little, so that what a rare event
 * did is not kept back by an instance that is not called again; and every half minute under load, so that it costs little.
 */
export const writesAtOnce = 20;
/** The longest time for which an instance that is called keeps counts to itself, seconds. */
export const secondsPerWrite = 30;
/** The same for what is kept by months, or for the overview. */
export const secondsPerSlowWrite = 60;

/** How many writes a thing may have, as of a time. */
export interface Allowance {
  readonly writes: number;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

export const fullAllowance = (nowMs: number): Allowance => ({ writes: writesAtOnce, atMs: nowMs });

/** What an allowance has grown to. */
function grown({ writes, atMs }: Allowance, nowMs: number, seconds: number): Allowance {
  const more = Math.max(0, nowMs - atMs) / (seconds * 1000);
  return { writes: Math.min(writesAtOnce, writes + more), atMs: Math.max(atMs, nowMs) };
}

/**
 * What is left after a write; undefined when it is not time for one.
 * @param seconds in which it grows by one.
 * @param least what it takes for a write.
 */
export function spend(
  allowance: Allowance,
  nowMs: number,
  seconds = secondsPerWrite,
  least = 1,
): Allowance | undefined {
  const now = grown(allowance, nowMs, seconds);
  // Thirty additions of a thirtieth are a little less than one.
  return now.writes < least - 1e-9 ? undefined : { ...now, writes: Math.max(0, now.writes - 1) };
}

/** Whether it was the last one that was left: the thing is under load. */
export const isUsedUp = ({ writes }: Allowance): boolean => writes < 1;
