import { lifetimeOf } from '../../core/access/acting.ts';
import { type Keeping, type KeptEvent, keep } from '../../core/catalog/keep.ts';
import { keptDays, keptEventsMax, seenTypeDays, seenTypesMax } from '../../core/catalog/limits.ts';
import { canBeKey } from '../aws/table/row.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';

/** One lifetime of a topic: what was kept of an earlier topic of the same name belongs to somebody else. */
export interface KeptTopic {
  readonly topic: string;
  readonly createdAt: string;
  readonly incarnation?: string;
}

/** The latest events of topics, and the types that were seen lately. In the table of traces: nobody restores them. */
export interface KeptStore {
  /** Keeps some of the events that were published. */
  keep(topic: KeptTopic, events: readonly Omit<KeptEvent, 'atMs'>[]): Promise<void>;
  /** The latest events, the newest first. */
  latest(topic: KeptTopic): Promise<KeptEvent[]>;
  /** The types that were seen lately. */
  types(topic: KeptTopic): Promise<string[]>;
}

const topicsMax = 1000;
const typesMax = 200;
const daySeconds = 24 * 3600;

const keptKey = (topic: KeptTopic) => `kept#${topic.topic}#${lifetimeOf(topic)}`;
const typesKey = (topic: KeptTopic) => `seen-types#${topic.topic}#${lifetimeOf(topic)}`;

export function createKeptStore(
  table: Table,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): KeptStore {
  const keepings = new Map<string, Keeping>();
  /** By topic: the types that this instance has written, with the day. */
  const written = new Map<string, Map<string, number>>();

  async function keepTypes(topic: KeptTopic, events: readonly Omit<KeptEvent, 'atMs'>[], nowMs: number) {
    const pk = typesKey(topic);
    const known = written.get(pk) ?? new Map<string, number>();
    if (written.size >= topicsMax) written.clear();
    written.set(pk, known);
    const day = Math.floor(nowMs / (1000 * daySeconds));
    const fresh = [...new Set(events.map(({ type }) => type))].filter(
      (type) =>
        known.get(type) !== day && (known.has(type) || known.size < typesMax) && canBeKey({ pk, sk: type }),
    );
    for (const type of fresh) known.set(type, day);
    await Promise.all(
      fresh.map((type) =>
        table.put({
          pk,
          sk: type,
          document: { at: new Date(nowMs).toISOString() },
          expiresAtSeconds: (day + 1 + seenTypeDays) * daySeconds,
        }),
      ),
    );
  }

  return {
    async keep(topic, events) {
      const nowMs = clock.now();
      const pk = keptKey(topic);
      const { keeping, write } = keep(
        keepings.get(pk),
        events.map((event) => ({ atMs: nowMs, ...event })),
        nowMs,
      );
      if (keepings.size >= topicsMax) keepings.clear();
      keepings.set(pk, keeping);
      await Promise.all([
        keepTypes(topic, events, nowMs),
        write.length > 0 &&
          table.put({
            pk,
            sk: `${new Date(nowMs).toISOString()}#${random.next().toString(36).slice(2, 10)}`,
            document: write,
            expiresAtSeconds: Math.ceil(nowMs / 1000) + keptDays * daySeconds,
          }),
      ]);
    },

    async latest(topic) {
      // Times begin with a digit, which is below the colon.
      const { rows } = await table.latest(keptKey(topic), '0', ':', keptEventsMax);
      const events = rows.flatMap((row) => (row.document as KeptEvent[]).toReversed());
      return events.slice(0, keptEventsMax);
    },

    async types(topic) {
      const { rows } = await table.page(typesKey(topic), '', seenTypesMax);
      return rows.map((row) => row.sk);
    },
  };
}
