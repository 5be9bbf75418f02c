import { createHash } from 'node:crypto';
import { type AttributeValue, type BusEvent, createEvent, invalid } from '../../core/event/event.ts';
import { type Entry, readEvents } from '../../core/event/forms.ts';
import { hopsAttribute, writeHops } from '../../core/event/hops.ts';
import { bridgePublisher, publisherAttribute } from '../../core/event/publisher.ts';
import { readTraceParent, writeTraceParent } from '../../core/event/trace-context.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { parseStrictJson } from '../../core/kernel/json.ts';
import type { BridgeTopic } from './bridge.ts';
import { eventRequestOf } from './cloud-message.ts';

/** What a bridge reads of a message that is taken from RocketMQ. */
export interface BridgedMessage {
  /** The same at every delivery of the message. */
  readonly id: string;
  readonly topic: string;
  readonly tag?: string | undefined;
  readonly keys: readonly string[];
  /** What producers set; without the properties of RocketMQ itself. */
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether the body does not have the checksum that it was sent with. */
  readonly corrupted: boolean;
  readonly bornAtMs?: number | undefined;
  /** When it was to be delivered, of a delayed message. */
  readonly deliverAtMs?: number | undefined;
  /** The message group, in which messages of a FIFO topic are kept in order. */
  readonly group?: string | undefined;
}

/** Attributes that the bridge sets; a property of such a name gets another. */
const ownAttributes: readonly string[] = [
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
  'data',
  'database64',
  'rocketmqkeys',
  'rocketmqgroup',
  'rocketmqdeliverat',
  hopsAttribute,
  publisherAttribute,
];

interface Context {
  readonly bridge: string;
  readonly topic: BridgeTopic;
  readonly hops: readonly string[];
  readonly nowMs: number;
}

/**
 * Makes the event of a message, of the message alone: taken twice, it is letter by letter the same. A message of which
 * no event can be made is an entry that says why.
 * @param hops where the event has been, this topic of RocketMQ included.
 */
export function eventOfMessage(message: BridgedMessage, index: number, context: Context): Entry {
  try {
    if (message.corrupted) {
      throw invalid('data', 'does not have the checksum that the message was sent with. Have it sent again');
    }
    const { deliverAtMs } = message;
    return {
      index,
      ...(carriedEvent(message, context) ?? madeEvent(message, context)),
      // RocketMQ keeps it until then; its clock may be ahead of ours.
      ...(deliverAtMs !== undefined && deliverAtMs > context.nowMs && { dueAtMs: deliverAtMs }),
    };
  } catch (error) {
    if (!(error instanceof BusbarError)) throw error;
    return { index, id: message.id, error };
  }
}

type Made = { readonly event: BusEvent; readonly data: () => unknown };

/** A message that is a CloudEvent already brings its own event: its id, its source and all else of it. */
function carriedEvent(message: BridgedMessage, { bridge, hops, nowMs }: Context): Made | undefined {
  const request = eventRequestOf(message, hops);
  if (request === undefined) return undefined;
  const [entry, ...others] = readEvents(request, {
    nowMs: message.bornAtMs ?? nowMs,
    source: sourceOf(bridge, message),
    publisher: bridgePublisher(bridge),
    uuid: () => message.id,
    traceparent: traceOf(message, message.properties.traceparent),
  });
  if (entry === undefined || others.length > 0) {
    throw invalid('data', 'holds several events. Send a message for each');
  }
  if ('error' in entry) throw entry.error;
  return { event: entry.event, data: entry.data };
}

function madeEvent(message: BridgedMessage, context: Context): Made {
  const data = dataOf(message.body);
  const event = createEvent({ attributes: attributesOf(message, data?.contentType, context), data });
  return { event, data: () => data?.value };
}

const sourceOf = (bridge: string, { topic }: BridgedMessage) =>
  `/rocketmq/${bridge}/${encodeURIComponent(topic)}`;

