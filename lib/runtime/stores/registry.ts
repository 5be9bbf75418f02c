import { BusbarError } from '../../core/kernel/errors.ts';
import { bus } from '../../core/kernel/limits.ts';
import { trustSeconds } from '../../core/kernel/trust.ts';
import type { Portion } from '../../core/list/portion.ts';
import { formerSeconds, registryChangeRoundsMax } from '../../core/registry/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Subscription } from '../../core/registry/subscription.ts';
import {
  type Topic,
  type TopicEntry,
  type TopicRow,
  type TopicSchema,
  topicEntryOf,
} from '../../core/registry/topic.ts';
import { subscriptionsCacheSeconds } from '../../core/routing/choose-route.ts';
import { newsOfReceiver } from '../../core/system-event/news.ts';
import type { SystemEvent } from '../../core/system-event/system-event.ts';
import { systemTopic, systemTopicName } from '../../core/system-event/topic.ts';
import type { Table } from '../aws/table/table.ts';
import type { Write } from '../aws/table/transact.ts';
import type { Clock } from '../clock.ts';
import {
  forgetAttention,
  moveAttention,
  receiverAttentionWrites,
  topicAttentionWrites,
} from './attention.ts';
import { createRecent } from './recent.ts';
import { createSchemaRows } from './schemas.ts';
import { replaceAndReport } from './system-events.ts';

/** How long a function trusts what it read of the registry. */
export const registryCacheSeconds = 5;

/**
 * Makes what shall stand there out of what does; the very same document when nothing changes. It is run again on what
 * another has written meanwhile, and so has no effects of its own. What it throws ends the change.
 */
export type Change<Document> = (was: Document | undefined) => Document;

/**
 * Takes back what hangs on a document before its row goes. It is run again when another has written the row meanwhile,
 * on what stands there then. What it throws ends the deletion, and the row stays.
 */
export type Unmake<Document> = (was: Document) => Promise<void>;

export interface Changed<Document> {
  readonly was: Document | undefined;
  readonly now: Document;
}

/**
 * The topics, receivers and subscriptions that the bus knows. There is no plain put and no plain delete: a change is
 * written only in the place of the very row that it was made from, so that two at the same time both take effect; and
 * only the very row that was unmade is deleted.
 *
 * A topic by its name has its schema, which is read from a row of its own; the topics of a list have its hash.
 */
export interface RegistryStore {
  /** What is a few seconds old will do: for the hot path. */
  cachedTopic(topic: string): Promise<Topic | undefined>;
  cachedReceiver(receiver: string): Promise<Receiver | undefined>;
  /** Without the schema, and up to `lifetimeCacheSeconds` old: enough to tell which lifetime of the name stands. */
  lifetimeOfTopic(topic: string): Promise<TopicEntry | undefined>;
  /** All of a topic, as old as `subscriptionsCacheSeconds` lets them be. */
  cachedSubscriptions(topic: string): Promise<Subscription[]>;
  /** What the first topics by name say of traces, as old as `registryCacheSeconds` lets it be; one call, of at most 1 MB. */
  cachedTraceModes(limit: number): Promise<Portion<Pick<TopicEntry, 'topic' | 'trace'>>>;
  topic(topic: string): Promise<Topic | undefined>;
  receiver(receiver: string): Promise<Receiver | undefined>;
  subscription(topic: string, receiver: string): Promise<Subscription | undefined>;
  topics(): Promise<TopicEntry[]>;
  receivers(): Promise<Receiver[]>;
  /** The topics of these names that there are. */
  topicsNamed(names: readonly string[]): Promise<ReadonlyMap<string, TopicEntry>>;
  /** The receivers of these names that there are. */
  receiversNamed(names: readonly string[]): Promise<ReadonlyMap<string, Receiver>>;
  /** Of one topic, or of all. */
  subscriptions(topic?: string): Promise<Subscription[]>;
  /** The topics behind a name, and so on, whose names begin with a prefix: a part of at most 1 MB. */
  topicsAfter(after: string, limit: number, prefix?: string): Promise<Portion<TopicEntry>>;
  receiversAfter(after: string, limit: number, prefix?: string): Promise<Portion<Receiver>>;
  /** The subscriptions of a topic to the receivers behind a name. */
  subscriptionsAfter(topic: string, after: string, limit: number): Promise<Portion<Subscription>>;
  /** The subscriptions of all topics behind `<topic>#<receiver>`. */
  allSubscriptionsAfter(after: string, limit: number): Promise<Portion<Subscription>>;
  /** A schema that a topic has or had, by its hash. @throws Error when there is none. */
  schema(hash: string): Promise<TopicSchema>;
  changeTopic(topic: string, change: Change<Topic>): Promise<Changed<Topic>>;
  changeReceiver(receiver: string, change: Change<Receiver>): Promise<Changed<Receiver>>;
  changeSubscription(
    topic: string,
    receiver: string,
    change: Change<Subscription>,
  ): Promise<Changed<Subscription>>;
  /**
   * Who owned a topic of this name that was deleted less than `formerSeconds` ago. A publisher that is under way may have
   * read that one, and reaches whatever has its name at SNS.
   */
  formerOwner(topic: string): Promise<string | undefined>;
  noteFormerOwner(topic: string, owner: string): Promise<void>;
  /** Nothing happens where there is none. */
  deleteTopic(topic: string, unmake?: Unmake<TopicEntry>): Promise<void>;
  deleteReceiver(receiver: string, unmake?: Unmake<Receiver>): Promise<void>;
  deleteSubscription(topic: string, receiver: string, unmake?: Unmake<Subscription>): Promise<void>;
}

