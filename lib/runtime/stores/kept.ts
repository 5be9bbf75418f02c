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
  /**
   * Decides which of the events that were published are kept.
   * @returns what writes them; undefined when there is nothing to write, as nearly always on a busy topic.
   */
  keep(topic: KeptTopic, events: readonly Omit<KeptEvent, 'atMs'>[]): (() => Promise<unknown>) | undefined;
  /** The latest events, the newest first. */
  latest(topic: KeptTopic): Promise<KeptEvent[]>;
  /** The types that were seen lately. */
  types(topic: KeptTopic): Promise<string[]>;
}

const topicsMax = 1000;
const typesMax = 200;
const daySeconds = 24 * 3600;

const dayOf = (ms: number) => Math.floor(ms / (1000 * daySeconds));

const keptKey = (topic: KeptTopic) => `kept#${topic.topic}#${lifetimeOf(topic)}`;
const typesKey = (topic: KeptTopic) => `seen-types#${topic.topic}#${lifetimeOf(topic)}`;

export function createKeptStore(
  table: Table,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): KeptStore {
  const keepings = new Map<string, Keeping>();
  /** By topic: the types that this instance has written, with the day. */
  const written = new Map<string, Map<string, number>>();

  /** The types that are new, or were last written on another day. */
  function freshTypes(topic: KeptTopic, events: readonly Omit<KeptEvent, 'atMs'>[], nowMs: number) {
    const pk = typesKey(topic);
    const known = written.get(pk) ?? new Map<string, number>();
    if (written.size >= topicsMax) written.clear();
    written.set(pk, known);
    const day = dayOf(nowMs);
    const fresh = [...new Set(events.map(({ type }) => type))].filter(
      (type) =>
        known.get(type) !== day && (known.has(type) || known.size < typesMax) && canBeKey({ pk, sk: type }),
    );
    for (const type of fresh) known.set(type, day);
    return fresh;
  }

  return {
    keep(topic, events) {
      const nowMs = clock.now();
      const pk = keptKey(topic);
      const { keeping, write } = keep(
        keepings.get(pk),
        events.map((event) => ({ atMs: nowMs, ...event })),
        nowMs,
      );
      if (keepings.size >= topicsMax) keepings.clear();
      keepings.set(pk, keeping);
      const types = freshTypes(topic, events, nowMs);
      if (write.length === 0 && types.length === 0) return undefined;
      return () =>
        Promise.all([
          write.length > 0 &&
            table.put({
              pk,
              sk: `${new Date(nowMs).toISOString()}#${random.next().toString(36).slice(2, 10)}`,
              document: write,
              expiresAtSeconds: Math.ceil(nowMs / 1000) + keptDays * daySeconds,
            }),
          ...types.map((type) =>
            table.put({
              pk: typesKey(topic),
              sk: type,
              document: { at: new Date(nowMs).toISOString() },
              expiresAtSeconds: (dayOf(nowMs) + 1 + seenTypeDays) * daySeconds,
            }),
          ),
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