function attributesOf(
  message: BridgedMessage,
  contentType: string | undefined,
  {
    bridge,
    topic,
    hops,
  }: { readonly bridge: string; readonly topic: BridgeTopic; readonly hops: readonly string[] },
): Record<string, AttributeValue> {
  const [key] = message.keys;
  const dropped = 'dropProperties' in topic ? (topic.dropProperties ?? []) : [];
  const properties = Object.entries(message.properties).filter(
    ([name]) => !dropped.includes(name) && name !== hopsAttribute && name !== publisherAttribute,
  );
  const extensions = extensionsOf(properties);
  return {
    id: message.id,
    source: sourceOf(bridge, message),
    type: message.tag === undefined ? message.topic : `${message.topic}.${message.tag}`,
    ...(key !== undefined && key !== '' && { subject: key }),
    ...(message.bornAtMs !== undefined && { time: new Date(message.bornAtMs).toISOString() }),
    ...(contentType !== undefined && { datacontenttype: contentType }),
    ...(message.keys.length > 1 && { rocketmqkeys: message.keys.join(' ') }),
    ...(message.group !== undefined && { rocketmqgroup: message.group }),
    ...(message.deliverAtMs !== undefined && {
      rocketmqdeliverat: new Date(message.deliverAtMs).toISOString(),
    }),
    ...extensions,
    traceparent: traceOf(message, extensions.traceparent),
    [hopsAttribute]: writeHops(hops),
    [publisherAttribute]: bridgePublisher(bridge),
  };
}

/**
 * Properties as attributes: names in CloudEvents have lower-case letters and digits alone. What collides with another
 * or has nothing left gets a name by a hash of its own, whatever the order in which properties come.
 */
export function extensionsOf(properties: readonly (readonly [string, string])[]): Record<string, string> {
  const plain = new Map<string, number>();
  const nameOf = (name: string) =>
    name
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .slice(0, 64);
  for (const [name] of properties) plain.set(nameOf(name), (plain.get(nameOf(name)) ?? 0) + 1);
  const extensions: Record<string, string> = Object.create(null);
  for (const [name, value] of [...properties].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const short = nameOf(name);
    if (ownAttributes.includes(short)) extensions[`property${short}`.slice(0, 64)] = value;
    else if (short !== '' && (plain.get(short) === 1 || short === name)) extensions[short] = value;
    else extensions[`property${sha256(name).slice(0, 12)}`] = value;
  }
  return extensions;
}

/** The body as data: JSON as it stands, other text as a string, and whatever else as bytes. None for an empty body. */
function dataOf(
  body: Uint8Array,
): { text: string; binary: boolean; value: unknown; contentType: string } | undefined {
  if (body.length === 0) return undefined;
  const text = textOf(body);
  if (text === undefined) {
    const base64 = Buffer.from(body).toString('base64');
    return { text: base64, binary: true, value: base64, contentType: 'application/octet-stream' };
  }
  try {
    return { text, binary: false, value: parseStrictJson(text).value, contentType: 'application/json' };
  } catch (error) {
    if (!(error instanceof BusbarError)) throw error;
    return { text: JSON.stringify(text), binary: false, value: text, contentType: 'text/plain' };
  }
}

/** Undefined for bytes that are no text: no UTF-8, or with control characters that no text has. */
function textOf(body: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text) ? undefined : text;
  } catch {
    // It says that the bytes are no UTF-8, which is an answer and no failure.
    return undefined;
  }
}

/** The trace that the producer began, or one that is the same each time the message comes. */
function traceOf(message: BridgedMessage, given: string | undefined): string {
  const parent = readTraceParent(given);
  if (parent !== undefined) return writeTraceParent(parent);
  const hash = sha256(JSON.stringify([message.topic, message.id]));
  return `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A message as it is kept when the bus refused it: all that is needed to make it again by hand. */
export function keptMessage(message: BridgedMessage): string {
  const { body, bornAtMs, deliverAtMs, ...rest } = message;
  return JSON.stringify({
    ...rest,
    ...(bornAtMs !== undefined && { bornAt: new Date(bornAtMs).toISOString() }),
    ...(deliverAtMs !== undefined && { deliverAt: new Date(deliverAtMs).toISOString() }),
    body_base64: Buffer.from(body).toString('base64'),
  });
}
