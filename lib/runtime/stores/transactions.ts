import { gunzipSync, gzipSync } from 'node:zlib';
import { utf8Bytes } from '../../core/event/event.ts';
import { wakesRelay } from '../../core/relay/relay.ts';
import { packBatches } from '../../core/routing/routing.ts';
import { newsOfTransaction } from '../../core/system-event/news.ts';
import { transactionEventsMax, transactionOpenSecondsMax } from '../../core/transaction/limits.ts';
import type { StoredEvent } from '../../core/transaction/stored.ts';
import { keyOf, phaseOf, type Transaction } from '../../core/transaction/transaction.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { replaceAndReport } from './system-events.ts';
import { waitingRow } from './waiting.ts';

/** How long a transaction can be read after it ended. */
const transactionKeptSeconds = 30 * 24 * 3600;

/** How many bytes of events go into one row before they are packed; packed at worst they fill 350 KB of its 400. */
const transactionRowBytes = 256 * 1024;

/** Transactions: a row for the state, which is small and often written, and as few as hold the events, packed. */
export interface TransactionStore {
  /** Writes a new transaction with its events, all or nothing; false when there is one of this key (`keyOf`). */
  create(transaction: Transaction, events: readonly StoredEvent[]): Promise<boolean>;
  find(key: string): Promise<Transaction | undefined>;
  /** The events, in the order they were given; empty when they are out or thrown away. */
  events(key: string): Promise<StoredEvent[]>;
  /** Writes the row in the place of `earlier`; false when somebody else changed it meanwhile. */
  replace(to: Transaction, earlier: Transaction): Promise<boolean>;
  /** Those of the state rows that there are, by their partition keys. */
  readStates(
    keys: readonly { readonly pk: string; readonly sk: string }[],
  ): Promise<ReadonlyMap<string, Transaction>>;
  /** Deletes the events. */
  clear(key: string): Promise<void>;
}

const transactionPk = (key: string) => `transaction#${key}`;
const stateKey = (key: string) => ({ pk: transactionPk(key), sk: 'state' });
const eventsPrefix = 'events#';

/** The state row. A commit wakes the relay by the stream, even if whoever committed dies at once. */
function stateRow(transaction: Transaction) {
  const phase = phaseOf(transaction);
  const isOver = phase === 'published' || phase === 'cleared';
  return {
    ...stateKey(keyOf(transaction)),
    document: transaction,
    ...(phase === 'committed' && { fields: wakesRelay }),
    ...(isOver && {
      expiresAtSeconds: Math.ceil(Date.parse(transaction.settledAt ?? '') / 1000) + transactionKeptSeconds,
    }),
  };
}

/** Packed, because JSON in JSON could grow beyond what a row takes, and because what is written is paid by the KB. */
function eventRows(key: string, events: readonly StoredEvent[]) {
  const sized = events.map((event) => ({ event, bytes: utf8Bytes(event.body) }));
  const packs = packBatches(sized, {
    entriesMax: transactionEventsMax,
    bytesMax: transactionRowBytes,
  });
  return packs.map((pack, at) => ({
    pk: transactionPk(key),
    sk: `${eventsPrefix}${String(at).padStart(2, '0')}`,
    document: gzipSync(JSON.stringify(pack.map(({ event }) => event))).toString('base64'),
  }));
}

/** A row for each of its targets, by which `WaitingStore` finds it while it is open. */
function listRows(transaction: Transaction) {
  const { events, createdAt } = transaction;
  const targets = events.map((event) =>
    'topic' in event ? { topic: event.topic } : { receiver: event.receiver },
  );
  const distinct = new Map(targets.map((target) => [JSON.stringify(target), target]));
  const createdAtMs = Date.parse(createdAt);
  const untilSeconds = Math.ceil(createdAtMs / 1000) + transactionOpenSecondsMax;
  return [...distinct.values()].map((target) =>
    waitingRow(target, 'open', createdAtMs, stateKey(keyOf(transaction)), untilSeconds),
  );
}

export function createTransactionStore(table: Table, clock: Clock): TransactionStore {
  return {
    async create(transaction, events) {
      // First: a transaction that is there is found.
      await table.putMany(listRows(transaction));
      return await table.createAll([stateRow(transaction), ...eventRows(keyOf(transaction), events)]);
    },
    async readStates(keys) {
      const rows = await table.getMany(keys);
      return new Map(rows.map((row) => [row.pk, row.document as Transaction]));
    },
    find: async (key) =>
      (await table.get(stateKey(key), { consistent: true }))?.document as Transaction | undefined,
    async events(key) {
      const rows = await table.query(transactionPk(key), eventsPrefix);
      return rows.flatMap(
        (row) =>
          JSON.parse(
            gunzipSync(Buffer.from(row.document as string, 'base64')).toString('utf8'),
          ) as StoredEvent[],
      );
    },
    replace: (to, earlier) =>
      replaceAndReport(table, stateRow(to), earlier, newsOfTransaction(earlier, to, clock.now())),
    async clear(key) {
      const rows = await table.query(transactionPk(key), eventsPrefix);
      await table.deleteMany(rows);
    },
  };
}
