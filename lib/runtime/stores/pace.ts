import { slotMs, slotsBefore } from '../../core/deliver/pace.ts';
import type { Table } from '../aws/table/table.ts';

/** The pace of the receivers whose posts a second are limited. */
export interface PaceStore {
  /**
   * Takes the next slots of a receiver, for all invocations in turn. Answers when each begins, in epoch milliseconds;
   * or, where the next one is later than `untilMs`, when that is.
   */
  take(
    receiver: string,
    request: {
      readonly count: number;
      readonly perSecond: number;
      readonly nowMs: number;
      readonly untilMs: number;
    },
  ): Promise<{ readonly slots: readonly number[] } | { readonly nextMs: number }>;
}

export function createPaceStore(table: Table): PaceStore {
  /** What this instance saw last of the next slot of a receiver. */
  const seen = new Map<string, number>();
  return {
    async take(receiver, { count, perSecond, nowMs, untilMs }) {
      const by = Math.round(count * slotMs(perSecond) * 1000) / 1000;
      const { advanced, value } = await table.advance(
        { pk: `pace#${receiver}`, sk: 'next' },
        by,
        { atLeast: nowMs, atMost: untilMs, isBehind: (seen.get(receiver) ?? 0) < nowMs },
        // A row that is not advanced for a while is as good as none.
        Math.ceil((untilMs + by) / 1000) + 3600,
      );
      seen.set(receiver, value);
      return advanced ? { slots: slotsBefore(value, count, perSecond) } : { nextMs: value };
    },
  };
}
