import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Delivery } from '../../core/deliver/delivery.ts';
import { takeApart } from '../../core/event/data.ts';
import { invalid, parseTimestamp } from '../../core/event/event.ts';
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
 * https://github.com/apache/rocketmq-externals/blob/master/rocketmq-cloudevents-binding/rocketmq-transport-binding.md
 */
const prefix = 'CE_';
const contentTypeProperty = `${prefix}contenttype`;
const structured = 'application/cloudevents+json';
const noData = Uint8Array.of(0);

/** What the bus tells beside the event; with underscores, so that SQL filters of consumers can name them. */
const deliveryIdProperty = 'busbar_delivery_id';
const topicProperty = 'busbar_topic';
const attemptProperty = 'busbar_attempt';
/** Set to `data` where the body of one zero byte is the data, and does not stand for none. */
const bodyProperty = 'busbar_body';

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
  const body = isStructured ? Buffer.from(delivery.body) : bytesOf(data);
  if (isZeroByte(body) && data !== undefined && data.length > 0) properties[bodyProperty] = 'data';

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
    body,
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
 * undefined for a message that is no CloudEvent. It is another thing whether the event is a good one. Names of attributes
 * are read in any case: Apache's draft itself writes `CE_contentType` as well as `CE_contenttype`.
 * @param hops where it has been, which takes the place of what the message says of it.
 * @throws BusbarError invalid_event for properties of which nobody can say what they mean.
 */
export function eventRequestOf(
  message: { readonly properties: Readonly<Record<string, string>>; readonly body: Uint8Array },
  hops: readonly string[],
): EventRequest | undefined {
  const { properties, body } = message;
  const attributes = attributesOf(properties);
  // The draft has the former; whoever takes it for an attribute like the others writes the latter.
  const [given, other] = [attributes.get('contenttype')?.[0], attributes.get('datacontenttype')?.[0]];
  const contentType = given ?? other;
  const isWhole = isEventFormat(contentType);
  if (!isWhole && !attributes.has('specversion')) return undefined;
  for (const [name, values] of attributes) {
    if (values.length > 1) throw invalid(name, `has two values: ${prefix}${name} is there in different case`);
  }
  if (isWhole) return { contentType, headers: {}, body: withHops(body, hops) };
  if (given !== undefined && other !== undefined && given !== other) {
    throw invalid('datacontenttype', `differs between ${contentTypeProperty} and ${prefix}datacontenttype`);
  }
  const headers: Record<string, string> = {};
  for (const [name, [value = '']] of attributes) {
    if (name === 'contenttype' || name === 'datacontenttype') continue;
    if (!value.isWellFormed()) throw invalid(name, 'has broken Unicode: half a surrogate pair');
    headers[`ce-${name}`] = encodeURIComponent(value);
  }
  headers[`ce-${hopsAttribute}`] = encodeURIComponent(writeHops(hops));
  const hasNoData = isZeroByte(body) && properties[bodyProperty] !== 'data';
  return { contentType, headers, body: hasNoData ? new Uint8Array() : body };
}

const isEventFormat = (contentType: string | undefined): boolean =>
  contentType?.trim().toLowerCase().startsWith('application/cloudevents') ?? false;

const isZeroByte = (body: Uint8Array) => body.length === 1 && body[0] === 0;

/** The attributes among the properties, by their names in lower case, which may bring several values together. */
function attributesOf(properties: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  for (const [property, value] of Object.entries(properties)) {
    if (!property.startsWith(prefix) || property === prefix) continue;
    const name = property.slice(prefix.length).toLowerCase();
    const others = attributes.get(name) ?? [];
    if (!others.includes(value)) attributes.set(name, [...others, value]);
  }
  return attributes;
}

/** The id of the event that a message carries; undefined for one that is no CloudEvent, or of which it cannot be read. */
export function carriedId(message: {
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}): string | undefined {
  const attributes = attributesOf(message.properties);
  const isWhole = isEventFormat((attributes.get('contenttype') ?? attributes.get('datacontenttype'))?.[0]);
  if (!isWhole) return attributes.has('specversion') ? attributes.get('id')?.[0] : undefined;
  try {
    const event: unknown = JSON.parse(Buffer.from(message.body).toString('utf8'));
    const id = typeof event === 'object' && event !== null && 'id' in event ? event.id : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch (error) {
    // It has no id then; the bus lists it as refused, under the id of the message.
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

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
