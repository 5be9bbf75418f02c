import { isUtf8 } from 'node:buffer';
import type { CloudEvent } from './cloud-event.ts';
import { type HeaderSource, headerEntries, headerOf } from './headers.ts';

const coreAttributes = ['specversion', 'id', 'source', 'type'] as const;

/** How a request carries its event: whole in the body, or its attributes in headers and its data in the body. */
export type EventFormat = 'structured' | 'binary';

/** The format of a request, by its content type. */
export function formatOf(headers: HeaderSource): EventFormat {
  const type = mediaType(headerOf(headers, 'content-type'));
  return type === 'application/cloudevents+json' ? 'structured' : 'binary';
}

/**
 * Reads the event of a request, as the CloudEvents HTTP binding defines it: in structured mode if the content type says
 * so, otherwise in binary mode. @throws Error that names the problem.
 */
export function readEvent(headers: HeaderSource, body: Uint8Array): CloudEvent {
  return formatOf(headers) === 'structured' ? readStructured(body) : readBinary(headers, body);
}

/** CloudEvents JSON format 1.0.2: binary data is base64 in `data_base64`. */
function readStructured(body: Uint8Array): CloudEvent {
  const value: unknown = JSON.parse(decode(body));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('The body is not a JSON object.');
  }
  const { data_base64: base64, ...others }: Record<string, unknown> = { ...value };
  // A null attribute is one that is not set (CloudEvents JSON format 1.0.2, section 2.2); null data is data.
  const members = Object.fromEntries(
    Object.entries(others).filter(([name, member]) => member !== null || name === 'data'),
  );
  if (base64 === undefined || base64 === null) return checked(members);
  if (typeof base64 !== 'string') throw new Error('data_base64 is not a string.');
  return checked({ ...members, data: new Uint8Array(Buffer.from(base64, 'base64')) });
}

/** CloudEvents HTTP binding 1.0.2, section 3.1: `ce-` headers are the attributes, percent-encoded. */
function readBinary(headers: HeaderSource, body: Uint8Array): CloudEvent {
  const contentType = headerOf(headers, 'content-type');
  const attributes: [name: string, value: unknown][] = [];
  for (const [name, value] of headerEntries(headers)) {
    if (name.startsWith('ce-')) attributes.push([name.slice('ce-'.length), decodeHeader(value)]);
  }
  if (contentType !== undefined) attributes.push(['datacontenttype', contentType]);
  if (body.length > 0) attributes.push(['data', readData(contentType, body)]);
  // Unlike an assignment, this makes an attribute of any name, `__proto__` included.
  return checked(Object.fromEntries(attributes));
}

/**
 * Double-quoted parts are unescaped (RFC 9110, section 5.6.4), and then percent escapes decoded, once (HTTP binding 1.0.2,
 * section 3.1.3.2). @throws URIError for escapes that are not UTF-8.
 */
function decodeHeader(value: string): string {
  const unquoted = value.replace(/"((?:[^"\\]|\\.)*)"/g, (_, quoted: string) =>
    quoted.replace(/\\(.)/g, '$1'),
  );
  return decodeURIComponent(unquoted);
}

function readData(contentType: string | undefined, body: Uint8Array): unknown {
  const type = mediaType(contentType) ?? 'application/json';
  if (/[/+]json$/.test(type)) return JSON.parse(decode(body));
  return type.startsWith('text/') ? readText(body) : new Uint8Array(body);
}

/** Text in another charset stays bytes. */
function readText(body: Uint8Array): string | Uint8Array {
  return isUtf8(body) ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(body) : new Uint8Array(body);
}

function checked(members: Record<string, unknown>): CloudEvent {
  const { specversion, id, source, type } = members;
  if (specversion !== '1.0') throw new Error('The request does not contain a CloudEvents 1.0 event.');
  for (const name of coreAttributes) {
    const value = members[name];
    if (!Object.hasOwn(members, name) || typeof value !== 'string' || value === '')
      throw new Error(`The event has no ${name}.`);
  }
  return { ...members, specversion, id: String(id), source: String(source), type: String(type) };
}

function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';')[0]?.trim().toLowerCase();
}

function decode(body: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(body);
}
