import type { Look } from '../../core/hold/look.ts';
import type { Table } from '../aws/table/table.ts';

/** The last look into the lanes of each receiver, shared by all topics whose rules ask for it. */
export interface LookStore {
  find(receiver: string): Promise<Look | undefined>;
  /** Replaces what was found; false when another topic was first. */
  swap(receiver: string, was: Look | undefined, look: Look): Promise<boolean>;
  forget(receiver: string): Promise<void>;
}

const rowKey = (receiver: string) => ({ pk: `look#${receiver}`, sk: 'look' });
const keptSeconds = 24 * 3600;

export function createLookStore(table: Table): LookStore {
  return {
    async find(receiver) {
      const row = await table.get(rowKey(receiver), { consistent: true });
      return row?.document as Look | undefined;
    },
    swap: (receiver, was, look) =>
      table.replace(
        {
          ...rowKey(receiver),
          document: look,
          expiresAtSeconds: Math.ceil(look.atMs / 1000) + keptSeconds,
        },
        was,
      ),
    forget: (receiver) => table.delete(rowKey(receiver)),
  };
}
