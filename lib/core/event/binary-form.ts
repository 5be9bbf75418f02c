import { BusbarError } from '../kernel/errors.ts';
import { decodeText, parseStrictJson } from '../kernel/json.ts';
import { type AttributeValue, charsetProblem, invalid, isJsonMediaType } from './event.ts';

type BinaryData =
  | { readonly kind: 'value'; readonly text: string; readonly value: unknown }
  | { readonly kind: 'bytes'; readonly base64: string };

/**
 * Reads the attributes of the binary mode: they are `ce-` headers (CloudEvents HTTP binding 1.0.2, section 3.1).
 * @throws BusbarError invalid_event, naming the header.
 */
export function readCeHeaders(
  headers: Readonly<Record<string, string | undefined>>,
): Record<string, AttributeValue> {
  // Without a prototype, so `__proto__` is a name like any other and rejected like any other.
  const attributes: Record<string, AttributeValue> = Object.create(null);
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith('ce-') && value !== undefined) {
      attributes[header.slice(3)] = decodeHeader(header, value);
    }
  }
  const { specversion, ...others } = attributes;
  if (specversion !== '1.0') {
    throw invalid('ce-specversion', specversion === undefined ? 'is missing: send 1.0' : 'is not 1.0');
  }
  if ('datacontenttype' in others) {
    throw invalid('ce-datacontenttype', 'is not a header of the binary mode. Send content-type');
  }
  return others;
}

/**
 * Reads the data of the binary mode: JSON stays verbatim, text becomes a string, anything else stays bytes.
 * @throws BusbarError malformed_json, unsupported_media_type.
 */
export function readBinaryBody({
  contentType,
  body,
}: {
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}): BinaryData | undefined {
  if (body.length === 0) return undefined;
  const type = contentType ?? 'application/json';
  const isJson = isJsonMediaType(type);
  if (!isJson && !/^text\//i.test(type)) {
    return { kind: 'bytes', base64: Buffer.from(body).toString('base64') };
  }
  const problem = charsetProblem(type);
  if (problem !== undefined) {
    throw new BusbarError('unsupported_media_type', `The content type ${JSON.stringify(type)} ${problem}.`);
  }
  const text = decodeText(body, 'data');
  if (!isJson) return { kind: 'value', text: JSON.stringify(text), value: text };
  if (text.startsWith('\ufeff')) {
    throw new BusbarError(
      'malformed_json',
      'The body begins with a byte order mark, which JSON does not have (RFC 8259, section 8.1). Leave it out.',
    );
  }
  return { kind: 'value', text, value: parseStrictJson(text).value };
}

/**
 * Decodes the value of a header: double-quoted parts are unescaped (RFC 9110, section 5.6.4), and then percent escapes
 * decoded, once (HTTP binding 1.0.2, section 3.1.3.2).
 */
function decodeHeader(header: string, value: string): string {
  if (/[^\t\x20-\x7e]/.test(value)) {
    throw invalid(header, 'has characters other than printable ASCII. Percent-encode them as UTF-8');
  }
  const unquoted = value.includes('"') ? unquote(header, value) : value;
  try {
    return decodeURIComponent(unquoted);
  } catch {
    throw invalid(
      header,
      'has a percent sign that does not begin a UTF-8 escape. Write %25 for a percent sign',
    );
  }
}

function unquote(header: string, value: string): string {
  if (!/^[^"]*(?:"(?:[^"\\]|\\.)*"[^"]*)*$/.test(value)) {
    throw invalid(header, 'has a double quote that is not closed. Write %22 for a double quote');
  }
  return value.replace(/"((?:[^"\\]|\\.)*)"/g, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1'));
}
