import { type BusbarError, invalidField } from '../kernel/errors.ts';

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
const token = "[!#$%&'*+.^_`|~\\w-]+";
/**
 * RFC 9110, section 8.3.1; a value may also have the characters that some write without the quotes they need. It becomes a
 * header in binary mode, so it must be printable ASCII.
 */
export const mediaType = new RegExp(
  `^${token}/${token}([ \\t]*;[ \\t]*(${token}=("([\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\t\\x20-\\x7e])*"|[!#$%&'*+.^_\`|~/:\\w-]+))?)*$`,
);
const pchar = "([\\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
const authority =
  "(([\\w.~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?(\\[[\\w.:~!$&'()*+,;=-]+\\]|([\\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(:\\d*)?";
const pathOf = (first: string) =>
  `(//${authority}(/${pchar}*)*|/(${pchar}+(/${pchar}*)*)?|${first}(/${pchar}*)*)?`;
const noColon = "([\\w.~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+";
const scheme = '[A-Za-z][A-Za-z0-9+.-]*:';
const queryAndFragment = `(\\?(${pchar}|[/?])*)?(#(${pchar}|[/?])*)?`;
/** RFC 3986, section 4.1; an empty one is no attribute. */
export const uriReference = new RegExp(
  `^(?=.)(${scheme}${pathOf(`${pchar}+`)}|${pathOf(noColon)})${queryAndFragment}$`,
);
/** A fragment is accepted, because schemas are referred to by one. */
export const absoluteUri = new RegExp(`^(?=${scheme}.)${scheme}${pathOf(`${pchar}+`)}${queryAndFragment}$`);
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
  if (parts.data !== undefined && !parts.data.binary)
    checkText(parts.data.text, parts.attributes.datacontenttype);
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
  if (name === 'data') {
    throw invalid(name, 'is not an attribute. The data of a binary event is the body');
  }
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
  if (name === 'dataschema' && !absoluteUri.test(value)) {
    throw invalid(name, 'is not an absolute URI');
  }
  if (name === 'time' && Number.isNaN(parseTimestamp(value))) {
    throw invalid(name, 'is not an RFC 3339 time such as 2026-01-31T12:00:00Z');
  }
  if (name === 'datacontenttype' && !mediaType.test(value)) {
    throw invalid(name, 'is not a media type such as application/json');
  }
}

/**
 * Data that is not JSON is a string in the JSON format (1.0.2, section 3.1), which binary mode writes as UTF-8: it must be
 * one, and survive that.
 */
function checkText(json: string, contentType: AttributeValue | undefined): void {
  if (typeof contentType !== 'string' || isJsonMediaType(contentType)) return;
  if (!json.startsWith('"')) {
    throw invalid('data', 'must be a string, because datacontenttype is not JSON. Send bytes as data_base64');
  }
  const problem = contentType.includes(';') ? charsetProblem(contentType) : undefined;
  if (problem !== undefined) throw invalid('datacontenttype', problem);
  if (json.includes('\\u') && !(JSON.parse(json) as string).isWellFormed()) {
    throw invalid('data', 'has half a surrogate pair, which UTF-8 cannot encode. Send bytes as data_base64');
  }
}

function isCoreAttribute(name: string): boolean {
  return ['id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'].includes(name);
}

/** https://www.rfc-editor.org/rfc/rfc3339#section-5.6, with lower-case letters as section 5.6 allows. */
const timestamp =
  /^(\d{4})-(0[1-9]|1[0-2])-(\d{2})[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * An RFC 3339 time in epoch milliseconds, digits beyond cut off; NaN for any other text. A leap second is the first
 * moment of the next day, because epoch time has none; it is accepted only where one can be: at the end of a month in UTC.
 */
export function parseTimestamp(text: string): number {
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] =
    timestamp.exec(text) ?? [];
  if (year === undefined || !(Number(day) >= 1 && Number(day) <= daysOf(Number(year), Number(month)))) {
    return Number.NaN;
  }
  const offsetMinutes = Number(`${sign ?? ''}1`) * (Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0));
  const date = new Date(0);
  // `Date.UTC` takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute) - offsetMinutes, Number(second));
  const isLeapSecond = second === '60';
  if (isLeapSecond && !isStartOfMonth(date)) return Number.NaN;
  return date.getTime() + (isLeapSecond ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0')));
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

const isStartOfMonth = (date: Date) =>
  date.getUTCDate() === 1 && date.getUTCHours() === 0 && date.getUTCMinutes() === 0;

/** An `invalid_event` error about one attribute. */
export function invalid(path: string, problem: string): BusbarError {
  return invalidField(path, problem, 'invalid_event');
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

/**
 * What is wrong with the charset of a media type whose data the bus carries as text; undefined when nothing is. The bus
 * writes text in UTF-8, of which US-ASCII is a part.
 */
export function charsetProblem(contentType: string): string | undefined {
  for (const [, name = '', value = ''] of contentType.matchAll(
    /;[ \t]*([^\s;="]+)=("(?:[^"\\]|\\.)*"|[^;]*)/g,
  )) {
    if (name.toLowerCase() !== 'charset') continue;
    const charset = value
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .replace(/\\(.)/g, '$1');
    if (/^(utf-?8|us-ascii)$/i.test(charset)) continue;
    return `names the charset ${charset}. Send text as UTF-8, or other bytes as application/octet-stream`;
  }
  return undefined;
}

export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
