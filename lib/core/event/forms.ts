import { BusbarError } from '../kernel/errors.ts';
import { decodeText, parseStrictJson, type Span } from '../kernel/json.ts';
import { bus } from '../kernel/limits.ts';
import { readBinaryBody, readCeHeaders } from './binary-form.ts';
import {
  type AttributeValue,
  type BusEvent,
  charsetProblem,
  createEvent,
  invalid,
  parseTimestamp,
} from './event.ts';
import { publisherAttribute } from './publisher.ts';
import { readTraceParent, readTraceState, writeTraceParent } from './trace-context.ts';

/** A request as it arrives, before anything is parsed. */
export interface EventRequest {
  readonly contentType: string | undefined;
  /** Names in lower case; `ce-*`, `traceparent` and `tracestate` are read. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What the bus fills in where the producer gave no value. */
export interface EventDefaults {
  readonly nowMs: number;
  readonly source: string;
  /** Who publishes (event/publisher.ts). It takes the place of what the event says. */
  readonly publisher: string;
  uuid(): string;
  /** A W3C trace context for events that bring none. */
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** One entry of a request: an event and when it is due, or why it was rejected. */
export type Entry =
  | {
      readonly index: number;
      readonly event: BusEvent;
      readonly data: () => unknown;
      /** The data as JSON, for whoever needs its numbers exactly. */
      readonly dataText?: () => string | undefined;
      readonly dueAtMs?: number;
    }
  | { readonly index: number; readonly id: string | undefined; readonly error: BusbarError };

export const structured = 'application/cloudevents+json';
export const batched = 'application/cloudevents-batch+json';
export const shorthandFields = [
  'type',
  'data',
  'id',
  'source',
  'subject',
  'time',
  'delaySeconds',
  'deliverAt',
];

/**
 * Reads the events of a request in any of the four forms: the structured, batch and binary modes of CloudEvents 1.0.2
 * over HTTP, and the shorthand of the bus.
 * @throws BusbarError when the request as a whole cannot be read; an invalid event in a batch becomes an entry instead.
 */
export function readEvents(request: EventRequest, defaults: EventDefaults): Entry[] {
  if (request.body.length > bus.requestBytesMax) {
    throw new BusbarError(
      'request_too_large',
      `The body has ${request.body.length} bytes; at most ${bus.requestBytesMax} fit one request. Send fewer events at a time.`,
    );
  }
  const contentType = request.contentType ?? '';
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase();
  const trace = request.headers.traceparent === undefined ? defaults : withTrace(request.headers, defaults);
  if (mediaType === structured) {
    return read(textOf(request), false, (object) => readStructured(object, trace));
  }
  if (mediaType === batched) {
    return read(textOf(request), true, (object) => readStructured(object, trace));
  }
  // Another event format is not the binary mode, whatever headers come with it (HTTP binding 1.0.2, section 3).
  const isOtherFormat = mediaType?.startsWith('application/cloudevents') ?? false;
  if (!isOtherFormat && Object.keys(request.headers).some((name) => name.startsWith('ce-'))) {
    return [readBinary(request, trace)];
  }
  if (mediaType === 'application/json') {
    return read(textOf(request), undefined, (object) => readShorthand(object, trace));
  }
  throw new BusbarError(
    'unsupported_media_type',
    `The content type ${JSON.stringify(contentType)} is not supported. Send ${structured}, ${batched}, ` +
      'application/json, or any type with the ce-* headers of the binary mode.',
  );
}

/** JSON is UTF-8, whatever its media type says (RFC 8259, section 8.1). */
export function textOf({ contentType = '', body }: Pick<EventRequest, 'contentType' | 'body'>): string {
  const problem = contentType.includes(';') ? charsetProblem(contentType) : undefined;
  if (problem === undefined) return decodeText(body);
  throw new BusbarError(
    'unsupported_media_type',
    `The content type ${JSON.stringify(contentType)} ${problem}.`,
  );
}

/** A `traceparent` that is not valid is ignored, and its `tracestate` with it (W3C Trace Context, section 4.3). */
function withTrace({ traceparent, tracestate }: EventRequest['headers'], defaults: EventDefaults) {
  const parent = readTraceParent(traceparent);
  if (parent === undefined) return defaults;
  const state = readTraceState(tracestate);
  return {
    ...defaults,
    traceparent: writeTraceParent(parent),
    ...(state !== undefined && { tracestate: state }),
  };
}

/** The members of one JSON object, with the text of each. */
interface JsonObject {
  readonly value: Readonly<Record<string, unknown>>;
  text(member: string): string;
}

type Built = {
  event: BusEvent;
  data: () => unknown;
  dataText?: () => string | undefined;
  dueAtMs?: number;
};

/** `wantsArray` is undefined where both one object and an array are accepted. */
function read(text: string, wantsArray: boolean | undefined, build: (object: JsonObject) => Built): Entry[] {
  const { value, members } = parseStrictJson(text);
  const isArray = Array.isArray(value);
  if (wantsArray !== undefined && wantsArray !== isArray) {
    throw new BusbarError(
      'invalid_event',
      wantsArray
        ? `A ${batched} body is an array of events. Send one event as ${structured}.`
        : `A ${structured} body is one event. Send an array as ${batched}.`,
    );
  }
  const values: readonly unknown[] = isArray ? value : [value];
  if (values.length === 0) {
    throw new BusbarError('empty_batch', 'The batch has no events. Send at least one.');
  }
  if (values.length > bus.requestEventsMax) {
    throw new BusbarError(
      'batch_too_long',
      `The batch has ${values.length} events; at most ${bus.requestEventsMax} fit one request. Split it.`,
    );
  }
  // Only objects have members, so they are counted along with the values.
  let objects = 0;
  return values.map((item, index) => {
    try {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) {
        throw new BusbarError('invalid_event', 'An event must be a JSON object.');
      }
      const spans = members[objects++];
      return { index, ...build(jsonObject(item as Record<string, unknown>, text, spans)) };
    } catch (error) {
      if (!(error instanceof BusbarError)) throw error;
      return { index, id: idOf(item), error };
    }
  });
}

function jsonObject(
  value: Readonly<Record<string, unknown>>,
  text: string,
  spans: ReadonlyMap<string, Span> | undefined,
): JsonObject {
  return {
    value,
    text(member) {
      const span = spans?.get(member);
      return span === undefined ? JSON.stringify(value[member]) : text.slice(span[0], span[1]);
    },
  };
}

function idOf(item: unknown): string | undefined {
  const id = (item as { id?: unknown } | null)?.id;
  return typeof id === 'string' ? id : undefined;
}

function readStructured(object: JsonObject, defaults: EventDefaults): Built {
  const { specversion, data, ...members } = object.value;
  // Null base64 is not set, but null data is data (section 3.1.1).
  const { data_base64 = null, ...others } = members;
  if (specversion !== '1.0') {
    throw invalid('specversion', specversion === undefined ? 'is missing: send "1.0"' : 'is not "1.0"');
  }
  const attributes = noAttributes();
  for (const [name, value] of Object.entries(others)) {
    // A null attribute is one that is not set (CloudEvents JSON format 1.0.2, section 2.2).
    if (value !== null) attributes[name] = value as AttributeValue;
  }
  if (data !== undefined && data_base64 !== null) {
    throw invalid('data_base64', 'cannot be combined with data. Send one of the two');
  }
  if (data_base64 !== null) {
    return binaryData(fill(attributes, defaults), data_base64);
  }
  if (data === undefined) return build(fill(attributes, defaults), undefined);
  return build(fill(attributes, defaults, 'application/json'), { text: object.text('data'), value: data });
}

/** Canonical: the bits that padding leaves are zero, so that every reader accepts it (RFC 4648, section 3.5). */
const base64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

function binaryData(attributes: Record<string, AttributeValue>, text: unknown): Built {
  if (typeof text !== 'string' || !base64.test(text)) {
    throw invalid('data_base64', 'is not base64 (RFC 4648, section 4, with padding and no other bits set)');
  }
  return { event: createEvent({ attributes, data: { text, binary: true } }), data: () => undefined };
}

function readShorthand(object: JsonObject, defaults: EventDefaults): Built {
  for (const name of Object.keys(object.value)) {
    if (!shorthandFields.includes(name)) {
      const hint =
        name === 'specversion'
          ? `. Send a whole CloudEvent as ${structured}`
          : `. The fields are ${shorthandFields.join(', ')}`;
      throw invalid(name, `is not a field of the shorthand${hint}`);
    }
  }
  const { data, delaySeconds, deliverAt, ...given } = object.value;
  const attributes = noAttributes();
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string') throw invalid(name, 'must be a string');
    attributes[name] = value;
  }
  const dueAtMs = readDueAt(delaySeconds, deliverAt, defaults.nowMs);
  attributes.id ??= defaults.uuid();
  attributes.source ??= defaults.source;
  const built =
    data === undefined
      ? build(fill(attributes, defaults), undefined)
      : build(fill(attributes, defaults, 'application/json'), { text: object.text('data'), value: data });
  return dueAtMs === undefined ? built : { ...built, dueAtMs };
}

