import { bus } from '../../core/limits.ts';
import type { Table } from '../table.ts';

/** A slot that was taken; whoever holds it gives it back. */
export interface RetrySlot {
  release(): Promise<void>;
}

/** The slots of a receiver's retries: how many batches may run retries at once, over all invocations. */
export interface RetrySlots {
  /** Takes the slot of this number; undefined when another batch has it. */
  take(receiver: string, number: number, nowMs: number): Promise<RetrySlot | undefined>;
}

export function createRetrySlots(table: Table): RetrySlots {
  return {
    async take(receiver, number, nowMs) {
      const key = { pk: `retry-slot#${receiver}`, sk: String(number) };
      // A function that was cut off never gives its slot back: it is free again after the function's time.
      const expiresAtSeconds = Math.ceil(nowMs / 1000) + bus.deliverTimeoutSeconds;
      const standing = await table.putIfFree({ ...key, document: 'taken', expiresAtSeconds }, nowMs);
      return standing === undefined ? { release: () => table.delete(key) } : undefined;
    },
  };
}
