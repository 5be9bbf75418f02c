import { jsonDepthMax, parseStrictJson } from '../kernel/json.ts';
import { type AttributeValue, isJsonMediaType } from './event.ts';

/** An event taken apart, as binary modes carry it: its attributes beside its data. */
export interface EventInParts {
  /** Without `datacontenttype`. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly contentType: string | undefined;
  /** JSON is kept verbatim; undefined for an event without data. */
  readonly data: string | Uint8Array | undefined;
}

/** @param text the structured form. */
export function takeApart(text: string): EventInParts {
  // The event is a level around its data, which may be as deep as is accepted.
  const { value, members } = parseStrictJson(text, jsonDepthMax + 1);
  const { data, data_base64, datacontenttype, ...attributes } = value as Record<string, AttributeValue>;
  const contentType = typeof datacontenttype === 'string' ? datacontenttype : undefined;
  if (typeof data_base64 === 'string') {
    return { attributes, contentType, data: Buffer.from(data_base64, 'base64') };
  }
  const span = members[0]?.get('data');
  if (span === undefined) return { attributes, contentType, data: undefined };
  if (typeof data === 'string' && !isJsonMediaType(contentType)) return { attributes, contentType, data };
  return { attributes, contentType: contentType ?? 'application/json', data: text.slice(span[0], span[1]) };
}

/** The text of an event's data, if that is JSON. @param body the structured form. */
export function dataTextOf(body: string): string | undefined {
  const span = parseStrictJson(body, jsonDepthMax + 1).members[0]?.get('data');
  return span && body.slice(span[0], span[1]);
}
