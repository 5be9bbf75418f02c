import { bus } from '../../core/kernel/limits.ts';
import type { Table } from '../aws/table/table.ts';

/** A slot that was taken; whoever holds it gives it back. */
export interface Slot {
  release(): Promise<void>;
}

/**
 * What only so many batches of a receiver may have at once, over all invocations: `retry`, one of the slots in which
 * retries run; `turn`, the turn of batches that go one at a time.
 */
export type SlotKind = 'retry' | 'turn';

export interface Slots {
  /** Takes the slot of this name; undefined when another batch has it. */
  take(kind: SlotKind, receiver: string, name: string, nowMs: number): Promise<Slot | undefined>;
  /** Whether the slot can be had; cheaper than a try, and a moment old. */
  isFree(kind: SlotKind, receiver: string, name: string): Promise<boolean>;
}

const keyOf = (kind: SlotKind, receiver: string, name: string) => ({
  pk: `${kind}-slot#${receiver}`,
  sk: name,
});

export function createSlots(table: Table): Slots {
  return {
    async take(kind, receiver, name, nowMs) {
      const key = keyOf(kind, receiver, name);
      // A function that was cut off never gives its slot back: it is free again after the function's time.
      const expiresAtSeconds = Math.ceil(nowMs / 1000) + bus.deliverTimeoutSeconds;
      const standing = await table.putIfFree({ ...key, document: 'taken', expiresAtSeconds }, nowMs);
      return standing === undefined ? { release: () => table.delete(key) } : undefined;
    },
    isFree: async (kind, receiver, name) => (await table.get(keyOf(kind, receiver, name))) === undefined,
  };
}
