import { gunzipSync, gzipSync } from 'node:zlib';
import type { Acting } from '../../core/access/acting.ts';
import { utf8Bytes } from '../../core/event/event.ts';
import { eventHash } from '../../core/event/hash.ts';
import {
  type HeldEvent,
  type HeldHead,
  type HeldPage,
  type HeldPlace,
  heldIdOf,
  type Kept,
  type LastPlace,
  nextPlaces,
  shards,
} from '../../core/hold/held.ts';
import type { HeldCounts } from '../../core/hold/hold.ts';
import { heldShards } from '../../core/hold/limits.ts';
import { aws } from '../../core/kernel/limits.ts';
import type { Sighting } from '../../core/why/occurrence.ts';
import type { Key, Row, Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { freedClaim } from './claims.ts';

/** How long an event that was held can be found by its id. */
const heldSightingSeconds = 90 * 24 * 3600;

/** A larger event is packed in its row, of 400 KB at most: JSON in JSON can grow to twice its size. */
const heldPlainBytesMax = 128 * 1024;

/** Each of these is a transaction of its own. */
const droppedAtOnce = 25;

/** Which hold of which topic; another hold of the same topic has rows of its own. */
export interface HoldName {
  readonly topic: string;
  readonly id: string;
}

/** The events of holds, a row each, without an end: a hold may last as long as it is wanted. */
export interface HeldStore {
  /** Stores events in their order; answers for each its place, or why it was not stored. */
  put(hold: HoldName, events: readonly HeldEvent[]): Promise<(Kept | Error)[]>;
  /** The first events of a partition behind a place. */
  page(hold: HoldName, shard: number, limit: number, after?: string): Promise<HeldPage>;
  /** The same without the bodies of the events, which may be large. */
  heads(hold: HoldName, shard: number, limit: number, after: string): Promise<HeldPage<HeldHead>>;
  /** Those of the places that still hold their event. */
  find(hold: HoldName, places: readonly HeldPlace[]): Promise<Kept[]>;
  remove(hold: HoldName, places: readonly HeldPlace[]): Promise<void>;
  /** Removes events that will not be sent, and frees the claim of each in the same moment. */
  drop(hold: HoldName, kept: readonly Kept[]): Promise<void>;
  /** Adds to the counts, which are kept apart from the hold so that publishers do not wait for each other. */
  count(hold: HoldName, what: keyof HeldCounts, count: number, shard: number): Promise<void>;
  counts(hold: HoldName): Promise<HeldCounts>;
  forgetCounts(hold: HoldName): Promise<void>;
}

/** A large event is packed: JSON in JSON may grow beyond what a row takes. */
type Document = HeldEvent | { readonly packed: string };

const partition = ({ topic, id }: HoldName, shard: number) => `held#${topic}#${id}#${shard}`;
const countKey = ({ topic, id }: HoldName, what: keyof HeldCounts, shard: number): Key => ({
  pk: `held-count#${topic}#${id}#${shard}`,
  sk: what,
});
/** By hand events go one by one, so that one row will do. */
const countShards = (what: keyof HeldCounts) => (what === 'stored' ? shards : [0]);

function pack(event: HeldEvent): Document {
  if (utf8Bytes(event.body) <= heldPlainBytesMax) return event;
  return { packed: gzipSync(JSON.stringify(event)).toString('base64') };
}

function unpack(document: Document): HeldEvent {
  if (!('packed' in document)) return document;
  return JSON.parse(gunzipSync(Buffer.from(document.packed, 'base64')).toString('utf8')) as HeldEvent;
}

/** Where an event is found by its id alone; not written for topics that are not traced. */
function sightingRow({ topic, id: hold }: HoldName, { event, ...place }: Kept, nowMs: number): Row[] {
  const { id, source, type, trace, acting } = event;
  if (trace === 'none') return [];
  const heldId = heldIdOf(place);
  const about = { id, source, type, target: { topic }, ...(acting && actedBy(acting)) };
  const sighting: Sighting = { kind: 'held', ...about, atMs: nowMs, hold, heldId };
  return [
    {
      pk: `event#${eventHash(id)}`,
      sk: `held#${topic}#${heldId}`,
      document: sighting,
      expiresAtSeconds: Math.ceil(nowMs / 1000) + heldSightingSeconds,
    },
  ];
}

const actedBy = ({ incarnation, actor }: Acting) => ({
  ...(incarnation !== undefined && { incarnation }),
  by: actor.application,
});

export function createHeldStore(
  table: Table,
  world: { readonly clock: Clock; readonly random: Random },
): HeldStore {
  let last: LastPlace = { ms: 0, sequence: 0 };
  const tail = world.random.uuid().replaceAll('-', '').slice(0, 10);

  return {
    async put(hold, events) {
      const nowMs = world.clock.now();
      const places = nextPlaces(last, nowMs, events.length, tail);
      last = places.last;
      const kept: Kept[] = [];
      for (const [at, event] of events.entries()) {
        // As many as go into one call, with their sightings, lie together: what is read together is cheaper.
        const isNewCall = at % (aws.dynamodb.batchWriteItemsMax >> 1) === 0;
        const shard = isNewCall ? Math.floor(world.random.next() * heldShards) : (kept.at(-1)?.shard ?? 0);
        kept.push({ shard, sk: places.sks[at] ?? '', event });
      }
      const calls: Kept[][] = [];
      for (let at = 0; at < kept.length; at += aws.dynamodb.batchWriteItemsMax >> 1) {
        calls.push(kept.slice(at, at + (aws.dynamodb.batchWriteItemsMax >> 1)));
      }
      const results = await Promise.all(
        calls.map(async (call) => {
          try {
            await table.putMany(
              call.flatMap((one) => [
                { pk: partition(hold, one.shard), sk: one.sk, document: pack(one.event) },
                ...sightingRow(hold, one, nowMs),
              ]),
            );
            return call;
          } catch (error) {
            const problem = error instanceof Error ? error : new Error(String(error));
            return call.map(() => problem);
          }
        }),
      );
      return results.flat();
    },

    async page(hold, shard, limit, after = '') {
      const { rows, last: end } = await table.page(partition(hold, shard), after, limit);
      return {
        rows: rows.map(({ sk, document }) => ({ shard, sk, event: unpack(document as Document) })),
        hasMore: end !== undefined,
      };
    },

    async heads(hold, shard, limit, after) {
      const { rows, last: end } = await table.page(partition(hold, shard), after, limit);
      const heads = rows.map(({ sk, document }) => {
        const { body: _, ...event } = unpack(document as Document);
        return { shard, sk, event };
      });
      return { rows: heads, hasMore: end !== undefined };
    },

    async find(hold, places) {
      const rows = await table.getMany(places.map(({ shard, sk }) => ({ pk: partition(hold, shard), sk })));
      const found = new Map(rows.map((row) => [row.sk, row.document as Document]));
      return places.flatMap(({ shard, sk }) => {
        const document = found.get(sk);
        return document === undefined ? [] : [{ shard, sk, event: unpack(document) }];
      });
    },

    remove: (hold, places) =>
      table.deleteMany(places.map(({ shard, sk }) => ({ pk: partition(hold, shard), sk }))),

    async drop(hold, kept) {
      const keyOf = ({ shard, sk }: HeldPlace) => ({ pk: partition(hold, shard), sk });
      await table.deleteMany(kept.filter(({ event }) => event.claim === undefined).map(keyOf));
      const claimed = kept.flatMap((one) => {
        const { claim } = one.event;
        return claim === undefined ? [] : [{ key: keyOf(one), claim }];
      });
      for (let at = 0; at < claimed.length; at += droppedAtOnce) {
        const nowMs = world.clock.now();
        await Promise.all(
          claimed
            .slice(at, at + droppedAtOnce)
            .map(({ key, claim }) => table.deleteBeside(key, freedClaim(claim, nowMs))),
        );
      }
    },

    count: (hold, what, count, shard) => table.increment(countKey(hold, what, shard), count),

    async counts(hold) {
      const sum = async (what: keyof HeldCounts) => {
        const counts = await Promise.all(
          countShards(what).map((shard) => table.counter(countKey(hold, what, shard))),
        );
        return counts.reduce((total, count) => total + count, 0);
      };
      const [stored, sent, dropped] = await Promise.all([sum('stored'), sum('sent'), sum('dropped')]);
      return { stored, sent, dropped };
    },

    forgetCounts: (hold) =>
      table.deleteMany(
        (['stored', 'sent', 'dropped'] as const).flatMap((what) =>
          countShards(what).map((shard) => countKey(hold, what, shard)),
        ),
      ),
  };
}
