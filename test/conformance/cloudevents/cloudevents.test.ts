import { HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../../lib/client/received-event.ts';
import { writeRequest } from '../../../lib/connectors/webhook/request.ts';
import { type Entry, readEvents } from '../../../lib/core/event/forms.ts';
import { readBySdk } from '../../core/sdk.ts';

/**
 * CloudEvents 1.0.2: the specification, its HTTP binding and its JSON format. Each rule with what a producer sends and what
 * an endpoint gets, read by our client and by the SDK of the CloudEvents project.
 */

const defaults = {
  nowMs: Date.parse('2026-01-31T12:00:00Z'),
  source: '/s',
  publisher: 'shop',
  uuid: () => 'e-1',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
};
/** What the bus adds to every event. */
const added = ['time', 'traceparent', 'busbarpublisher', 'publisher'];

function read(
  contentType: string | undefined,
  headers: Record<string, string>,
  body: string | Uint8Array,
): Entry[] {
  return readEvents(
    { contentType, headers, body: typeof body === 'string' ? Buffer.from(body) : body },
    defaults,
  );
}

function accepted(entries: readonly Entry[]): string {
  const [entry] = entries;
  if (entry === undefined || 'error' in entry)
    return expect.fail(entry?.error.message ?? 'There is no entry.');
  return entry.event.body;
}

function refusal(send: () => readonly Entry[]): string {
  try {
    const [entry] = send();
    if (entry !== undefined && 'error' in entry) return entry.error.message;
  } catch (error) {
    return (error as Error).message;
  }
  return expect.fail('It was accepted.');
}

const required = { specversion: '1.0', id: '1', source: '/s', type: 't' };
const structured = (members: object) =>
  read('application/cloudevents+json', {}, JSON.stringify({ ...required, ...members }));
const ce = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };
const binary = (headers: Record<string, string>, body: string | Uint8Array = '', contentType?: string) =>
  read(contentType, { ...ce, ...headers }, body);

function delivered(body: string, format: 'structured' | 'binary') {
  const request = writeRequest({
    delivery: {
      deliveryId: 'dlv_1',
      receiver: 'r',
      topic: 't',
      eventId: '1',
      eventSource: '/s',
      eventType: 't',
      traceparent: undefined,
      body,
    },
    attempt: 1,
    nowMs: defaults.nowMs,
    format,
    keys: [Buffer.alloc(32)],
    headers: undefined,
    traceparent: undefined,
  });
  return { headers: request.headers, body: Buffer.from(request.body) };
}

const own = (event: object) =>
  Object.fromEntries(
    Object.entries(event).filter(([name, value]) => !added.includes(name) && value !== undefined),
  );

/** The event as an endpoint reads it, which must be the same in both formats. */
function readBack(body: string): Record<string, unknown> {
  const [whole, apart] = (['structured', 'binary'] as const).map((format) => {
    const request = delivered(body, format);
    return own(readEvent(request.headers, request.body));
  });
  // Binary mode has no types of attributes (HTTP binding, section 3.1.3.2), and data of other types is bytes there.
  expect(Object.keys(apart ?? {}).sort()).toEqual(Object.keys(whole ?? {}).sort());
  return whole ?? {};
}