/** When the event is due, in epoch milliseconds; undefined for at once. */
function readDueAt(delaySeconds: unknown, deliverAt: unknown, nowMs: number): number | undefined {
  if (delaySeconds !== undefined && deliverAt !== undefined) {
    throw invalid('deliverAt', 'cannot be combined with delaySeconds. Send one of the two');
  }
  if (delaySeconds !== undefined) {
    if (typeof delaySeconds !== 'number' || !(delaySeconds >= 0 && delaySeconds <= bus.delaySecondsMax)) {
      throw invalid('delaySeconds', `must be a number from 0 to ${bus.delaySecondsMax} (ten years)`);
    }
    return delaySeconds === 0 ? undefined : nowMs + Math.round(delaySeconds * 1000);
  }
  if (deliverAt === undefined) return undefined;
  const atMs = typeof deliverAt === 'string' ? parseTimestamp(deliverAt) : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw invalid('deliverAt', 'is not an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z');
  }
  if (atMs > nowMs + bus.delaySecondsMax * 1000) throw invalid('deliverAt', 'is more than ten years ahead');
  return atMs <= nowMs ? undefined : atMs;
}

function readBinary(request: EventRequest, defaults: EventDefaults): Entry {
  let id = request.headers['ce-id'];
  try {
    const given = readCeHeaders(request.headers);
    id = given.id === undefined ? undefined : String(given.id);
    const data = readBinaryBody(request);
    // The default media type of data is that of JSON (section 3.1.2); without data there may be one, too.
    const contentType = request.contentType ?? (data && 'application/json');
    const attributes = fill(given, defaults, contentType);
    return {
      index: 0,
      ...(data?.kind === 'bytes' ? binaryData(attributes, data.base64) : build(attributes, data)),
    };
  } catch (error) {
    if (!(error instanceof BusbarError) || error.code !== 'invalid_event') throw error;
    return { index: 0, id, error };
  }
}

/** Without a prototype, so `__proto__` is a name like any other and rejected like any other. */
function noAttributes(): Record<string, AttributeValue> {
  return Object.create(null);
}

function build(
  attributes: Record<string, AttributeValue>,
  data: { text: string; value: unknown } | undefined,
): Built {
  const event = createEvent({ attributes, data: data && { text: data.text, binary: false } });
  return { event, data: () => data?.value, dataText: () => data?.text };
}

/** Fills in what every event on the bus has: a time, the content type of its data, a trace, its publisher. */
function fill(
  given: Record<string, AttributeValue>,
  defaults: EventDefaults,
  datacontenttype?: string,
): Record<string, AttributeValue> {
  const attributes = { ...given };
  attributes.time ??= new Date(defaults.nowMs).toISOString();
  if (datacontenttype !== undefined) attributes.datacontenttype ??= datacontenttype;
  if (attributes.traceparent === undefined) {
    attributes.traceparent = defaults.traceparent;
    if (defaults.tracestate !== undefined) attributes.tracestate ??= defaults.tracestate;
  }
  attributes[publisherAttribute] = defaults.publisher;
  return attributes;
}