/** How a document is stored. */
interface Form<Document, Stored> {
  read(stored: Stored): Promise<Document>;
  write(document: Document, before: Stored | undefined): Promise<Stored>;
}

const asItStands = {
  read: async <Document>(stored: Document) => stored,
  write: async <Document>(document: Document) => document,
};

const nameOf = ({ pk, sk }: { pk: string; sk: string }) => `${pk}/${sk}`;
const listName = (topic: string) => `subscriptions of ${topic}`;
const topicKey = (topic: string) => ({ pk: 'registry#topic', sk: topic });
const formerKey = (topic: string) => ({ pk: 'registry#former-topic', sk: topic });
const receiverKey = (receiver: string) => ({ pk: 'registry#receiver', sk: receiver });
/** A `#` stands in no name, so that the prefix of one topic is not that of another. */
const subscriptionKey = (topic: string, receiver: string) => ({
  pk: 'registry#subscription',
  sk: `${topic}#${receiver}`,
});

function topicCacheSeconds(topic: TopicRow | undefined, nowMs: number): number {
  const { topicCacheSecondsMin: minSeconds, topicCacheSecondsMax: maxSeconds } = bus;
  return topic === undefined
    ? 0
    : trustSeconds(Date.parse(topic.updatedAt), nowMs, { minSeconds, maxSeconds });
}

