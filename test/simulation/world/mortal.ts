import type { Clock } from '../../../lib/runtime/clock.ts';
import type { DurableStore } from '../../../lib/stand-in/store.ts';

/** What never comes: the answer to somebody who is dead. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** A clock of something that may die: from then on none of its timers fires. */
export interface MortalClock extends Clock {
  die(): void;
}

/** @param skewMs how far this clock is ahead of the one that it is made from. */
export function mortalClock(clock: Clock, skewMs = 0): MortalClock {
  const cancels = new Set<() => void>();
  let dead = false;
  return {
    now: () => clock.now() + skewMs,
    setTimer(delayMs, action) {
      if (dead) return () => undefined;
      const cancel = clock.setTimer(delayMs, () => {
        cancels.delete(cancel);
        action();
      });
      cancels.add(cancel);
      return () => {
        cancels.delete(cancel);
        cancel();
      };
    },
    die() {
      dead = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}

/** A disk that outlives the processes that write to it. */
export interface Disk {
  /** The store of one process. When that dies, what it had not committed is gone, and it writes nothing more. */
  open(): { store: DurableStore; die(): void };
}

export function createDisk(): Disk {
  /** JSON text, so that nobody keeps a hold on what is stored. */
  const tables = new Map<string, Map<string, string>>();
  const rowsOf = (name: string) => {
    const rows = tables.get(name) ?? new Map<string, string>();
    tables.set(name, rows);
    return rows;
  };
  return {
    open() {
      let dead = false;
      const dirty = new Map<string, Map<string, unknown>>();
      const change = (name: string, key: string, value: unknown) => {
        const rows = dirty.get(name) ?? new Map<string, unknown>();
        dirty.set(name, rows);
        rows.set(key, value);
      };
      return {
        store: {
          *load(name) {
            for (const [key, text] of rowsOf(name)) yield [key, JSON.parse(text) as unknown];
          },
          put: change,
          delete: (name, key) => change(name, key, undefined),
          async committed() {
            if (dead) return await never();
            for (const [name, rows] of dirty) {
              const kept = rowsOf(name);
              for (const [key, value] of rows) {
                if (value === undefined) kept.delete(key);
                else kept.set(key, JSON.stringify(value));
              }
            }
            dirty.clear();
          },
          close: () => undefined,
        },
        die() {
          dead = true;
          dirty.clear();
        },
      };
    },
  };
}
