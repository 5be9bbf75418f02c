import { createHash } from 'node:crypto';
import type { BusEvent } from '../event/event.ts';

/**
 * The order of an ordered topic: the events of one key stand in one message group of SNS and SQS FIFO, and AWS hands
 * out none of a group while an earlier one of it is unsettled.
 */

/** Where an event stands in the order of its topic, in the words of AWS. */
export interface Order {
  /** At most 128 characters; of one topic and one key only. */
  readonly group: string;
  /** A second message of this id and group within five minutes is taken for the first one, sent again. */
  readonly deduplicationId: string;
}

/** The part of a topic that says how it is ordered. */
export interface Ordered {
  readonly topic: string;
  readonly ordered?: boolean | { readonly by: string } | undefined;
}

/** What orders the events of a topic when its `ordered` names nothing. */
export const orderAttributeDefault = 'subject';

/** The attribute by which a topic is ordered; undefined for one that is not. */
export function orderAttribute({ ordered }: Pick<Ordered, 'ordered'>): string | undefined {
  if (ordered === undefined || ordered === false) return undefined;
  return ordered === true ? orderAttributeDefault : ordered.by;
}

/**
 * The order of an event on its topic; undefined where the topic has none. An event without the attribute is in a group
 * of its own, so that it waits for no other.
 * @param dueAtMs when the event is due, if not at once: the same event may be due twice, and is then sent twice.
 */
export function orderOf(
  topic: Ordered,
  event: Pick<BusEvent, 'id' | 'source' | 'body'>,
  dueAtMs?: number,
): Order | undefined {
  const attribute = orderAttribute(topic);
  if (attribute === undefined) return undefined;
  const key = keyOf(event.body, attribute);
  const identity = [event.source, event.id];
  return {
    group: key === undefined ? `${topic.topic}!${hash(identity)}` : groupOf(topic.topic, key),
    // In a queue the groups of two topics are different, so that the topic needs no mention here.
    deduplicationId: hash(dueAtMs === undefined ? identity : [...identity, dueAtMs]),
  };
}

/** The deduplication id of an event that a redrive sends anew: its first one may be known to AWS still. */
export const redriveDeduplicationId = (redrive: string, deliveryId: string): string =>
  hash([redrive, deliveryId]);

/** The value of the attribute in the structured form of an event, as text. */
function keyOf(body: string, attribute: string): string | undefined {
  const value: unknown = (JSON.parse(body) as Record<string, unknown>)[attribute];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** The characters that AWS takes in a group (SQS API reference, SendMessage). */
const readable = /^[!-~]+$/;
const groupCharactersMax = 128;

/** Readable where AWS can take it, for whoever looks into a queue; a hash else. No topic has `/` or `#` in its name. */
function groupOf(topic: string, key: string): string {
  const group = `${topic}/${key}`;
  return readable.test(key) && group.length <= groupCharactersMax ? group : `${topic}#${hash([key])}`;
}

const hash = (parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/**
 * Parts messages into waves that are sent one after the other. No wave holds two of a group, because AWS may take the
 * second of a call and refuse the first. A group keeps its order; what has no order is in the first wave.
 */
export function waves<Item extends { readonly order?: Order | undefined }>(items: readonly Item[]): Item[][] {
  const places = new Map<string, number>();
  const packed: Item[][] = [];
  for (const item of items) {
    const group = item.order?.group;
    const place = group === undefined ? 0 : (places.get(group) ?? 0);
    if (group !== undefined) places.set(group, place + 1);
    const wave = packed[place];
    if (wave === undefined) packed[place] = [item];
    else wave.push(item);
  }
  return packed;
}

/** What a decision about a message says to those behind it in its group. */
interface Decided {
  readonly message: { readonly messageId: string; readonly group?: string | undefined };
  readonly done: boolean;
  readonly hideSeconds?: number;
}

/**
 * Lets what stands behind an undecided message of its group wait for that one alone: visible at once, since AWS hands
 * out none of a group while an earlier one is hidden, and in its place in the queue when that one comes back. Hidden for
 * longer, it would hold up the whole group.
 * @param messages the batch, in the order of the queue.
 */
export function behindTheFirst<Decision extends Decided>(
  messages: readonly Decided['message'][],
  decisions: readonly Decision[],
): Decision[] {
  const places = new Map(messages.map(({ messageId }, place) => [messageId, place]));
  const placeOf = ({ message }: Decision) => places.get(message.messageId) ?? 0;
  const held = new Set<string>();
  return [...decisions]
    .sort((left, right) => placeOf(left) - placeOf(right))
    .map((decision) => {
      const { group } = decision.message;
      if (group === undefined || decision.done) return decision;
      if (held.has(group)) return { ...decision, hideSeconds: 0 };
      held.add(group);
      return decision;
    });
}
