/**
 * The pace of a receiver with a rate limit: every post has a slot, a moment at which it begins, and the slots of all
 * invocations follow one another at the receiver's rate (the generic cell rate algorithm of ITU-T I.371, without bursts).
 * The state is one number: when the next slot begins.
 */

/** A batch takes the slots of so many seconds at a time, and waits for them in the function. */
const paceAheadSeconds = 2;
/** A post that begins later than its slot by more waits for another one: a 40th of ten seconds. */
const paceLateMs = 250;

/** How many slots one call takes: few enough to be used before they are stale. */
export function slotsToTake(wanted: number, perSecond: number): number {
  return Math.min(wanted, Math.max(1, Math.ceil(perSecond * paceAheadSeconds)));
}

/** The time between two slots, to the microsecond: the table adds these up. */
export const slotMs = (perSecond: number) => Math.round(1_000_000 / perSecond) / 1000;

/** The slots that a call took when it moved the next slot to `nextMs`. */
export function slotsBefore(nextMs: number, count: number, perSecond: number): number[] {
  return Array.from({ length: count }, (_, index) => nextMs - (count - index) * slotMs(perSecond));
}

/** Whether a slot is long past: its post did not begin in time, and using it now would make a burst. */
export const isStale = (slotAtMs: number, nowMs: number) => nowMs - slotAtMs > paceLateMs;
