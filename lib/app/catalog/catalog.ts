import { owns, type Principal } from '../../core/access/access.ts';
import { lifetimeOf } from '../../core/access/acting.ts';
import { type AccessMode, publishMode, subscribeMode } from '../../core/access/topic-access.ts';
import type { DryRun } from '../../core/catalog/dry-run.ts';
import { exampleOf } from '../../core/catalog/example.ts';
import type { Filter } from '../../core/filter/filter.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { SchemaVersion, Topic, TopicEntry, TopicSchema } from '../../core/registry/topic.ts';
import { systemTopic, systemTopicName } from '../../core/system-event/topic.ts';
import { systemEventNames } from '../../core/system-event/types.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { getTopic } from '../registry/topics.ts';
import { tryFilter } from './kept.ts';

export type CatalogTools = Tools<'registry' | 'kept' | 'grants' | 'schemas'>;

/** A topic as anybody finds it: what it is for and how to get access. */
export interface CatalogEntry {
  readonly topic: string;
  readonly owner: string;
  readonly description?: string;
  /** How often its schema was changed, from 1; absent without a schema. */
  readonly schemaVersion?: number;
  readonly access: { readonly publish: AccessMode; readonly subscribe: AccessMode };
  /** The types of the events that were published lately. */
  readonly types: readonly string[];
}

/** Every topic, for anybody who has a key. */
export async function listCatalog(
  tools: CatalogTools,
  query: PageQuery,
): Promise<{ topics: CatalogEntry[]; cursor?: string }> {
  const portion = async (after: string, limit: number) =>
    withSystemTopic(await tools.registry.topicsAfter(after, limit), after);
  const { items, ...rest } = await pageOf(['catalog'], query, portion, (topic) => topic);
  return { topics: await Promise.all(items.map((topic) => entryOf(tools, topic))), ...rest };
}

async function entryOf(tools: CatalogTools, topic: TopicEntry): Promise<CatalogEntry> {
  const { description, schemaVersion } = topic;
  return {
    topic: topic.topic,
    owner: topic.owner,
    ...(description !== undefined && { description }),
    ...(schemaVersion !== undefined && { schemaVersion }),
    access: { publish: publishMode(topic), subscribe: subscribeMode(topic) },
    types: topic.topic === systemTopicName ? systemEventNames : await tools.kept.types(topic),
  };
}

/** The same with a schema, and what an event looks like that conforms to it. */
export interface CatalogTopic extends CatalogEntry {
  readonly schema?: TopicSchema;
  /** The versions of its schema that are remembered, the latest first; one without `schema` had none. */
  readonly versions: readonly { readonly version: number; readonly since: string }[];
  /** Made from the schema; absent where none could be made that conforms. */
  readonly example?: { readonly type: string; readonly data: unknown };
}

/**
 * A topic as anybody finds it, with a version of its schema: the present one when none is named.
 * @throws BusbarError unknown_topic, unknown_schema_version.
 */
export async function showCatalogTopic(
  tools: CatalogTools,
  name: string,
  version?: number,
): Promise<CatalogTopic> {
  const { schema: present, ...topic } = await getTopic(tools, name);
  const known = topic.schemaVersions ?? [];
  const schema = version === undefined ? present : await schemaOf(tools, name, known, version);
  const entry = await entryOf(tools, topic);
  const example = schema === undefined ? undefined : exampleOf(schema);
  const conforms = example !== undefined && tools.schemas.errorsOf(schema, example.data).length === 0;
  return {
    ...entry,
    versions: known.map(({ version: each, since }) => ({ version: each, since })),
    ...(schema !== undefined && { schema }),
    ...(conforms && { example: { type: entry.types[0] ?? 'example', data: example.data } }),
  };
}

async function schemaOf(
  tools: CatalogTools,
  topic: string,
  known: readonly SchemaVersion[],
  version: number,
): Promise<TopicSchema | undefined> {
  const found = known.find((each) => each.version === version);
  if (found === undefined) {
    throw new BusbarError(
      'unknown_schema_version',
      `The topic ${topic} has no version ${version} of its schema, or it is no longer remembered. GET /v1/catalog/${topic} lists those that are.`,
    );
  }
  return found.hash === undefined ? undefined : await tools.registry.schema(found.hash);
}

/** A part of the list of topics with the system topic, which has no row, in its place. */
function withSystemTopic({ items, last }: Portion<TopicEntry>, after: string): Portion<TopicEntry> {
  const isBefore = last === undefined || systemTopicName <= last;
  if (after >= systemTopicName || !isBefore) return { items, last };
  const at = items.findIndex(({ key }) => key > systemTopicName);
  const entry = { key: systemTopicName, item: systemTopic };
  return { items: at === -1 ? [...items, entry] : items.toSpliced(at, 0, entry), last };
}

export interface MatchSpec {
  readonly filter?: Filter | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/**
 * Which of the topic's latest events a filter matches, whole: for its owner, and for whom it lets subscribe.
 * @throws BusbarError unknown_topic, forbidden.
 */
export async function matchKept(
  tools: CatalogTools,
  principal: Principal,
  name: string,
  { filter, since, until }: MatchSpec,
): Promise<DryRun> {
  const topic = await getTopic(tools, name);
  await requireReadable(tools, principal, topic);
  return await tryFilter(tools, topic, filter, {
    sinceMs: since === undefined ? undefined : Date.parse(since),
    untilMs: until === undefined ? undefined : Date.parse(until),
  });
}

/** Who may subscribe to the topic reads its events anyway. */
async function requireReadable(tools: CatalogTools, principal: Principal, topic: Topic): Promise<void> {
  if (owns(principal, topic.owner) || subscribeMode(topic) === 'anyone') return;
  const grant = await tools.grants.find(topic.topic, principal.application);
  const receivers = grant?.topicLifetime === lifetimeOf(topic) ? Object.values(grant.subscribe ?? {}) : [];
  // One that was approved for a part of the events sees only that part.
  if (receivers.some(({ filter }) => filter === undefined)) return;
  throw new BusbarError(
    'forbidden',
    `The topic ${topic.topic} belongs to the application ${topic.owner}; this key belongs to ${principal.application}, which may not read its events. A request (POST /v1/requests) shows how many of them a filter matches.`,
  );
}
