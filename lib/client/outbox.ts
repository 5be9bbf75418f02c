import { createHash, randomUUID } from 'node:crypto';
import { type Defaults, toEntry } from './batches.ts';
import type { EventInput } from './cloud-event.ts';

/** An event to publish if the producer's own transaction succeeds. */
export interface OutboxEvent {
  /** The target: either a topic or a receiver. */
  readonly topic?: string;
  readonly receiver?: string;
  readonly event: EventInput;
  /** Events with the same key are published in order. Events without a key have no order, and a higher throughput. */
  readonly key?: string;
}

export interface OutboxOptions extends OutboxEvent {
  /** The application that owns the topic. IAM lets the producer write only entries of this application. */
  readonly application: string;
  /** The outbox of the bus. Default `busbar-outbox`. */
  readonly table?: string;
  /**
   * The position of the event among those with the same key, such as the version of the item that changed. Default: the
   * time of this machine in milliseconds. For one key, either always pass it or never.
   */
  readonly sequence?: number;
  /** The `source` of an event that has none: a URI reference, such as `/shop/checkout`. Default `/busbar/client`. */
  readonly source?: string;
  readonly uuid?: () => string;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** An attribute value of the DynamoDB client. */
type OutboxValue = { readonly S: string } | { readonly N: string };

/** An element of the `TransactItems` of `TransactWriteItems`. */
export interface OutboxWrite {
  readonly Put: { TableName: string; Item: Record<string, OutboxValue> };
}

/** The shelves for events without a key: enough to avoid hot partitions. */
const shelves = 64;
let counter = 0;

/**
 * Creates an entry for the outbox of the bus. Write it in one `TransactWriteItems` with the producer's own items, so that
 * either all of it happens or nothing. Each call creates an event with a new id: call it once, and let the SDK retry the
 * write.
 * @throws TypeError when the options are invalid.
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

/** The same entry as a plain object, for the SDK's document client. */
export function outboxItem(options: OutboxOptions): Record<string, string | number> {
  const { application, key, sequence } = options;
  if (!/^[a-z0-9][a-z0-9-]{0,47}$/.test(application)) {
    throw new TypeError(`The application ${JSON.stringify(application)} is not a valid name.`);
  }
  if (key !== undefined && !/^[^~]/.test(key)) {
    throw new TypeError('The key must not be empty or begin with ~, which marks events without a key.');
  }
  if (sequence !== undefined && (key === undefined || !Number.isSafeInteger(sequence) || sequence < 0)) {
    throw new TypeError('The sequence must be an integer from 0, and the event must have a key.');
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
    // The hash distinguishes entries that two machines write in the same millisecond.
    sk: `${place}-${hash.slice(0, 16)}`,
    ...attributes,
  };
}

/**
 * The attributes of an entry in the producer's own table, to which the caller adds the keys of that table. The entry is
 * a separate item, which the bus deletes once it has taken over the event. The table needs an `OutboxIntake` (busbar/cdk).
 * @throws TypeError when the options are invalid.
 */
export function outboxAttributes(
  options: OutboxEvent & Pick<OutboxOptions, 'source' | 'uuid' | 'now'>,
): Record<string, string | number> {
  const { topic, receiver, event, key, now = Date.now } = options;
  if ((topic === undefined) === (receiver === undefined)) {
    throw new TypeError('Pass either a topic or a receiver.');
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
