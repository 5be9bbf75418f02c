import { offloadCacheSeconds } from '../../core/deliver/limits.ts';
import type { Offload } from '../../core/deliver/offload.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';

/** The hot types of the receivers: a row for those alone whose offline lane is open. */
export interface OffloadStore {
  /** What is a few seconds old will do: for the hot path. */
  cached(receiver: string): Promise<Offload | undefined>;
  read(receiver: string): Promise<Offload | undefined>;
  /** Replaces what was read, or deletes it; false when another invocation was first. */
  swap(receiver: string, was: Offload | undefined, offload: Offload | undefined): Promise<boolean>;
  delete(receiver: string): Promise<void>;
}

const rowKey = (receiver: string) => ({ pk: `offload#${receiver}`, sk: 'state' });

export function createOffloadStore(table: Table, clock: Clock): OffloadStore {
  const cache = new Map<string, { readonly untilMs: number; readonly offload: Offload | undefined }>();

  const remember = (receiver: string, offload: Offload | undefined): Offload | undefined => {
    cache.set(receiver, { untilMs: clock.now() + offloadCacheSeconds * 1000, offload });
    return offload;
  };
  const read = async (receiver: string) => {
    const row = await table.get(rowKey(receiver), { consistent: true });
    return remember(receiver, row?.document as Offload | undefined);
  };

  return {
    async cached(receiver) {
      const kept = cache.get(receiver);
      if (kept !== undefined && kept.untilMs > clock.now()) return kept.offload;
      return await read(receiver);
    },
    read,
    async swap(receiver, was, offload) {
      const key = rowKey(receiver);
      const swapped =
        offload === undefined
          ? was === undefined || (await table.remove(key, was))
          : await table.replace({ ...key, document: offload }, was);
      if (swapped) remember(receiver, offload);
      return swapped;
    },
    async delete(receiver) {
      cache.delete(receiver);
      await table.delete(rowKey(receiver));
    },
  };
}
