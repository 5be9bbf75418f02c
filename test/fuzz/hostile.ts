import fc from 'fast-check';

/** Values, texts and bytes that are likely to break parsers. */

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
const deep = (depth: number): unknown => JSON.parse(nested(depth, '[', ']'));

const texts = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  'a\udfffb',
  '\uffff',
  '\ufeffx',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '%00%2F..',
  '\r\nx-injected: 1',
  "' OR 1=1 --",
  '#{pk}',
  '{}',
  'null',
  '-0',
  '1e999',
  '\u202egnp',
  '👩‍👩‍👧‍👦',
  'e\u0301',
] as const;

/** A value of an unexpected type or size. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(...texts) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      -0,
      1.5,
      2 ** 31,
      2 ** 53,
      -(2 ** 63),
      1e308,
      5e-324,
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      [],
      {},
      [[]],
      [null],
      JSON.parse('{"__proto__": {"isAdmin": true}}'),
      { constructor: { prototype: {} } },
      { toJSON: 'x' },
      { length: -1 },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(31, 33, 500).map(deep) },
  { weight: 1, arbitrary: fc.constantFrom(300, 1100, 2100, 70_000).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom('\u20ac', '😀', '\u0001').map((text) => text.repeat(1030)) },
  { weight: 1, arbitrary: fc.constant(Array.from({ length: 2000 }, (_, index) => index)) },
  {
    weight: 1,
    arbitrary: fc.constant(
      Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, index])),
    ),
  },
);

const hostileName = fc.constantFrom(
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'extra',
  '',
  'a.b',
  '$ref',
  '\ud800',
  'Owner',
  'x'.repeat(3000),
);

/** A value with one corrupted place: replaced, removed, or with an additional member. */
export function spoilt(value: unknown): fc.Arbitrary<unknown> {
  const places = placesOf(value);
  return fc
    .tuple(
      fc.nat(places.length - 1),
      fc.constantFrom('replace', 'replace', 'leave-out', 'add'),
      hostileValue,
      hostileName,
    )
    .map(([at, how, hostile, name]) => {
      const place = places[at] ?? [];
      if (how === 'add') return withMember(value, place, name, hostile);
      if (place.length === 0) return hostile;
      return how === 'replace' ? withValue(value, place, hostile) : without(value, place);
    });
}

type Place = readonly (string | number)[];

function placesOf(value: unknown, place: Place = []): Place[] {
  if (typeof value !== 'object' || value === null || place.length > 6) return [place];
  const inner = Object.keys(value).slice(0, 30);
  return [
    place,
    ...inner.flatMap((key) => placesOf((value as Record<string, unknown>)[key], [...place, key])),
  ];
}

/** A copy in which the object at the end of the path is changed. */
function changed(
  value: unknown,
  place: Place,
  change: (holder: Record<string, unknown>, key: string) => void,
): unknown {
  const copy = structuredClone(value);
  let at = copy as Record<string, unknown>;
  for (const key of place.slice(0, -1)) at = at[key] as Record<string, unknown>;
  change(at, String(place.at(-1)));
  return copy;
}
const define = (holder: object, key: string, value: unknown) =>
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });

const withValue = (value: unknown, place: Place, hostile: unknown) =>
  changed(value, place, (holder, key) => void define(holder, key, hostile));
const without = (value: unknown, place: Place) =>
  changed(value, place, (holder, key) => void delete holder[key]);
function withMember(value: unknown, place: Place, name: string, hostile: unknown): unknown {
  const copy = structuredClone(value);
  let at = copy as Record<string, unknown>;
  for (const key of place) {
    const next = at[key];
    if (typeof next !== 'object' || next === null) break;
    at = next as Record<string, unknown>;
  }
  if (typeof at === 'object' && at !== null) define(at, name, hostile);
  return copy;
}

type Spoil = (text: string, dice: number) => string | Uint8Array;

