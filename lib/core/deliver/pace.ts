import { bus } from '../kernel/limits.ts';

/**
 * The pace of a receiver whose posts a second are limited: every post has a slot, a moment at which it begins, and the
 * slots of all invocations follow one another at the receiver's rate (the generic cell rate algorithm of ITU-T I.371, with
 * no burst). What is kept is one number: when the next slot begins.
 */

/** How many slots one call takes: few enough that they are used before they are stale. */
export function slotsToTake(wanted: number, perSecond: number): number {
  return Math.min(wanted, Math.max(1, Math.ceil(perSecond * bus.paceAheadSeconds)));
}

/** The time between two slots. To the microsecond, since that is what the table adds up. */
export const slotMs = (perSecond: number) => Math.round(1_000_000 / perSecond) / 1000;

/** The slots that a call took, which left the next one at `nextMs`. */
export function slotsBefore(nextMs: number, count: number, perSecond: number): number[] {
  return Array.from({ length: count }, (_, index) => nextMs - (count - index) * slotMs(perSecond));
}

/** A slot that is long past was for a post that did not begin in time; used later it would make a burst. */
export const isStale = (slotAtMs: number, nowMs: number) => nowMs - slotAtMs > bus.paceLateMs;
