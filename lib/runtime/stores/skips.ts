import type { Skip } from '../../core/registry/receiver.ts';
import type { Table } from '../aws/table/table.ts';

/** How many deliveries each skip has dropped. */
export interface SkipStore {
  dropped(receiver: string, skip: Skip): Promise<number>;
  countDropped(receiver: string, skip: Skip, count: number): Promise<void>;
}

/** A new skip counts anew. */
const rowKey = (receiver: string, skip: Skip) => ({ pk: `skip#${receiver}`, sk: skip.at });

export function createSkipStore(table: Table): SkipStore {
  return {
    dropped: (receiver, skip) => table.counter(rowKey(receiver, skip)),
    countDropped: (receiver, skip, count) => table.increment(rowKey(receiver, skip), count),
  };
}
