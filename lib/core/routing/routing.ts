import type { Acting } from '../access/acting.ts';
import { type BusEvent, utf8Bytes } from '../event/event.ts';
import type { Target } from '../event/target.ts';
import { type TraceMode, traceAttribute } from '../event/trace-mode.ts';
import { BusbarError } from '../kernel/errors.ts';
import { aws } from '../kernel/limits.ts';
import { fairGroup } from './fair.ts';
import type { Order } from './order.ts';

/** One event with its attributes must fit one SNS message, so that any route can carry it. */
export const eventBytesMax = aws.sns.batchBytesMax;

/** A body and what travels beside it: the filterable attributes, and what the body does not say. */
export interface Message {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its place in the order of an ordered topic; such a message goes only to FIFO topics and queues. */
  readonly order?: Order;
  /** The tenant of the message, among whom a standard queue is fair. Left out where all are of one type. */
  readonly group?: string;
}

/** The part of an event that routing reads. */
export type RoutableEvent = Pick<BusEvent, 'type' | 'source' | 'subject' | 'body'> & {
  /** Its trace mode; absent for `failures`. */
  readonly trace?: TraceMode;
  /** Set for an event of an ordered topic. */
  readonly order?: Order;
  /** For whom and for which lifetime of its target it was accepted; its messages carry the latter. */
  readonly acting?: Acting | undefined;
};

export const topicAttribute = 'busbar-topic';
/** The redrive that put the message back. Such a message has a record from the start. */
export const redriveAttribute = 'busbar-redrive';

/**
 * The lifetime that a message is meant for: of its topic, or of its receiver when it was sent to that alone. `deliver`
 * compares it with the registry, since SNS topics and queues are addressed by their names.
 */
export const incarnationAttribute = 'busbar-incarnation';

export function messageOf(event: RoutableEvent, target: Target): Message {
  const attributes: Record<string, string> = { type: event.type, source: event.source };
  if (event.subject !== undefined) attributes.subject = event.subject;
  if ('topic' in target) attributes[topicAttribute] = target.topic;
  if (event.trace !== undefined) attributes[traceAttribute] = event.trace;
  const incarnation = event.acting?.incarnation;
  if (incarnation !== undefined) attributes[incarnationAttribute] = incarnation;
  return {
    body: event.body,
    attributes,
    // On a FIFO queue a group means order, not fairness.
    ...(event.order !== undefined ? { order: event.order } : { group: fairGroup(event.type) }),
  };
}

/** The size of a message as SNS and SQS count it: body, attribute names, their type names and values, in UTF-8. */
export function messageBytes(message: Message): number {
  let bytes = utf8Bytes(message.body);
  for (const [name, value] of Object.entries(message.attributes)) {
    bytes += utf8Bytes(name) + 'String'.length + utf8Bytes(value);
  }
  return bytes;
}

/** What the incarnation of a target takes (`newIncarnation`: eight characters). */
const incarnationBytes = incarnationAttribute.length + 'String'.length + 8;

/**
 * The size of a message, with room for the incarnation of its target where it has none yet.
 * @throws BusbarError event_too_large, naming both sizes.
 */
export function checkMessageSize(message: Message): number {
  const room = incarnationAttribute in message.attributes ? 0 : incarnationBytes;
  const bytes = messageBytes(message) + room;
  if (bytes > eventBytesMax) {
    throw new BusbarError(
      'event_too_large',
      `The event has ${bytes} bytes with its attributes; at most ${eventBytesMax} fit. Store the data elsewhere and send a reference to it.`,
    );
  }
  return bytes;
}

export interface Sized {
  readonly bytes: number;
}

/**
 * Packs messages into batches, in order, each as full as the limits allow: the fill of a batch decides the bill.
 */
export function packBatches<Item extends Sized>(
  items: readonly Item[],
  limits: { readonly entriesMax: number; readonly bytesMax: number },
): Item[][] {
  const batches: Item[][] = [];
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length === limits.entriesMax || (batch.length > 0 && bytes + item.bytes > limits.bytesMax)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.bytes;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** What one call takes: to a topic of SNS, or to a queue. */
export const batchLimits = {
  topic: { entriesMax: aws.sns.batchEntriesMax, bytesMax: aws.sns.batchBytesMax },
  queue: { entriesMax: aws.sqs.batchEntriesMax, bytesMax: aws.sqs.messageBytesMax },
} as const;