/** Corrupts JSON text, so that it is invalid or that parsers disagree about it. */
const textSpoils: readonly Spoil[] = [
  (text, dice) => text.slice(0, Math.floor(text.length * dice)),
  (text) => text.replace('{', '{"twice":1,"twice":2,'),
  (text) => text.replace('{', '{"__proto__":{"isAdmin":true},'),
  (text) => text.replace(/[{,]"(\w+)":/, '{"$1":1,"$1":'),
  (text) => text.replace(/:\s*-?\d+(\.\d+)?/, ':1e999'),
  (text) => text.replace(/:\s*-?\d+(\.\d+)?/, ':123456789012345678901234567890'),
  (text) => text.replace(/:\s*-?\d+(\.\d+)?/, ':-0.0'),
  (text) => text.replace(/:\s*-?\d+(\.\d+)?/, ':NaN'),
  (text) => text.replace(/:"/, ':"\\ud800'),
  (text) => text.replace(/:"/, ':"\\u0000'),
  (text) => text.replace(/:"/, ':"\u0001'),
  (text) => text.replace(/:"/, ':"\\uffff\\ufffe'),
  (text) => `\ufeff${text}`,
  (text) => `${text} x`,
  (text) => `${text}${text}`,
  (text) => `/* c */ ${text}`,
  (text) => text.replaceAll('"', "'"),
  (text) => `[${text}]`,
  (text) => JSON.stringify(text),
  () => nested(50_000, '[', ']'),
  () => nested(50_000, '{"a":', '}'),
  () => '',
  () => 'null',
  () => '""',
  (text) => Buffer.from(text, 'utf16le'),
  (text) =>
    Buffer.concat([
      Buffer.from(text.slice(0, -2)),
      Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
      Buffer.from(text.slice(-2)),
    ]),
  (text, dice) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[Math.floor(bytes.length * dice * 0.999)] = 0x80;
    return bytes;
  },
  (text) => `${' '.repeat(20_000)}${text}`,
];

export const textSpoil = fc.tuple(
  fc.nat(textSpoils.length - 1),
  fc.double({ min: 0, max: 0.999, noNaN: true }),
);
export function spoilText(text: string, [at, dice]: readonly [number, number]): Uint8Array {
  const made = textSpoils[at]?.(text, dice) ?? text;
  return typeof made === 'string' ? Buffer.from(made, 'utf8') : made;
}

/** Path segments, percent-encoded. */
export const hostileSegment = fc.constantFrom(
  '%2F',
  'a%2Fb',
  '..',
  '%2e%2e',
  '.',
  '%00',
  'a%00b',
  '%',
  '%zz',
  '%ff',
  '%ed%a0%80',
  '%3F',
  '%3Fforce=true',
  '%23',
  'Orders',
  'a_b',
  'a'.repeat(49),
  'x'.repeat(1100),
  'x'.repeat(2100),
  encodeURIComponent('😀'.repeat(600)),
  '__proto__',
  'constructor',
  '%20',
  ';a=b',
  '{topic}',
  '*',
  '',
);

export const hostileHeaders: fc.Arbitrary<Record<string, string>> = fc.oneof(
  fc.constantFrom<Record<string, string>>(
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'br, identity' },
    { 'content-length': '-1' },
    { 'content-length': '99999999999' },
    { 'transfer-encoding': 'chunked' },
    { expect: '100-continue' },
    { 'x-http-method-override': 'DELETE' },
    { host: '' },
    { host: 'sink.test' },
    { host: '[::1' },
    { host: 'a\u0000b' },
    { cookie: 'a=b; __proto__=c' },
    { cookie: ';;;=' },
    { accept: 'text/html' },
    { range: 'bytes=0-1' },
    { 'if-none-match': '*' },
    { traceparent: '00-0-0-0' },
    { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00` },
    { 'x-forwarded-for': '127.0.0.1, ::1' },
    { 'x-amzn-trace-id': 'Root=' },
    { 'user-agent': 'x'.repeat(9000) },
    { 'webhook-allowed-rate': '0' },
    { 'webhook-allowed-rate': '1e9' },
    { origin: 'http://evil.test' },
    { 'ce-specversion': '1.0' },
    { 'ce-specversion': '0.3', 'ce-id': '1' },
    { 'ce-specversion': '1.0', 'ce-id': '%zz', 'ce-source': '/a', 'ce-type': 'a' },
    { 'ce-': 'x' },
    { __proto__: 'x' } as Record<string, string>,
  ),
  fc.constant(JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>),
);

export const hostileContentType = fc.constantFrom(
  '',
  'text/plain',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/json;',
  'application/json, text/plain',
  'application/jsonx',
  'application/cloudevents+xml',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'application/octet-stream',
  `application/json; a=${'x'.repeat(3000)}`,
  '/',
  '\u0000',
);

export const hostileMethod = fc.constantFrom(
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'QUERY',
  'x'.repeat(100),
  '__proto__',
  'toString',
);
