import type { EpochMs } from '../engine.ts';

/** Items ordered by their due time; items with the same time keep their order. */
export interface Agenda<T> {
  add(dueMs: EpochMs, item: T): void;
  /** Removes and returns the first item that is due. */
  takeDue(nowMs: EpochMs): T | undefined;
  nextMs(): EpochMs | undefined;
}

export function createAgenda<T>(): Agenda<T> {
  const entries: { readonly dueMs: EpochMs; readonly item: T }[] = [];

  /** The position after everything that is due before or at the same time. */
  function placeFor(dueMs: EpochMs): number {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle]?.dueMs ?? 0) <= dueMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    add: (dueMs, item) => void entries.splice(placeFor(dueMs), 0, { dueMs, item }),
    takeDue(nowMs) {
      const first = entries[0];
      return first !== undefined && first.dueMs <= nowMs ? entries.shift()?.item : undefined;
    },
    nextMs: () => entries[0]?.dueMs,
  };
}
