import { BusbarError } from '../kernel/errors.ts';

/**
 * An event on the bus: a CloudEvents 1.0 event whose `body` is its structured JSON form, written once at the edge and
 * carried verbatim to the endpoint.
 */
export interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string | undefined;
  readonly traceparent: string | undefined;
  readonly body: string;
}

export type AttributeValue = string | number | boolean;

/** What an event is made of before it is written: attributes without `specversion`, and data as JSON text. */
export interface EventParts {
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** JSON text, or base64 text when `binary`; undefined for an event without data. */
  readonly data: { readonly text: string; readonly binary: boolean } | undefined;
}

const attributeName = /^[a-z0-9]{1,64}$/;
/** It becomes a header in binary mode, so it must be printable ASCII. */
export const mediaType =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[\x20\x21\x23-\x7e]*"|[\w!#$&^.+/:-]+))*$/;
const timestamp = /^(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
/** The characters of a URI reference (RFC 3986, section 2), any percent sign followed by two hex digits. */
export const uriReference = /^([\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
export const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:./;
/** CloudEvents strings hold no control characters and no noncharacters (spec 1.0.2, "String"). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are rejected.
const forbiddenCharacter = /[\u0000-\u001f\u007f-\u009f]|\p{Noncharacter_Code_Point}/u;
const stringCharactersMax = 1024;

/**
 * Checks the attributes by the CloudEvents 1.0.2 specification and writes the event.
 * @throws BusbarError invalid_event, naming the attribute.
 */
export function createEvent(parts: EventParts): BusEvent {
  for (const [name, value] of Object.entries(parts.attributes)) checkAttribute(name, value);
  for (const name of ['id', 'source', 'type']) {
    if (parts.attributes[name] === undefined) {
      throw invalid(name, `is missing. Every event needs a non-empty ${name}`);
    }
  }
  const { id, source, type, subject, traceparent } = parts.attributes;
  return {
    id: String(id),
    source: String(source),
    type: String(type),
    subject: subject === undefined ? undefined : String(subject),
    traceparent: traceparent === undefined ? undefined : String(traceparent),
    body: writeEvent(parts),
  };
}

function checkAttribute(name: string, value: unknown): void {
  if (!attributeName.test(name)) {
    throw invalid(name, 'is not a CloudEvents attribute: use only lower-case letters and digits in the name');
  }
  if (typeof value === 'number') {
    if (isCoreAttribute(name)) throw invalid(name, 'must be a string');
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 31) {
      throw invalid(name, 'is not a 32-bit integer. Send it as a string, or put it into data');
    }
    return;
  }
  if (typeof value === 'boolean') {
    if (isCoreAttribute(name)) throw invalid(name, 'must be a string');
    return;
  }
  if (typeof value !== 'string') {
    throw invalid(name, 'must be a string, an integer or a boolean. Put anything richer into data');
  }
  if (value === '' && isCoreAttribute(name)) throw invalid(name, 'is empty. Leave it out or give it a value');
  if (value.length > stringCharactersMax) {
    throw invalid(name, `is longer than ${stringCharactersMax} characters. Put long values into data`);
  }
  if (forbiddenCharacter.test(value) || !value.isWellFormed()) {
    throw invalid(name, 'has control characters, noncharacters or broken Unicode. Remove them');
  }
  if (name === 'source' && !uriReference.test(value)) {
    throw invalid(name, 'is not a URI reference (RFC 3986). Escape spaces and other characters with %XX');
  }
  if (name === 'dataschema' && !(absoluteUri.test(value) && uriReference.test(value))) {
    throw invalid(name, 'is not an absolute URI');
  }
  if (name === 'time' && Number.isNaN(parseTimestamp(value))) {
    throw invalid(name, 'is not an RFC 3339 time such as 2026-01-31T12:00:00Z');
  }
  if (name === 'datacontenttype' && !mediaType.test(value)) {
    throw invalid(name, 'is not a media type such as application/json');
  }
}

function isCoreAttribute(name: string): boolean {
  return ['id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'].includes(name);
}

/** An RFC 3339 time in epoch milliseconds; NaN for any other text. */
export function parseTimestamp(text: string): number {
  const [, year, month, day] = timestamp.exec(text) ?? [];
  // `Date.parse` turns 30 February into 2 March.
  const daysOfMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(day) <= daysOfMonth ? Date.parse(text.toUpperCase()) : Number.NaN;
}

/** An `invalid_event` error about one attribute. */
export function invalid(path: string, problem: string): BusbarError {
  return new BusbarError('invalid_event', `${path} ${problem}.`, { fields: [{ path, detail: problem }] });
}

/** Writes the structured form. Data is kept verbatim; attributes keep their order after the required ones. */
function writeEvent({ attributes, data }: EventParts): string {
  const { id, source, type, ...others } = attributes;
  let text = `{"specversion":"1.0","id":${JSON.stringify(id)},"source":${JSON.stringify(source)},"type":${JSON.stringify(type)}`;
  for (const [name, value] of Object.entries(others)) text += `,"${name}":${JSON.stringify(value)}`;
  if (data !== undefined) {
    text += data.binary ? `,"data_base64":${JSON.stringify(data.text)}` : `,"data":${data.text}`;
  }
  return escapeForQueue(`${text}}`);
}

/**
 * SQS rejects two characters that JSON allows (#xFFFE and #xFFFF; SQS API reference, SendMessage). In JSON they occur
 * only in strings, where their escape means the same.
 */
function escapeForQueue(json: string): string {
  return json.replaceAll('\ufffe', '\\ufffe').replaceAll('\uffff', '\\uffff');
}

export function isJsonMediaType(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  return /[/+]json$/i.test(contentType.split(';')[0]?.trim() ?? '');
}

export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
