import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Delivery } from '../../core/deliver/delivery.ts';
import { takeApart } from '../../core/event/data.ts';
import { parseTimestamp } from '../../core/event/event.ts';
import type { EventRequest } from '../../core/event/forms.ts';
import { hopsAttribute, readHops, writeHops } from '../../core/event/hops.ts';
import { parseStrictJson } from '../../core/kernel/json.ts';
import { orderAttributeDefault } from '../../core/routing/order.ts';
import { isTag, type RocketMqTarget } from './target.ts';

/**
 * Events as messages of RocketMQ and back. There is no binding in the CloudEvents specification; this is the one of its
 * Java SDK for RocketMQ 5 (module cloudevents-rocketmq), which follows Apache's draft: an attribute is the property
 * `CE_<name>`, the content type `CE_contenttype`, by which structured messages are told from binary ones, and an event
 * without data has a body of one zero byte, because RocketMQ takes no empty one.
 * https://github.com/cloudevents/sdk-java/tree/main/rocketmq
 */
const prefix = 'CE_';
const contentTypeProperty = `${prefix}contenttype`;
const structured = 'application/cloudevents+json';
const noData = Uint8Array.of(0);

/** What the bus tells beside the event; with underscores, so that SQL filters of consumers can name them. */
const deliveryIdProperty = 'busbar_delivery_id';
const topicProperty = 'busbar_topic';
const attemptProperty = 'busbar_attempt';

/** A message as producers send it. */
export interface CloudMessage {
  readonly topic: string;
  readonly tag?: string;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly deliverAtMs?: number;
  readonly group?: string;
}

/**
 * Writes the message of an attempt.
 * @param options.laneGroup the message group of the ordered lane that the event came by.
 * @param options.hops where the event has been.
 * @param options.traceparent of this attempt.
 */
export function messageOf(options: {
  readonly delivery: Delivery;
  readonly attempt: number;
  readonly nowMs: number;
  readonly target: RocketMqTarget;
  readonly format: 'structured' | 'binary';
  readonly laneGroup: string | undefined;
  readonly hops: readonly string[];
  readonly traceparent: string | undefined;
}): CloudMessage {
  const { delivery, target, hops, traceparent } = options;
  const { attributes, contentType, data } = takeApart(delivery.body);
  const isStructured = options.format === 'structured';
  const type = isStructured ? structured : contentType;
  const properties: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) properties[`${prefix}${name}`] = String(value);
  properties[`${prefix}${hopsAttribute}`] = writeHops(hops);
  if (type !== undefined) properties[contentTypeProperty] = type;
  properties[deliveryIdProperty] = delivery.deliveryId;
  properties[attemptProperty] = String(options.attempt);
  if (delivery.topic !== undefined) properties[topicProperty] = delivery.topic;
  if (traceparent !== undefined) properties.traceparent = traceparent;

  const tag = target.tag ?? (isTag(delivery.eventType) ? delivery.eventType : undefined);
  const named = (target.keys ?? [orderAttributeDefault]).map((name) => attributes[name] ?? '');
  const deliverAtMs = dueOf(target, attributes, options.nowMs);
  const group =
    deliverAtMs === undefined ? groupOf(target, attributes, delivery, options.laneGroup) : undefined;
  return {
    topic: target.topic,
    ...(tag !== undefined && { tag }),
    keys: [...new Set(named.map(String))].filter((key) => key.trim() !== ''),
    properties,
    body: isStructured ? Buffer.from(delivery.body) : bytesOf(data),
    ...(deliverAtMs !== undefined && { deliverAtMs }),
    ...(group !== undefined && { group }),
  };
}

function bytesOf(data: string | Uint8Array | undefined): Uint8Array {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  return bytes === undefined || bytes.length === 0 ? noData : bytes;
}

type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Topics of the type DELAY take no message without a time: one whose time is not given, or over, is due now. */
function dueOf({ deliverAt }: RocketMqTarget, attributes: Attributes, nowMs: number): number | undefined {
  if (deliverAt === undefined) return undefined;
  const atMs = parseTimestamp(String(attributes[deliverAt] ?? ''));
  return Number.isNaN(atMs) ? nowMs : Math.max(atMs, nowMs);
}

/** What RocketMQ takes in a message group: at most 64 characters (`maxMessageGroupSize`), and no control character. */
const groupForm = /^[!-~][ -~]{0,63}$/;

/** Readable where RocketMQ can take it, a hash else. Topics of the type FIFO take no message without a group. */
function groupOf(
  { group }: RocketMqTarget,
  attributes: Attributes,
  { eventSource, eventId }: Delivery,
  laneGroup: string | undefined,
): string | undefined {
  if (group === false) return undefined;
  const key = group === undefined ? laneGroup : attributes[group];
  if (key !== undefined) return groupForm.test(String(key)) ? String(key) : hash([String(key)]);
  // In a group of its own it waits for no other.
  return group === undefined ? undefined : hash([eventSource, eventId]);
}

const hash = (parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/** Where the event of a message has been, by what the message says. */
export const hopsOf = (properties: Readonly<Record<string, string>>): readonly string[] =>
  readHops(properties[`${prefix}${hopsAttribute}`]);

/**
 * The event that a message carries, in the form of an HTTP request that brings the same, for whoever reads those;
 * undefined for a message that is no CloudEvent. It is another thing whether the event is a good one.
 * @param hops where it has been, which takes the place of what the message says of it.
 */
export function eventRequestOf(
  message: { readonly properties: Readonly<Record<string, string>>; readonly body: Uint8Array },
  hops: readonly string[],
): EventRequest | undefined {
  const { properties, body } = message;
  const contentType = properties[contentTypeProperty] ?? properties[`${prefix}datacontenttype`];
  if (contentType?.trim().toLowerCase().startsWith('application/cloudevents')) {
    return { contentType, headers: {}, body: withHops(body, hops) };
  }
  if (properties[`${prefix}specversion`] === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties)) {
    const attribute = name.startsWith(prefix) ? name.slice(prefix.length).toLowerCase() : '';
    if (attribute === '' || attribute === 'contenttype' || attribute === 'datacontenttype') continue;
    headers[`ce-${attribute}`] = encodeURIComponent(value.toWellFormed());
  }
  headers[`ce-${hopsAttribute}`] = encodeURIComponent(writeHops(hops));
  return { contentType, headers, body: isNoData(body) ? new Uint8Array() : body };
}

const isNoData = (body: Uint8Array) => body.length === 1 && body[0] === 0;

/** The structured form with the chain; data stays as it came, letter by letter. What is no event stays as it is. */
function withHops(body: Uint8Array, hops: readonly string[]): Uint8Array {
  // Whoever reads it next refuses it.
  if (!isUtf8(body)) return body;
  const text = Buffer.from(body).toString('utf8');
  let span: readonly [number, number] | undefined;
  try {
    const { value, members } = parseStrictJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return body;
    if (Object.keys(value).length === 0) return body;
    span = members[0]?.get(hopsAttribute);
  } catch {
    // Whoever reads it next says what is wrong with it.
    return body;
  }
  const chain = JSON.stringify(writeHops(hops));
  if (span !== undefined) return Buffer.from(`${text.slice(0, span[0])}${chain}${text.slice(span[1])}`);
  const opening = text.indexOf('{') + 1;
  return Buffer.from(`${text.slice(0, opening)}"${hopsAttribute}":${chain},${text.slice(opening)}`);
}
