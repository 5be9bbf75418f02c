import { numbers } from './numbers.ts';

/** What data may look like on its way in, and must look like on every way out: byte by byte, or refused with a reason. */

/** JSON texts, each of which is delivered letter by letter. */
export const jsonTexts: readonly string[] = [
  ...numbers,
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '{ "a" : [ 1 , 2.50 ] }',
  '{"id":12345678901234567890,"at":1.0,"zero":-0,"huge":1e400}',
  '"\\u00e9 \\/ \\n \\t \\u0000"',
  '"é ä € 😀 \u2028 \u2029 \ufeff \ufffd \u0085 \u007f"',
  // Half a surrogate pair: valid JSON, as long as it is escaped.
  '"\\ud800"',
  '["\\udc00\\ud800"]',
  '{"constructor":1,"toString":2,"a.b":3,"":4}',
  '{"data":{"data":1},"data_base64":"AA=="}',
  `"${'x'.repeat(20_000)}"`,
];

/** Texts of a content type that is not JSON. */
export const plainTexts: readonly string[] = [
  ' ',
  'hello',
  '{"not": "parsed", "not": 12345678901234567890}',
  '\ufeffbegins with a byte order mark',
  'é € 😀 \u2028 \ufffd',
  'a\u0000b\r\n\tc',
  '"quoted\\u0041"',
];

export const bytes: readonly Uint8Array[] = [
  Uint8Array.of(0),
  Uint8Array.of(0xff),
  Uint8Array.of(0xef, 0xbb, 0xbf),
  Uint8Array.of(0xff, 0xfe, 0x00, 0xd8),
  Uint8Array.from({ length: 256 }, (_, at) => at),
  Buffer.from('{"a": 12345678901234567890}'),
];

/** Bytes that are not UTF-8, each by its kind. */
export const notUtf8: readonly (readonly [kind: string, bytes: readonly number[]])[] = [
  ['a byte that no UTF-8 has', [0xff]],
  ['a continuation without a start', [0x80]],
  ['half a character', [0xc3]],
  ['two thirds of a character', [0xe2, 0x82]],
  // As many bytes as the replacement character, so their length tells nothing.
  ['three quarters of a character', [0xf0, 0x9f, 0x98]],
  ['an overlong form', [0xc0, 0xa0]],
  ['half a surrogate pair', [0xed, 0xa0, 0x80]],
  ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ['Latin 1', [0xe9, 0x74, 0xe9]],
];
