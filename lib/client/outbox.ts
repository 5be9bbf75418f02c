import { createHash, randomUUID } from 'node:crypto';
import { type Defaults, toEntry } from './batches.ts';
import type { EventInput } from './cloud-event.ts';

/** An event to be published when the producer's own transaction goes through. */
export interface OutboxEvent {
  /** One of the two: the topic, or the receiver that it is for. */
  readonly topic?: string;
  readonly receiver?: string;
  readonly event: EventInput;
  /** Events of one key are published one after the other. Without it there is no order, and more at once. */
  readonly key?: string;
}

export interface OutboxOptions extends OutboxEvent {
  /** Whose event it is: the name behind which IAM lets the producer write, and the owner of the topic. */
  readonly application: string;
  /** The outbox of the bus. Default `busbar-outbox`. */
  readonly table?: string;
  /**
   * The place of the event among those of its key, such as the version of the item that it tells of. Without it the time
   * of this machine decides, to the millisecond. Use one of the two for a key.
   */
  readonly sequence?: number;
  /** The `source` of an event that names none: a URI reference, such as `/shop/checkout`. */
  readonly source?: string;
  readonly uuid?: () => string;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** An attribute value as the client of DynamoDB takes it. */
export type OutboxValue = { readonly S: string } | { readonly N: string };

/** An element of `TransactItems` of `TransactWriteItems`. */
export interface OutboxWrite {
  readonly Put: { TableName: string; Item: Record<string, OutboxValue> };
}

/** Shelves for events without a key: enough that no partition of the table gets hot. */
const shelves = 64;
let counter = 0;

/**
 * The entry for the outbox of the bus, to be written in one `TransactWriteItems` beside the producer's own items: either
 * all of it happens, or nothing. The event gets its id here, so that a second call makes a second event: make the entry
 * once, and let the SDK repeat the write.
 * Throws a `TypeError` for what cannot be an entry.
 */
export function outboxEntry(options: OutboxOptions): OutboxWrite {
  const item = outboxItem(options);
  return {
    Put: {
      TableName: options.table ?? 'busbar-outbox',
      Item: Object.fromEntries(
        Object.entries(item).map(([name, value]) => [
          name,
          typeof value === 'number' ? { N: String(value) } : { S: value },
        ]),
      ),
    },
  };
}

/** The same as a plain object, for the document client of the SDK. */
export function outboxItem(options: OutboxOptions): Record<string, string | number> {
  const { application, key, sequence } = options;
  if (!/^[a-z0-9][a-z0-9-]{0,47}$/.test(application)) {
    throw new TypeError(`The application ${JSON.stringify(application)} is no name.`);
  }
  if (key !== undefined && !/^[^~]/.test(key)) {
    throw new TypeError('The key is empty or begins with ~, which is for events without a key.');
  }
  if (sequence !== undefined && (key === undefined || !Number.isSafeInteger(sequence) || sequence < 0)) {
    throw new TypeError('The sequence is an integer from 0, of events with a key.');
  }
  const { busbarKey: _, ...attributes } = outboxAttributes(options);
  const hash = createHash('sha256').update(String(attributes.busbarEvent)).digest('hex');
  const shelf = `~${(Number.parseInt(hash.slice(0, 4), 16) % shelves).toString(16).padStart(2, '0')}`;
  counter = (counter + 1) % 1_000_000;
  const place =
    sequence === undefined
      ? `t${digits(Number(attributes.busbarAt), 15)}-${digits(counter, 6)}`
      : `s${digits(sequence, 16)}`;
  return {
    pk: `outbox#${application}#${key ?? shelf}`,
    // The hash keeps apart what two machines wrote in the same millisecond.
    sk: `${place}-${hash.slice(0, 16)}`,
    ...attributes,
  };
}

/**
 * The attributes of an entry in a table of the producer's own, beside the keys that the table has; an item of its own,
 * which the bus deletes when it has taken the event over. The table needs an `OutboxIntake` (busbar/cdk).
 */
export function outboxAttributes(
  options: OutboxEvent & Pick<OutboxOptions, 'source' | 'uuid' | 'now'>,
): Record<string, string | number> {
  const { topic, receiver, event, key, now = Date.now } = options;
  if ((topic === undefined) === (receiver === undefined)) {
    throw new TypeError('Name one target: a topic, or a receiver.');
  }
  const atMs = now();
  const defaults: Defaults = {
    source: options.source ?? '/busbar/client',
    id: options.uuid ?? randomUUID,
    time: () => new Date(atMs).toISOString(),
  };
  return {
    ...(topic !== undefined && { busbarTopic: topic }),
    ...(receiver !== undefined && { busbarReceiver: receiver }),
    ...(key !== undefined && { busbarKey: key }),
    busbarEvent: toEntry(event, 0, defaults).json,
    busbarAt: atMs,
  };
}

const digits = (value: number, count: number) => String(value).padStart(count, '0');
