import { hashKey, type KeyRecord, keyIdOf, keyMatches } from '../../core/access/key.ts';
import type { Portion } from '../../core/list/portion.ts';
import { newsOfKey } from '../../core/system-event/news.ts';
import type { Row, Table } from '../aws/table/table.ts';
import type { Write } from '../aws/table/transact.ts';
import type { Clock } from '../clock.ts';
import { createRecent } from './recent.ts';
import { forgetLaterWrite, laterWrite } from './system-events.ts';

/** A key and the day of its last use, such as `2026-01-31`; undefined before the first. */
export interface KeptKey {
  readonly record: KeyRecord;
  readonly lastUsedOn: string | undefined;
}

/** The keys of the applications: a row by the hash of each, and a row of its application that leads there. */
export interface KeyStore {
  /** Who a key belongs to; undefined when no application has it. */
  find(key: string): Promise<KeptKey | undefined>;
  /** What this instance knows of a key without a read: that it was seen lately, or that no application has it. */
  remembered(key: string): 'seen' | 'unknown' | undefined;
  /** Stores a key, in the place of one with the same hash. */
  put(record: KeyRecord): Promise<void>;
  /** Notes the day of a use, unless the key was revoked meanwhile; lists a key of an earlier release from then on. */
  touch(kept: KeptKey, day: string): Promise<void>;
  /** The key of an application by its id. */
  named(application: string, keyId: string): Promise<KeptKey | undefined>;
  byHash(hash: string): Promise<KeptKey | undefined>;
  /** Whether the key is there that the key of a session came from; true for any other key. */
  stands(record: Pick<KeyRecord, 'role' | 'session'>): Promise<boolean>;
  /** Those of an application behind an id, in the order of their ids. */
  after(application: string, keyId: string, limit: number): Promise<Portion<KeptKey>>;
  delete(record: Pick<KeyRecord, 'hash' | 'application'>): Promise<void>;
}

/**
 * How long a key that was just revoked may still be taken. Less than the five seconds that are promised, because the
 * request that read the row was on its way for a moment. An admin's key is read each time.
 */
const cacheMs = 4000;
/** How long an instance refuses a key that it has not found, also if another instance makes it in the meantime. */
const unknownMs = 3000;
/** How long a key that was found counts as seen. */
const seenMs = 3_600_000;
const cachedKeysMax = 1000;

const rowKey = (hash: string) => ({ pk: `key#${hash}`, sk: 'key' });
const listPrefix = 'key#';
const listKey = (application: string, keyId: string) => ({
  pk: `application#${application}`,
  sk: `${listPrefix}${keyId}`,
});

function keptOf(row: Row): KeptKey {
  const { lastUsedOn } = row.fields ?? {};
  return {
    record: row.document as KeyRecord,
    lastUsedOn: lastUsedOn === undefined ? undefined : String(lastUsedOn),
  };
}

const rowOf = ({ record, lastUsedOn }: KeptKey): Row => ({
  ...rowKey(record.hash),
  document: record,
  ...endOf(record),
  ...(lastUsedOn !== undefined && { fields: { lastUsedOn } }),
});

const listRowOf = (record: KeyRecord): Row => ({
  ...listKey(record.application, keyIdOf(record.hash)),
  document: { hash: record.hash },
  ...endOf(record),
});

/** Keys of sessions are many, and of no interest once they have ended; an hour later a request still learns that. */
const endOf = ({ session, expiresAt }: KeyRecord) =>
  session === undefined || expiresAt === undefined
    ? {}
    : { expiresAtSeconds: Math.ceil(Date.parse(expiresAt) / 1000) + 3600 };

/** What makes a key that nobody has seen yet. */
export const newKeyWrites = (record: KeyRecord): Write[] => [
  { put: rowOf({ record, lastUsedOn: undefined }) },
  { put: listRowOf(record) },
];