describe('attributes', () => {
  it.each<[rule: string, members: object]>([
    ['names have lower-case letters and digits', { a1: 'x', '0': 'y' }],
    ['an extension may be a string of any allowed characters', { ext: 'é € 😀 "%20" \\ \u00a0' }],
    ['an extension may be empty', { ext: '' }],
    ['an Integer goes from -2^31', { ext: -2147483648 }],
    ['an Integer goes to 2^31-1', { ext: 2147483647 }],
    ['a Boolean is true or false', { yes: true, no: false }],
    ['a null attribute is not set', { subject: null, ext: null, time: null, datacontenttype: null }],
    ['datacontenttype may be there without data', { datacontenttype: 'text/plain' }],
    ['source is a URI reference', { source: '1-555-123-4567' }],
    ['source may be absolute', { source: 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66' }],
    ['dataschema is an absolute URI', { dataschema: 'https://example.com/schema' }],
    [
      'dataschema may have a fragment, which is more than the specification allows',
      { dataschema: 'https://example.com/s#/a' },
    ],
    ['ids may hold anything that a String does', { id: 'a b/c?d#"%25' }],
  ])('%s', (_, members) => {
    const event = readBack(accepted(structured(members)));
    const set = Object.fromEntries(
      Object.entries({ ...required, ...members }).filter(([, value]) => value !== null),
    );
    expect(event).toEqual(set);
    const { headers, body } = delivered(accepted(structured(members)), 'structured');
    expect(readBySdk(headers, body.toString()).id).toBe(event.id);
  });

  it.each<[rule: string, members: object, RegExp]>([
    ['specversion is required', { specversion: undefined }, /specversion is missing/],
    ['specversion is 1.0', { specversion: '0.3' }, /specversion is not/],
    ['specversion is a string', { specversion: 1 }, /specversion is not/],
    ['id is required', { id: undefined }, /id is missing/],
    ['id is not null', { id: null }, /id is missing/],
    ['id is not empty', { id: '' }, /id is empty/],
    ['id is a string', { id: 1 }, /id must be a string/],
    ['source is required', { source: undefined }, /source is missing/],
    ['source is not empty', { source: '' }, /source is empty/],
    ['source is a URI reference: no spaces', { source: 'a b' }, /source is not a URI reference/],
    ['source is a URI reference: no other characters', { source: '/é' }, /source is not a URI reference/],
    [
      'source is a URI reference: no colon in the first segment',
      { source: '1:2' },
      /source is not a URI reference/,
    ],
    ['source is a URI reference: one fragment', { source: '/a#b#c' }, /source is not a URI reference/],
    [
      'source is a URI reference: brackets only around addresses',
      { source: '/a[1]' },
      /source is not a URI reference/,
    ],
    ['type is required', { type: undefined }, /type is missing/],
    ['type is not empty', { type: '' }, /type is empty/],
    ['subject is not empty', { subject: '' }, /subject is empty/],
    ['time is RFC 3339', { time: '2026-02-30T00:00:00Z' }, /time is not an RFC 3339/],
    ['datacontenttype is a media type', { datacontenttype: 'json' }, /datacontenttype is not a media type/],
    ['dataschema is absolute', { dataschema: '/schema' }, /dataschema is not an absolute URI/],
    ['dataschema is not empty', { dataschema: '' }, /dataschema is empty/],
    ['names have no upper-case letters', { Ext: 'x' }, /Ext is not a CloudEvents attribute/],
    ['names have no other characters', { 'my-ext': 'x' }, /my-ext is not a CloudEvents attribute/],
    ['names are not empty', { '': 'x' }, /is not a CloudEvents attribute/],
    ['an Integer has 32 bits', { ext: 2147483648 }, /ext is not a 32-bit integer/],
    ['an Integer is whole', { ext: 1.5 }, /ext is not a 32-bit integer/],
    ['an attribute is no object', { ext: {} }, /ext must be a string, an integer or a boolean/],
    ['an attribute is no list', { ext: [] }, /ext must be a string, an integer or a boolean/],
    ['a String has no control characters', { ext: 'a\nb' }, /ext has control characters/],
    ['a String has no C1 controls', { ext: 'a\u0085b' }, /ext has control characters/],
    ['a String has no noncharacters', { ext: '\ufdd0' }, /noncharacters/],
    ['a String has no half surrogate pairs', { ext: '\ud800' }, /broken Unicode/],
  ])('are refused: %s', (_, members, detail) => {
    expect(refusal(() => structured(members))).toMatch(detail);
  });
});

describe('headers of the binary mode', () => {
  it.each<[rule: string, value: string, read: string]>([
    ['percent-encoded UTF-8 is decoded', 'Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['lower-case digits are accepted', 'Euro%20%e2%82%ac', 'Euro €'],
    ['what need not be encoded may be', '%41%62', 'Ab'],
    ['one round is decoded', '%2541', '%41'],
    ['double quotes are taken off', '"a b"', 'a b'],
    ['escapes inside double quotes are undone', '"a \\"b\\" \\\\c"', 'a "b" \\c'],
    ['unquoting comes before percent-decoding', '"a%20\\%41"', 'a A'],
    ['quoted parts may stand among others', 'a "b c" d', 'a b c d'],
    ['quotes may be empty', '""', ''],
    ['a backslash outside quotes is itself', 'a\\b', 'a\\b'],
    ['parentheses are no comment', 'a(b)', 'a(b)'],
  ])('%s', (_, value, expected) => {
    expect(JSON.parse(accepted(binary({ 'ce-ext': value }))).ext).toBe(expected);
    // The client reads the same from whoever sends it.
    expect(readEvent({ ...ce, 'CE-Ext': value }, new Uint8Array()).ext).toBe(expected);
  });

  it.each<[rule: string, value: string]>([
    ['an overlong form', '%C0%A0'],
    ['half a surrogate pair', '%ED%A0%80'],
    ['a continuation alone', '%80'],
    ['a character cut off', '%E2%82'],
    ['no hexadecimal digits', '100%zz'],
    ['a percent sign at the end', '100%'],
    ['a quote that is not closed', '"a'],
    ['a quote closed by an escape', '"a\\"'],
    ['characters beyond ASCII', 'é'],
  ])('are refused: %s', (_, value) => {
    expect(refusal(() => binary({ 'ce-ext': value }))).toMatch(/^ce-ext /);
  });

  it.each<[rule: string, headers: Record<string, string>, RegExp]>([
    ['specversion is required', { 'ce-specversion': '' }, /ce-specversion is not 1.0/],
    ['datacontenttype is content-type', { 'ce-datacontenttype': 'text/plain' }, /Send content-type/],
    ['data is the body', { 'ce-data': 'x' }, /data is not an attribute/],
    ['names are those of attributes', { 'ce-my-ext': 'x' }, /my-ext is not a CloudEvents attribute/],
    ['attributes follow their own rules', { 'ce-time': 'now' }, /time is not an RFC 3339/],
  ])('are refused: %s', (_, headers, detail) => {
    expect(refusal(() => binary(headers))).toMatch(detail);
  });

  it.each(['Euro € 😀', 'a "b" \\ %20', "~!*()'", '\u00a0'])(
    'are written so that the SDK of the project reads them: %s',
    (ext) => {
      const { headers, body } = delivered(accepted(structured({ ext })), 'binary');
      expect(headers['ce-ext']).toMatch(/^[\x21\x23-\x7e]*$/);
      expect(decodeURIComponent(headers['ce-ext'] ?? '')).toBe(ext);
      expect(readEvent(headers, body).ext).toBe(ext);
      expect(readBySdk(headers, body.toString()).id).toBe('1');
    },
  );
});

describe('data', () => {
  const json = '{"message": "Hello World!", "id": 12345678901234567890}';

  it.each<[rule: string, () => Entry[], contentType: string | undefined, data: unknown]>([
    ['JSON is a value', () => structured({ data: { a: 1 } }), 'application/json', { a: 1 }],
    ['without datacontenttype it is JSON', () => structured({ data: 'text' }), 'application/json', 'text'],
    ['null is data', () => structured({ data: null }), 'application/json', null],
    ['absent data stays absent', () => structured({}), undefined, undefined],
    ['any +json is JSON', () => structured({ datacontenttype: 'a/b+json', data: '"x"' }), 'a/b+json', '"x"'],
    ['text is a string', () => structured({ datacontenttype: 'text/xml', data: '<a/>' }), 'text/xml', '<a/>'],
    [
      'base64 is bytes',
      () => structured({ datacontenttype: 'a/b', data_base64: 'AP8=' }),
      'a/b',
      Uint8Array.of(0, 255),
    ],
    [
      'base64 without a type stays without',
      () => structured({ data_base64: 'eyAieHl6IjogMTIzIH0=' }),
      undefined,
      new Uint8Array(Buffer.from('{ "xyz": 123 }')),
    ],
    ['null base64 is not set', () => structured({ data_base64: null, data: 1 }), 'application/json', 1],
    ['a body without a type is JSON', () => binary({}, '{"a":1}'), 'application/json', { a: 1 }],
    [
      'a JSON body is a value',
      () => binary({}, '"x"', 'application/json; charset=utf-8'),
      'application/json; charset=utf-8',
      'x',
    ],
    ['a body of text is a string', () => binary({}, 'x', 'text/plain'), 'text/plain', 'x'],
    ['any other body is bytes', () => binary({}, Uint8Array.of(0, 255), 'a/b'), 'a/b', Uint8Array.of(0, 255)],
    ['no body is no data, and the type stays', () => binary({}, '', 'text/plain'), 'text/plain', undefined],
  ])('%s', (_, send, contentType, data) => {
    const { headers, body } = delivered(accepted(send()), 'structured');
    const event = readEvent(headers, body);
    expect([event.datacontenttype, event.data]).toEqual([contentType, data]);
    const apart = delivered(accepted(send()), 'binary');
    expect(apart.headers['content-type']).toBe(contentType);
  });

  it.each<[rule: string, () => Entry[], RegExp]>([
    [
      'data and base64 exclude each other',
      () => structured({ data: 1, data_base64: 'AA==' }),
      /cannot be combined/,
    ],
    ['base64 is a string', () => structured({ data_base64: 1 }), /data_base64 is not base64/],
    ['base64 is base64', () => structured({ data_base64: 'A_-=' }), /data_base64 is not base64/],
    ['base64 has its padding', () => structured({ data_base64: 'AA' }), /data_base64 is not base64/],
    [
      'data of another type is a string',
      () => structured({ datacontenttype: 'text/xml', data: {} }),
      /data must be a string/,
    ],
    ['a JSON body is JSON', () => binary({}, 'text', 'application/json'), /not valid JSON/],
    ['a structured event is an object', () => read('application/cloudevents+json', {}, '1'), /JSON object/],
    ['a structured event is no list', () => read('application/cloudevents+json', {}, '[]'), /one event/],
    ['a batch is a list', () => read('application/cloudevents-batch+json', {}, '{}'), /array of events/],
    [
      'a batch is not empty, which the format would allow',
      () => read('application/cloudevents-batch+json', {}, '[]'),
      /no events/,
    ],
    [
      'another event format is not the binary mode',
      () => read('application/cloudevents+avro', ce, 'x'),
      /not supported/,
    ],
    [
      'a batch of another format neither',
      () => read('application/cloudevents-batch+xml', ce, 'x'),
      /not supported/,
    ],
  ])('is refused: %s', (_, send, detail) => {
    expect(refusal(send)).toMatch(detail);
  });

  it('of a batch counts event by event', () => {
    const entries = read(
      'application/cloudevents-batch+json',
      {},
      `[${JSON.stringify(required)},1,{"specversion":"1.0"}]`,
    );
    expect(entries.map((entry) => ('error' in entry ? entry.error.code : 'accepted'))).toEqual([
      'accepted',
      'invalid_event',
      'invalid_event',
    ]);
  });

  it.each(['application/json', 'application/json; charset=utf-8'])(
    'of the vectors of the conformance project arrives (binary, %s)',
    (contentType) => {
      const headers = {
        'ce-specversion': '1.0',
        'ce-type': 'com.example.someevent',
        'ce-time': '2018-04-05T03:56:24Z',
        'ce-id': '1234-1234-1234',
        'ce-source': '/mycontext/subcontext',
      };
      const event = JSON.parse(accepted(read(contentType, headers, json)));
      expect(event).toMatchObject({
        id: '1234-1234-1234',
        specversion: '1.0',
        type: 'com.example.someevent',
        source: '/mycontext/subcontext',
        time: '2018-04-05T03:56:24Z',
        datacontenttype: contentType,
        data: { message: 'Hello World!' },
      });
    },
  );

  it.each(['application/cloudevents+json', 'application/cloudevents+json; charset=utf-8'])(
    'of the vectors of the conformance project arrives (structured, %s)',
    (contentType) => {
      const vector = {
        specversion: '1.0',
        type: 'com.example.someevent',
        time: '2018-04-05T03:56:24Z',
        id: '1234-1234-1234',
        source: '/mycontext/subcontext',
        datacontenttype: 'application/json',
        data: { message: 'Hello World!' },
      };
      expect(JSON.parse(accepted(read(contentType, {}, JSON.stringify(vector))))).toMatchObject(vector);
    },
  );
});

describe('the SDK of the project', () => {
  it.each(['structured', 'binary'] as const)('sends what the bus reads: %s', async (mode) => {
    const { CloudEvent } = await import('cloudevents');
    const event = new CloudEvent({ ...required, subject: 'order 7', ext: 'é', data: { a: [1, 'x'] } });
    const { headers, body } = HTTP[mode](event);
    const entry = read(
      String(headers['content-type']),
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), encodeURI(String(value))]),
      ),
      String(body),
    );
    expect(JSON.parse(accepted(entry))).toMatchObject({
      ...required,
      subject: 'order 7',
      data: { a: [1, 'x'] },
    });
  });
});
