import { hashKey, type KeyRecord, keyMatches } from '../../core/access/access.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';

/** The keys of the applications, by their hash. */
export interface KeyStore {
  /** Who a key belongs to; undefined when no application has it. */
  find(key: string): Promise<KeyRecord | undefined>;
  put(record: KeyRecord): Promise<void>;
  delete(hash: string): Promise<void>;
}

/** For how long a key that was just revoked may still be taken. */
const cacheSeconds = 60;
const cachedKeysMax = 1000;

const rowKey = (hash: string) => ({ pk: `key#${hash}`, sk: 'key' });

export function createKeyStore(table: Table, clock: Clock): KeyStore {
  const cache = new Map<string, { untilMs: number; record: KeyRecord }>();
  return {
    async find(key) {
      const hash = hashKey(key);
      const kept = cache.get(hash);
      if (kept !== undefined && kept.untilMs > clock.now()) {
        return keyMatches(key, kept.record) ? kept.record : undefined;
      }
      cache.delete(hash);
      const row = await table.get(rowKey(hash), { consistent: true });
      const record = row?.document as KeyRecord | undefined;
      if (record === undefined || !keyMatches(key, record)) return undefined;
      if (cache.size >= cachedKeysMax) cache.clear();
      cache.set(hash, { untilMs: clock.now() + cacheSeconds * 1000, record });
      return record;
    },
    put: (record) => table.put({ ...rowKey(record.hash), document: record }),
    async delete(hash) {
      cache.delete(hash);
      await table.delete(rowKey(hash));
    },
  };
}
