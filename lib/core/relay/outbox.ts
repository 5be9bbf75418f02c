import { createHash } from 'node:crypto';
import { invalid } from '../event/event.ts';
import { type Entry, readEvents } from '../event/forms.ts';
import { applicationSource } from '../event/publisher.ts';
import type { Target } from '../event/target.ts';
import { BusbarError } from '../kernel/errors.ts';
import { nameSchema } from '../kernel/spec.ts';

/**
 * The outbox: a table of the bus to which producers write in their own DynamoDB transactions. A row is an event to be
 * published, and is deleted when it is published.
 *
 *   pk  outbox#<application>#<key>   IAM lets an application write behind its own name only: that proves whose it is.
 *                                    A key beginning with ~ is one of some shelves for events without order.
 *   sk  orders the events of a key
 */
export interface OutboxRow {
  readonly pk: string;
  readonly sk: string;
  readonly topic?: string | undefined;
  readonly receiver?: string | undefined;
  /** JSON text: a structured CloudEvent, or the shorthand, as the producer wrote it; undefined when it is missing. */
  readonly event: string | undefined;
  /** When the producer wrote it, by its clock, in epoch milliseconds. */
  readonly atMs: number | undefined;
}

/** The attributes of an entry, the same in the bus's table and in a producer's own. */
export const outboxAttributes = {
  topic: 'busbarTopic',
  receiver: 'busbarReceiver',
  event: 'busbarEvent',
  at: 'busbarAt',
  /** In a producer's own table, whose partition key the producer chooses. */
  key: 'busbarKey',
} as const;

export const outboxTableName = (prefix: string) => `${prefix}-outbox`;
/** The prefix of an application's partition keys. */
export const outboxPrefix = (application: string) => `outbox#${application}#`;

/** The owner and the key of a row; undefined when the partition key has another form. */
export function outboxOwner(pk: string): { readonly application: string; readonly key: string } | undefined {
  const [, application, key] = /^outbox#([^#]+)#(.*)$/s.exec(pk) ?? [];
  return application === undefined || key === undefined ? undefined : { application, key };
}

/** Whether the events of a partition are published one after the other. */
export const isOrdered = (pk: string) => !outboxOwner(pk)?.key.startsWith('~');

/** What a row publishes. */
export interface OutboxEntry {
  readonly target: Target;
  readonly entry: Entry;
}

/**
 * Reads a row. Missing attributes are filled in from the row alone, so a row that is relayed twice makes the same event
 * twice.
 * @throws BusbarError for a row that can never be published.
 */
export function readOutbox(row: OutboxRow, index: number, nowMs: number): OutboxEntry {
  const owner = outboxOwner(row.pk);
  if (owner === undefined) {
    throw new BusbarError(
      'invalid_request',
      `The partition key ${JSON.stringify(row.pk.slice(0, 100))} does not have the form outbox#<application>#<key>. Write entries with lib/client.`,
    );
  }
  const { event } = row;
  if (event === undefined) {
    throw invalid(outboxAttributes.event, 'is missing. Set it to one event as JSON text');
  }
  const { atMs = nowMs } = row;
  // What no date can have, nobody can write down as one.
  if (!(Math.abs(atMs) <= 8.64e15)) {
    throw invalid(outboxAttributes.at, 'is not a time. Set it to epoch milliseconds, or leave it out');
  }
  const target = targetOf(row);
  const hash = createHash('sha256')
    .update(JSON.stringify([row.pk, row.sk]))
    .digest('hex');
  const entries = readEvents(
    { contentType: mediaTypeOf(event), headers: {}, body: Buffer.from(event, 'utf8') },
    {
      nowMs: atMs,
      source: applicationSource(owner.application),
      publisher: owner.application,
      uuid: () => hash.slice(0, 32),
      traceparent: `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`,
    },
  );
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) {
    throw invalid(outboxAttributes.event, 'has several events. Write an entry for each');
  }
  if ('error' in entry) return { target, entry: { ...entry, index } };
  const { dueAtMs, ...now } = entry;
  return { target, entry: { ...now, index, ...(dueAtMs !== undefined && dueAtMs > nowMs && { dueAtMs }) } };
}

function targetOf({ topic, receiver }: OutboxRow): Target {
  const [name, value] =
    topic !== undefined ? [outboxAttributes.topic, topic] : [outboxAttributes.receiver, receiver];
  if (value === undefined || (topic !== undefined && receiver !== undefined)) {
    throw invalid(outboxAttributes.topic, `and ${outboxAttributes.receiver}: give one of the two`);
  }
  const parsed = nameSchema.safeParse(value);
  if (!parsed.success) throw invalid(name ?? '', parsed.error.issues[0]?.message ?? 'is not a valid name');
  return topic !== undefined ? { topic } : { receiver: parsed.data };
}

/** A whole CloudEvent states its version. Invalid JSON is reported by whoever parses it next. */
function mediaTypeOf(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'application/json';
  }
  const isWhole = typeof value === 'object' && value !== null && 'specversion' in value;
  return isWhole ? 'application/cloudevents+json' : 'application/json';
}

/**
 * Where an entry of a producer's own table goes: to the partition of its key, or to a shelf for events without order;
 * in the order of the stream that brought it. An entry that was found without its stream record is older than those,
 * and goes first.
 */
export function outboxPlace(
  application: string,
  entry: { readonly key: string | undefined; readonly atMs: number | undefined; readonly identity: string },
  sequenceNumber: string | undefined,
): { readonly pk: string; readonly sk: string } {
  const hash = createHash('sha256').update(entry.identity).digest('hex');
  const shelf = (Number.parseInt(hash.slice(0, 2), 16) % 64).toString(16).padStart(2, '0');
  return {
    pk: `${outboxPrefix(application)}${entry.key || `~${shelf}`}`,
    sk:
      sequenceNumber !== undefined
        ? `q${sequenceNumber.padStart(40, '0')}`
        : `a${String(entry.atMs ?? 0).padStart(15, '0')}-${hash.slice(0, 16)}`,
  };
}

/** The log line when entries wait for too long; an alarm counts it. */
export const outboxWaits = 'Outbox entries wait';
