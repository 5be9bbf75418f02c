import { createHash } from 'node:crypto';
import * as z from 'zod';
import { accessSchema } from '../access/topic-access.ts';
import { orderAttributeSchema } from '../event/attribute.ts';
import { utf8Bytes } from '../event/event.ts';
import { traceModes } from '../event/trace-mode.ts';
import { holdRuleSchema } from '../hold/rule.ts';
import type { Owned } from './owned.ts';
import { ownerSchema } from './owned.ts';

/** A schema is one row, of 400 KB at most, and every publisher to its topic reads it. */
const topicSchemaBytesMax = 128 * 1024;

/** Deduplication keeps a row for each event; a day covers any producer's retry. */
export const dedupSecondsMax = 7 * 24 * 3600;
export const topicSchema = z.strictObject({
  /** The application that owns it; the caller's when left out. */
  owner: ownerSchema,
  description: z.string().max(1024).optional(),
  /** Who may publish and subscribe beside its owner. */
  access: accessSchema.optional(),
  /** A JSON Schema for `data`, enforced at publish. */
  schema: z
    .union([z.record(z.string(), z.unknown()), z.boolean()])
    .refine(
      (schema) => utf8Bytes(JSON.stringify(schema)) <= topicSchemaBytesMax,
      `is larger than ${topicSchemaBytesMax / 1024} KB. Describe less of the data`,
    )
    .optional(),
  /** How long a second event with the same source and id is answered with `duplicate`; 0 or absent: never. */
  dedupSeconds: z.int().min(0).max(dedupSecondsMax).optional(),
  /**
   * Whether its delayed events can be cancelled and re-timed; true when left out. False saves a row for each event that
   * is delayed by 15 minutes or less.
   */
  cancellable: z.boolean().optional(),
  /** What is recorded of its events (see event/trace-mode.ts); the stack's setting when left out. */
  trace: z.enum(traceModes).optional(),
  /** Puts the topic on hold while its receivers lag behind. */
  holdWhen: holdRuleSchema.optional(),
  /**
   * The events of one key reach each receiver in the order in which they were published; the key is `subject` or the
   * named attribute.
   */
  ordered: z
    .union([z.boolean(), z.strictObject({ by: orderAttributeSchema })], {
      error: 'must be true or {"by": <attribute>}: subject, source, type or an extension attribute',
    })
    .optional(),
});

export type TopicSpec = z.infer<typeof topicSchema>;

export interface Topic extends Omit<TopicSpec, 'owner'>, Owned {
  readonly topic: string;
  /** How often its schema was changed, from 1; absent while it never had one. */
  readonly schemaVersion?: number;
  /** The schemas that it has and had, the latest first; older ones than the latest ten are forgotten. */
  readonly schemaVersions?: readonly SchemaVersion[];
  /** The id of its hold, while it may be on hold: publishers then read the hold. */
  readonly hold?: string;
}

/** A schema that a topic has or had. */
export interface SchemaVersion {
  readonly version: number;
  /** RFC 3339: since when. */
  readonly since: string;
  /** Names the schema; absent while the topic had none. */
  readonly hash?: string;
}

const schemaVersionsMax = 10;

export type TopicSchema = NonNullable<TopicSpec['schema']>;

/** A topic without its schema, which stands in a row of its own. */
export interface TopicEntry extends Omit<Topic, 'schema'> {
  /** Changes with the schema; absent without one. */
  readonly schemaHash?: string;
}

/** A topic as it is stored; one of an earlier release has its schema in itself. */
export interface TopicRow extends TopicEntry {
  readonly schema?: TopicSpec['schema'];
}

export function topicEntryOf({ schema, ...entry }: TopicRow): TopicEntry {
  return schema === undefined ? entry : { ...entry, schemaHash: schemaHashOf(schema) };
}

/**
 * The version of the schema that a topic gets, and the versions before it.
 * @param at RFC 3339: when it gets it.
 */
export function schemaVersionOf(
  existing: Pick<Topic, 'schema' | 'schemaVersion' | 'schemaVersions' | 'updatedAt'> | undefined,
  schema: TopicSpec['schema'],
  at: string,
): Pick<Topic, 'schemaVersion' | 'schemaVersions'> {
  const before = existing?.schemaVersion ?? (existing?.schema === undefined ? 0 : 1);
  const isSame = JSON.stringify(existing?.schema) === JSON.stringify(schema);
  const version = isSame ? before : before + 1;
  if (version === 0) return {};
  const known =
    existing?.schemaVersions ??
    (before === 0 ? [] : [versionOf(before, existing?.schema, existing?.updatedAt ?? at)]);
  return {
    schemaVersion: version,
    schemaVersions: isSame ? known : [versionOf(version, schema, at), ...known].slice(0, schemaVersionsMax),
  };
}

const versionOf = (version: number, schema: TopicSpec['schema'], since: string): SchemaVersion => ({
  version,
  since,
  ...(schema !== undefined && { hash: schemaHashOf(schema) }),
});

/** The name of a schema: the same text has the same, and so tells whether a schema changed. */
export const schemaHashOf = (schema: TopicSchema): string =>
  createHash('sha256').update(JSON.stringify(schema)).digest('hex');