export function createRegistryStore(table: Table, clock: Clock, trustPart = () => 1): RegistryStore {
  const read = async <Document>(key: { pk: string; sk: string }) =>
    (await table.get(key, { consistent: true }))?.document as Document | undefined;
  const all = async <Document>(pk: string, prefix?: string) =>
    (await table.query(pk, prefix)).map((row) => row.document as Document);

  const portion = async <Document>(
    pk: string,
    after: string,
    limit: number,
    prefix = '',
  ): Promise<Portion<Document>> => {
    const { rows, last } = await table.page(pk, after === '' ? '' : `${prefix}${after}`, limit, prefix);
    return {
      items: rows.map((row) => ({ key: row.sk.slice(prefix.length), item: row.document as Document })),
      last: last?.slice(prefix.length),
    };
  };

  const named = async <Document>(
    pk: string,
    after: string,
    limit: number,
    prefix: string,
  ): Promise<Portion<Document>> => {
    // A cursor may have been made up; behind all that begin so there is nothing.
    if (after !== '' && !after.startsWith(prefix)) return { items: [], last: undefined };
    const { rows, last } = await table.page(pk, after, limit, prefix);
    return { items: rows.map((row) => ({ key: row.sk, item: row.document as Document })), last };
  };

  const recent = createRecent(clock, { part: trustPart });
  /** The system topic is there without a row. */
  const topicRow = async (topic: string): Promise<TopicRow | undefined> =>
    topic === systemTopicName ? systemTopic : await read<TopicRow>(topicKey(topic));
  /** @throws BusbarError conflict when others are first time and again. */
  const changeRow = async <Document, Stored>(
    key: { pk: string; sk: string },
    change: Change<Document>,
    form: Form<Document, Stored>,
    newsOf: (was: Document | undefined, now: Document) => readonly SystemEvent[] = () => [],
    besideOf: (was: Stored | undefined, now: Stored) => readonly Write[] = () => [],
  ): Promise<Changed<Document>> => {
    for (let round = 1; round <= registryChangeRoundsMax; round++) {
      const stored = await read<Stored>(key);
      const was = stored === undefined ? undefined : await form.read(stored);
      const now = change(was);
      if (now === was) return { was, now };
      const document = await form.write(now, stored);
      const row = { ...key, document };
      const beside = besideOf(stored, document);
      const written = await replaceAndReport(table, row, stored, newsOf(was, now), beside);
      recent.forget(nameOf(key));
      if (written) return { was, now };
    }
    throw new BusbarError(
      'conflict',
      `${key.sk} is changed by others faster than this change could be written. Nothing was changed by it; try again.`,
      { retryAfterSeconds: 1 },
    );
  };
  /** @throws BusbarError conflict when others are first time and again. */
  const deleteRow = async <Document>(
    key: { pk: string; sk: string },
    unmake: Unmake<Document> = async () => undefined,
    besideOf: (was: Document) => readonly Write[] = () => [],
  ): Promise<Document | undefined> => {
    for (let round = 1; round <= registryChangeRoundsMax; round++) {
      const was = await read<Document>(key);
      if (was !== undefined) await unmake(was);
      recent.forget(nameOf(key));
      if (was === undefined) return undefined;
      const beside = besideOf(was);
      const isGone =
        beside.length === 0
          ? await table.remove(key, was)
          : await table.transact([{ delete: key, was }, ...beside]);
      if (isGone) return was;
    }
    throw new BusbarError(
      'conflict',
      `${key.sk} is changed by others faster than it could be deleted. It is still there; delete it again.`,
      { retryAfterSeconds: 1 },
    );
  };

  const schemas = createSchemaRows(table);
  const whole = async ({ schemaHash, ...row }: TopicRow): Promise<Topic> =>
    schemaHash === undefined ? row : { ...row, schema: await schemas.read(schemaHash) };
  const wholeIfAny = async (row: TopicRow | undefined) => (row === undefined ? undefined : await whole(row));
  /** The schema goes first, so that no topic names a row that is not there. */
  const rowOf = async (topic: Topic, before: TopicRow | undefined): Promise<TopicRow> => {
    const entry = topicEntryOf(topic);
    if (before === undefined) await forgetSubscriptions(topic.topic);
    if (topic.schema !== undefined && entry.schemaHash !== before?.schemaHash)
      await schemas.keep(topic.schema);
    return entry;
  };

  const deleteSubscription: RegistryStore['deleteSubscription'] = async (topic, receiver, unmake) => {
    try {
      await deleteRow(subscriptionKey(topic, receiver), unmake);
    } finally {
      recent.forget(listName(topic));
    }
  };
  /** Those that were written while an earlier topic of the name was being deleted, which had counted its own by then. */
  const forgetSubscriptions = async (topic: string): Promise<void> => {
    const left = await all<Subscription>('registry#subscription', `${topic}#`);
    for (const { receiver } of left) await deleteSubscription(topic, receiver);
  };

  return {
    // Without the schema, whose own cache has a bound in bytes.
    cachedTopic: async (topic) =>
      wholeIfAny(
        await recent.get(
          nameOf(topicKey(topic)),
          () => topicRow(topic),
          (found) => topicCacheSeconds(found, clock.now()),
        ),
      ),
    lifetimeOfTopic: (topic) =>
      recent.get(
        `lifetime of ${topic}`,
        async () => {
          const row = await topicRow(topic);
          return row && topicEntryOf(row);
        },
        bus.lifetimeCacheSeconds,
      ),
    cachedReceiver: (receiver) =>
      recent.get(
        nameOf(receiverKey(receiver)),
        () => read<Receiver>(receiverKey(receiver)),
        registryCacheSeconds,
      ),
    cachedSubscriptions: (topic) =>
      recent.get(
        listName(topic),
        () => all<Subscription>('registry#subscription', `${topic}#`),
        (found) => subscriptionsCacheSeconds(found, clock.now()),
      ),
    cachedTraceModes: (limit) =>
      recent.get(
        `traces of ${limit} topics`,
        async () => {
          const { items, last } = await portion<TopicRow>('registry#topic', '', limit);
          return {
            items: items.map(({ key, item: { topic, trace } }) => ({ key, item: { topic, trace } })),
            last,
          };
        },
        registryCacheSeconds,
      ),
    topic: async (topic) => wholeIfAny(await topicRow(topic)),
    schema: (hash) => schemas.read(hash),
    receiver: (receiver) => read<Receiver>(receiverKey(receiver)),
    subscription: (topic, receiver) => read<Subscription>(subscriptionKey(topic, receiver)),
    topics: async () => (await all<TopicRow>('registry#topic')).map(topicEntryOf),
    receivers: () => all<Receiver>('registry#receiver'),
    subscriptions: (topic) =>
      all<Subscription>('registry#subscription', topic === undefined ? '' : `${topic}#`),
    async topicsNamed(names) {
      const rows = await table.getMany([...new Set(names)].map(topicKey));
      return new Map(rows.map((row) => [row.sk, topicEntryOf(row.document as TopicRow)]));
    },
    async receiversNamed(names) {
      const rows = await table.getMany([...new Set(names)].map(receiverKey));
      return new Map(rows.map((row) => [row.sk, row.document as Receiver]));
    },
    async topicsAfter(after, limit, prefix = '') {
      const { items, last } = await named<TopicRow>('registry#topic', after, limit, prefix);
      return { items: items.map(({ key, item }) => ({ key, item: topicEntryOf(item) })), last };
    },
    receiversAfter: (after, limit, prefix = '') => named('registry#receiver', after, limit, prefix),
    subscriptionsAfter: (topic, after, limit) =>
      portion<Subscription>('registry#subscription', after, limit, `${topic}#`),
    allSubscriptionsAfter: (after, limit) => portion<Subscription>('registry#subscription', after, limit),
    changeTopic: (topic, change) =>
      changeRow<Topic, TopicRow>(
        topicKey(topic),
        change,
        { read: whole, write: rowOf },
        () => [],
        (was, now) => topicAttentionWrites(was, now, clock.now()),
      ),
    async changeReceiver(receiver, change) {
      const changed = await changeRow<Receiver, Receiver>(
        receiverKey(receiver),
        change,
        asItStands,
        (was, now) => newsOfReceiver(was, now, clock.now()),
        (was, now) => receiverAttentionWrites(was, now, clock.now()),
      );
      const { was, now } = changed;
      if (was !== undefined && was.owner !== now.owner)
        await moveAttention(table, receiver, was.owner, now.owner);
      return changed;
    },
    changeSubscription: (topic, receiver, change) =>
      changeRow<Subscription, Subscription>(subscriptionKey(topic, receiver), change, asItStands).finally(
        () => recent.forget(listName(topic)),
      ),
    formerOwner: async (topic) =>
      (await table.get(formerKey(topic), { consistent: true }))?.document as string | undefined,
    noteFormerOwner: (topic, owner) =>
      table.put({
        ...formerKey(topic),
        document: owner,
        expiresAtSeconds: Math.ceil(clock.now() / 1000) + formerSeconds,
      }),
    async deleteTopic(topic, unmake) {
      await deleteRow<TopicRow>(topicKey(topic), unmake && ((row) => unmake(topicEntryOf(row))), (was) =>
        topicAttentionWrites(was, undefined, clock.now()),
      );
    },
    async deleteReceiver(receiver, unmake) {
      const was = await deleteRow<Receiver>(receiverKey(receiver), unmake, (row) =>
        receiverAttentionWrites(row, undefined, clock.now()),
      );
      if (was !== undefined) await forgetAttention(table, was.owner, receiver);
    },
    deleteSubscription,
  };
}
