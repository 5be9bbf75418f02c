import type { Drop, Skip } from '../../core/registry/receiver.ts';
import type { Table } from '../aws/table/table.ts';

/** What says that deliveries are dropped: a skip, or the revocation of a subscription. */
type Dropping = Pick<Skip, 'at'> & Partial<Pick<Drop, 'topic'>>;

/** How many deliveries each of them has dropped. */
export interface SkipStore {
  dropped(receiver: string, by: Dropping): Promise<number>;
  countDropped(receiver: string, by: Dropping, count: number): Promise<void>;
}

/** A new skip counts anew. */
const rowKey = (receiver: string, { at, topic }: Dropping) => ({
  pk: `skip#${receiver}`,
  sk: topic === undefined ? at : `${topic}#${at}`,
});

export function createSkipStore(table: Table): SkipStore {
  return {
    dropped: (receiver, by) => table.counter(rowKey(receiver, by)),
    countDropped: (receiver, by, count) => table.increment(rowKey(receiver, by), count),
  };
}