export function createKeyStore(table: Table, clock: Clock, trustPart = () => 1): KeyStore {
  const cache = new Map<string, { untilMs: number; kept: KeptKey }>();
  /** By hash: until when a key counts as unknown, and as seen. */
  const unknown = new Map<string, number>();
  const seen = new Map<string, number>();
  function remember<Value>(map: Map<string, Value>, hash: string, value: Value): void {
    if (map.size >= cachedKeysMax) map.clear();
    map.set(hash, value);
  }

  async function byHash(hash: string): Promise<KeptKey | undefined> {
    const row = await table.get(rowKey(hash), { consistent: true });
    return row && keptOf(row);
  }
  const makers = createRecent(clock);
  const store: KeyStore = {
    async find(key) {
      const hash = hashKey(key);
      const cached = cache.get(hash);
      if (cached !== undefined && cached.untilMs > clock.now()) {
        return keyMatches(key, cached.kept.record) ? cached.kept : undefined;
      }
      cache.delete(hash);
      const readAtMs = clock.now();
      const kept = await byHash(hash);
      if (kept === undefined || !keyMatches(key, kept.record)) {
        remember(unknown, hash, readAtMs + unknownMs);
        return undefined;
      }
      remember(seen, hash, readAtMs + seenMs);
      if (kept.record.role !== 'admin')
        remember(cache, hash, { untilMs: readAtMs + cacheMs * trustPart(), kept });
      return kept;
    },

    remembered(key) {
      const hash = hashKey(key);
      const isWithin = (untilMs = 0) => untilMs > clock.now();
      if (isWithin(unknown.get(hash))) return 'unknown';
      return isWithin(seen.get(hash)) ? 'seen' : undefined;
    },

    async put(record) {
      cache.delete(record.hash);
      unknown.delete(record.hash);
      const news = newsOfKey(record);
      await table.transactInAnyCase([
        { put: rowOf({ record, lastUsedOn: undefined }) },
        { put: listRowOf(record) },
        ...(news === undefined ? [] : [laterWrite(keyIdOf(record.hash), news.atMs, news.event)]),
      ]);
    },

    async touch({ record }, day) {
      const touched = { record, lastUsedOn: day };
      const cached = cache.get(record.hash);
      if (cached !== undefined) cache.set(record.hash, { ...cached, kept: touched });
      if (!(await table.replace(rowOf(touched), record))) cache.delete(record.hash);
      else if (record.keyId === undefined) await table.put(listRowOf(record));
    },

    async named(application, keyId) {
      const row = await table.get(listKey(application, keyId), { consistent: true });
      return row && (await byHash((row.document as { hash: string }).hash));
    },

    byHash,

    async stands({ role, session }) {
      if (session === undefined) return true;
      const find = async () => (await byHash(session.maker)) !== undefined;
      return role === 'admin' ? await find() : await makers.get(session.maker, find, cacheMs / 1000);
    },

    async after(application, keyId, limit) {
      const { pk, sk } = listKey(application, keyId);
      const { rows, last } = await table.page(pk, keyId === '' ? '' : sk, limit, listPrefix);
      const hashes = rows.map((row) => (row.document as { hash: string }).hash);
      const keys = await table.getMany(hashes.map(rowKey));
      const byKey = new Map(keys.map((row) => [row.pk, keptOf(row)]));
      return {
        items: hashes.flatMap((hash) => {
          const item = byKey.get(rowKey(hash).pk);
          return item === undefined ? [] : [{ key: keyIdOf(hash), item }];
        }),
        last: last?.slice(listPrefix.length),
      };
    },

    async delete(record) {
      const { hash, application } = record;
      cache.delete(hash);
      const kept = await byHash(hash);
      const news = kept && newsOfKey(kept.record);
      await table.transactInAnyCase([
        { delete: rowKey(hash) },
        { delete: listKey(application, keyIdOf(hash)) },
        ...(news === undefined ? [] : [forgetLaterWrite(keyIdOf(hash), news.atMs)]),
      ]);
    },
  };
  return store;
}
