import { isMixed, type SeenTypes, seeTypes } from '../../core/routing/fair.ts';
import type { Clock } from '../clock.ts';

/** The types that this instance has sent to the lanes of receivers, in its memory alone. */
export interface LaneTypes {
  /** Notes what is sent to a receiver, and returns whether it gets several types. */
  see(receiver: string, types: readonly string[]): boolean;
}

/** A receiver that was forgotten for others is one that nothing was sent to. */
const receiversMax = 10_000;

export function createLaneTypes(clock: Clock): LaneTypes {
  const lanes = new Map<string, SeenTypes>();
  return {
    see(receiver, types) {
      const nowMs = clock.now();
      const seen = seeTypes(lanes.get(receiver), types, nowMs);
      if (seen === undefined) return false;
      // The one that was used longest ago comes first.
      lanes.delete(receiver);
      lanes.set(receiver, seen);
      const [oldest] = lanes.size > receiversMax ? lanes.keys() : [];
      if (oldest !== undefined) lanes.delete(oldest);
      return isMixed(seen, nowMs);
    },
  };
}
