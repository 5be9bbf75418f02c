import type { EpochMs } from '../engine.ts';

interface Entry {
  readonly key: string;
  readonly dueMs: EpochMs;
}

/**
 * Keys by due time, the earliest first. A key has one due time. Setting it again or deleting it leaves the old entry
 * in the heap, which is skipped when it comes up.
 */
export interface DueHeap {
  set(key: string, dueMs: EpochMs): void;
  delete(key: string): void;
  /** The earliest due time. */
  peekMs(): EpochMs | undefined;
  /** Removes and returns the earliest key that is due at that time. */
  pop(untilMs: EpochMs): string | undefined;
}

export function createDueHeap(): DueHeap {
  let heap: Entry[] = [];
  const live = new Map<string, Entry>();

  const at = (index: number): Entry => {
    const entry = heap[index];
    if (entry === undefined) throw new RangeError(`The heap has no entry ${index}.`);
    return entry;
  };

  function swap(left: number, right: number): void {
    const entry = at(left);
    heap[left] = at(right);
    heap[right] = entry;
  }

  function push(entry: Entry): void {
    heap.push(entry);
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (at(parent).dueMs <= at(index).dueMs) return;
      swap(parent, index);
      index = parent;
    }
  }

  function removeTop(): void {
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && at(child).dueMs < at(least).dueMs) least = child;
      }
      if (least === index) return;
      swap(least, index);
      index = least;
    }
  }

  function top(): Entry | undefined {
    for (let entry = heap[0]; entry !== undefined; entry = heap[0]) {
      if (live.get(entry.key) === entry) return entry;
      removeTop();
    }
    return undefined;
  }

  return {
    set(key, dueMs) {
      const entry = { key, dueMs };
      live.set(key, entry);
      push(entry);
      // A schedule that changes far more often than it fires must not fill the heap with dead entries.
      if (heap.length > 1000 && heap.length > 2 * live.size) {
        heap = [...live.values()].sort((left, right) => left.dueMs - right.dueMs);
      }
    },
    delete: (key) => void live.delete(key),
    peekMs: () => top()?.dueMs,
    pop(untilMs) {
      const entry = top();
      if (entry === undefined || entry.dueMs > untilMs) return undefined;
      removeTop();
      live.delete(entry.key);
      return entry.key;
    },
  };
}
