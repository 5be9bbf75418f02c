import { wrongKeysPerMinute } from './limits.ts';

/** Wrong keys within a minute. */
export interface Guesses {
  readonly sinceMs: number;
  readonly count: number;
}

const windowMs = 60_000;

const isOver = ({ sinceMs }: Guesses, nowMs: number) => nowMs >= sinceMs + windowMs;

/** One wrong key more. */
export const guessesOf = (before: Guesses | undefined, nowMs: number): Guesses =>
  before === undefined || isOver(before, nowMs)
    ? { sinceMs: nowMs, count: 1 }
    : { ...before, count: before.count + 1 };

/** How long to wait after too many wrong keys: until the minute of the first of them is over; 0 for not at all. */
export function waitSeconds(
  of: keyof typeof wrongKeysPerMinute,
  guesses: Guesses | undefined,
  nowMs: number,
): number {
  if (guesses === undefined || isOver(guesses, nowMs) || guesses.count < wrongKeysPerMinute[of]) return 0;
  return Math.ceil((guesses.sinceMs + windowMs - nowMs) / 1000);
}
