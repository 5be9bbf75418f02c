import { createHash } from 'node:crypto';
import type { BusEvent } from '../event/event.ts';

/**
 * The order of an ordered topic: the events of one key are in one message group of SNS and SQS FIFO, and AWS hands out
 * no message of a group while an earlier one is unsettled.
 */

/** The place of an event in the order of its topic, in AWS's terms. */
export interface Order {
  /** At most 128 characters; of one topic and one key only. */
  readonly group: string;
  /** AWS treats a second message with this id and group within five minutes as the first one, sent again. */
  readonly deduplicationId: string;
}

/** The part of a topic that says how it is ordered. */
export interface Ordered {
  readonly topic: string;
  readonly ordered?: boolean | { readonly by: string } | undefined;
}

/** The attribute that orders the events of a topic whose `ordered` names none. */
export const orderAttributeDefault = 'subject';

/** The attribute by which a topic is ordered; undefined for a topic without an order. */
export function orderAttribute({ ordered }: Pick<Ordered, 'ordered'>): string | undefined {
  if (ordered === undefined || ordered === false) return undefined;
  return ordered === true ? orderAttributeDefault : ordered.by;
}

/**
 * The order of an event on its topic; undefined when the topic has none. An event without the attribute is alone in its
 * group, so it waits for no other.
 * @param dueAtMs when the event is due, if not at once: the same event may be due twice and is then sent twice.
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
    // The groups of two topics differ, so the id need not contain the topic.
    deduplicationId: hash(dueAtMs === undefined ? identity : [...identity, dueAtMs]),
  };
}

/** The deduplication id of an event that a redrive sends again: AWS may still remember its first one. */
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

/** Readable where AWS allows it, for whoever looks into a queue; a hash otherwise. Topic names have no `/` or `#`. */
function groupOf(topic: string, key: string): string {
  const group = `${topic}/${key}`;
  return readable.test(key) && group.length <= groupCharactersMax ? group : `${topic}#${hash([key])}`;
}

const hash = (parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/**
 * Splits messages into waves that are sent one after the other. No wave has two messages of a group, because AWS may
 * take the second of a call and fail the first. A group keeps its order; messages without an order are in the first
 * wave.
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

/** What a decision about a message means for those behind it in its group. */
interface Decided {
  readonly message: { readonly messageId: string; readonly group?: string | undefined };
  readonly done: boolean;
  readonly hideSeconds?: number;
}

/**
 * Messages behind an undecided one of their group wait for that one alone. They become visible at once, since AWS hands
 * out no message of a group while an earlier one is hidden, and they are in their place in the queue when it comes
 * back. If they were hidden for longer, they would still be hidden when the first one is delivered.
 * @param messages the batch, in the order of the queue.
 */
export function behindTheFirst<Decision extends Decided>(
  messages: readonly Decided['message'][],
  decisions: readonly Decision[],
): Decision[] {
  const places = new Map(messages.map(({ messageId }, place) => [messageId, place]));
  const placeOf = ({ message }: Decision) => places.get(message.messageId) ?? 0;
  const blocked = new Set<string>();
  return [...decisions]
    .sort((left, right) => placeOf(left) - placeOf(right))
    .map((decision) => {
      const { group } = decision.message;
      if (group === undefined || decision.done) return decision;
      if (blocked.has(group)) return { ...decision, hideSeconds: 0 };
      blocked.add(group);
      return decision;
    });
}
