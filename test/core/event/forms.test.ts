import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, type EventRequest, readEvents } from '../../../lib/core/event/forms.ts';
import type { ErrorCode } from '../../../lib/core/kernel/errors.ts';
import { bus } from '../../../lib/core/kernel/limits.ts';
import { refusalOf } from '../refusal.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

function request(
  contentType: string | undefined,
  body: string | Uint8Array,
  headers: EventRequest['headers'] = {},
) {
  return { contentType, headers, body: typeof body === 'string' ? Buffer.from(body) : body };
}

function read(
  contentType: string | undefined,
  body: unknown,
  headers: EventRequest['headers'] = {},
): Entry[] {
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  let ids = 0;
  return readEvents(request(contentType, text, headers), {
    nowMs,
    source: '/applications/shop',
    publisher: 'shop',
    uuid: () => `uuid-${++ids}`,
    traceparent: trace,
  });
}

/** The event of an entry as the endpoint will read it. */
function bodyOf(entry: Entry | undefined): Record<string, unknown> {
  if (entry === undefined) throw new Error('There is no such entry.');
  if ('error' in entry) throw entry.error;
  return JSON.parse(entry.event.body);
}
const first = (entries: readonly Entry[]) => bodyOf(entries[0]);
const codes = (entries: readonly Entry[]): (ErrorCode | 'ok')[] =>
  entries.map((entry) => ('error' in entry ? entry.error.code : 'ok'));
const problem = (entry: Entry | undefined): string =>
  entry !== undefined && 'error' in entry ? entry.error.message : 'no refusal';

const structured = 'application/cloudevents+json';
const batch = 'application/cloudevents-batch+json';
const shorthand = 'application/json';
const event = { specversion: '1.0', id: 'e-1', source: '/orders', type: 'order.created' };

describe('the structured mode', () => {
  it('takes one event and fills in its time, the type of its data and a trace', () => {
    expect(first(read(structured, { ...event, data: { a: 1 } }))).toEqual({
      ...event,
      time: '2026-01-31T12:00:00.000Z',
      datacontenttype: 'application/json',
      traceparent: trace,
      busbarpublisher: 'shop',
      data: { a: 1 },
    });
  });

  it('takes parameters and any case of the content type', () => {
    expect(codes(read('Application/CloudEvents+JSON; charset=UTF-8', event))).toEqual(['ok']);
  });

  it('leaves what the producer said as it is', () => {
    const given = {
      ...event,
      time: '2020-02-29T01:02:03.004+05:30',
      datacontenttype: 'application/vnd.order+json',
      dataschema: 'https://example.com/1',
      traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`,
      tenant: 'acme',
      data: [1, 'two', null],
    };
    expect(first(read(structured, given))).toEqual({ ...given, busbarpublisher: 'shop' });
  });

  it('names the publisher itself, whatever the producer says in any form', () => {
    const forged = { ...event, busbarpublisher: 'bank' };
    const headers = { 'ce-specversion': '1.0', 'ce-busbarpublisher': 'bank' };
    const binary = { ...headers, 'ce-id': 'e-1', 'ce-source': '/shop', 'ce-type': 'order.created' };
    const bodies = [
      read(structured, forged),
      read(structured, { ...forged, busbarpublisher: null, data_base64: 'AAAA' }),
      read(batch, [{ ...forged, data: 1 }]),
      read('application/json', '{}', binary),
      read('text/plain', 'x', binary),
      read('image/png', new Uint8Array([0, 255]), binary),
      read('application/json', '', binary),
    ].map((entries) => first(entries));
    expect(bodies.map(({ busbarpublisher }) => busbarpublisher)).toEqual(bodies.map(() => 'shop'));
  });

  it('treats an attribute that is null as one that is not set', () => {
    expect(first(read(structured, { ...event, subject: null, time: null }))).toMatchObject({
      time: '2026-01-31T12:00:00.000Z',
    });
    expect(first(read(structured, { ...event, subject: null }))).not.toHaveProperty('subject');
  });

  it('keeps data_base64 and gives it no type', () => {
    const body = first(read(structured, { ...event, data_base64: 'AAEC' }));
    expect(body.data_base64).toBe('AAEC');
    expect(body).not.toHaveProperty('datacontenttype');
  });

  it.each<[string, object]>([
    ['specversion is missing', { ...event, specversion: undefined }],
    ['specversion is not "1.0"', { ...event, specversion: '0.3' }],
    ['data_base64 cannot be combined with data', { ...event, data: 1, data_base64: 'AAEC' }],
    ['data_base64 is not base64', { ...event, data_base64: 'A' }],
    ['data_base64 is not base64', { ...event, data_base64: 'AA-_' }],
    ['data_base64 is not base64', { ...event, data_base64: 7 }],
    ['delaySeconds is not a CloudEvents attribute', { ...event, delaySeconds: 5 }],
    ['id is missing', { ...event, id: undefined }],
  ])('refuses an event whose %s', (message, body) => {
    expect(problem(read(structured, body)[0])).toContain(message);
  });

  it('refuses __proto__ by name, and takes no attribute from it', () => {
    const hidden = '{"specversion":"1.0","__proto__":{"id":"1","source":"/s","type":"t"}}';
    expect(problem(read(structured, hidden)[0])).toContain('__proto__ is not a CloudEvents attribute');
  });

  it('refuses an array, saying how to send it', () => {
    expect(refusalOf(() => read(structured, [event])).message).toContain(batch);
  });

  it('takes what the independent CloudEvents SDK sends', () => {
    const sent = HTTP.structured(new CloudEvent({ ...event, tenant: 'acme', data: { a: 1 } }));
    const body = first(read(String(sent.headers['content-type']), String(sent.body)));
    expect(body).toMatchObject({ id: 'e-1', source: '/orders', tenant: 'acme', data: { a: 1 } });
  });
});

describe('the batch mode', () => {
  it('takes events in their order, with an error of its own for each wrong one', () => {
    const entries = read(batch, [event, { ...event, id: '' }, 7, null, [event], { ...event, id: 'e-2' }]);
    expect(codes(entries)).toEqual([
      'ok',
      'invalid_event',
      'invalid_event',
      'invalid_event',
      'invalid_event',
      'ok',
    ]);
    expect(entries.map((entry) => entry.index)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('tells the id of a wrong event where it has one', () => {
    const [entry] = read(batch, [{ ...event, time: 'now' }]);
    expect(entry).toMatchObject({ id: 'e-1' });
  });

  it('keeps the data of each event letter by letter beside entries that are no events', () => {
    const numbers = ['1.0', '12345678901234567890', '1e400', '-0'];
    const text = numbers.map(
      (number, at) =>
        `[{"data":0}],{"specversion":"1.0","id":"${at}","source":"/s","type":"t","data":${number}}`,
    );
    const entries = read(batch, `[${text.join(',')}]`).filter((entry) => !('error' in entry));
    expect(
      entries.map((entry) => ('event' in entry ? /"data":(.*)}$/.exec(entry.event.body)?.[1] : '')),
    ).toEqual(numbers);
  });

  it('refuses one event alone, an empty batch and more than a hundred events', () => {
    expect(refusalOf(() => read(batch, event)).message).toContain(structured);
    expect(refusalOf(() => read(batch, [])).code).toBe('empty_batch');
    const many = (count: number) => Array.from({ length: count }, (_, id) => ({ ...event, id: String(id) }));
    expect(read(batch, many(bus.requestEventsMax))).toHaveLength(100);
    expect(refusalOf(() => read(batch, many(bus.requestEventsMax + 1))).code).toBe('batch_too_long');
  });
});

describe('the binary mode', () => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'e-1',
    'ce-source': '/orders',
    'ce-type': 'order.created',
  };

  it('takes attributes from headers and JSON data from the body', () => {
    expect(
      first(read('application/json', '{"a":1}', { ...headers, 'ce-tenant': 'acme', accept: '*/*' })),
    ).toEqual({
      ...event,
      tenant: 'acme',
      time: '2026-01-31T12:00:00.000Z',
      datacontenttype: 'application/json',
      traceparent: trace,
      busbarpublisher: 'shop',
      data: { a: 1 },
    });
  });

  it('keeps JSON data letter by letter', () => {
    const [entry] = read('application/json', ' {"n":12345678901234567890} ', headers);
    expect(entry !== undefined && 'event' in entry && entry.event.body).toContain(
      '{"n":12345678901234567890}',
    );
  });

  it('carries text as a string and anything else as base64', () => {
    expect(first(read('text/plain; charset=utf-8', 'Grüße', headers))).toMatchObject({
      datacontenttype: 'text/plain; charset=utf-8',
      data: 'Grüße',
    });
    const bytes = Uint8Array.of(0, 255, 10, 128);
    const body = first(read('application/octet-stream', bytes, headers));
    expect(Buffer.from(String(body.data_base64), 'base64')).toEqual(Buffer.from(bytes));
  });

  it('takes an event without a body and without a content type', () => {
    const body = first(read(undefined, '', headers));
    expect(body).not.toHaveProperty('data');
    expect(body).not.toHaveProperty('datacontenttype');
  });

  it('decodes percent-encoding', () => {
    expect(
      first(read(undefined, '', { ...headers, 'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80' })),
    ).toMatchObject({
      subject: 'Euro € 😀',
    });
  });

  it.each<[string, Record<string, string>]>([
    ['ce-specversion is missing', { 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' }],
    ['ce-specversion is not 1.0', { ...headers, 'ce-specversion': '0.3' }],
    [
      'ce-subject has a percent sign that does not begin a UTF-8 escape',
      { ...headers, 'ce-subject': '100%' },
    ],
    ['ce-subject has a percent sign that does not begin a UTF-8 escape', { ...headers, 'ce-subject': '%ff' }],
    ['ce-datacontenttype is not a header', { ...headers, 'ce-datacontenttype': 'text/plain' }],
    ['order-id is not a CloudEvents attribute', { ...headers, 'ce-order-id': '1' }],
    ['__proto__ is not a CloudEvents attribute', { ...headers, 'ce-__proto__': '1' }],
    ['subject has control characters', { ...headers, 'ce-subject': 'a%0Ab' }],
  ])('refuses an event where %s', (message, given) => {
    expect(problem(read(undefined, '', given)[0])).toContain(message);
  });

  it('refuses a body that is not the JSON it is called', () => {
    expect(refusalOf(() => read('application/json', '{', headers)).code).toBe('malformed_json');
    expect(refusalOf(() => read('application/json', '{"a":1,"a":2}', headers)).code).toBe('malformed_json');
    expect(refusalOf(() => read('text/plain', Uint8Array.of(0xff), headers)).code).toBe('malformed_json');
  });

  it('does not take another event format for data', () => {
    expect(refusalOf(() => read('application/cloudevents+xml', '<event/>', headers)).code).toBe(
      'unsupported_media_type',
    );
  });

  it('takes what the independent CloudEvents SDK sends', () => {
    const sent = HTTP.binary(new CloudEvent({ ...event, subject: 'o-1', tenant: 'acme', data: { a: 1 } }));
    const given = Object.fromEntries(
      Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    expect(first(read(given['content-type'], String(sent.body), given))).toMatchObject({
      id: 'e-1',
      subject: 'o-1',
      tenant: 'acme',
      data: { a: 1 },
    });
  });
});

describe('the shorthand', () => {
  it('fills in what a type and data leave open', () => {
    expect(first(read(shorthand, { type: 'order.created', data: { a: 1 } }))).toEqual({
      specversion: '1.0',
      id: 'uuid-1',
      source: '/applications/shop',
      type: 'order.created',
      time: '2026-01-31T12:00:00.000Z',
      datacontenttype: 'application/json',
      traceparent: trace,
      busbarpublisher: 'shop',
      data: { a: 1 },
    });
  });

  it('takes an array, an id of its own for each', () => {
    const entries = read(shorthand, [{ type: 'a' }, { type: 'b' }]);
    expect(entries.map((entry) => bodyOf(entry).id)).toEqual(['uuid-1', 'uuid-2']);
  });

  it.each<[string, object]>([
    ['orderId is not a field of the shorthand', { type: 't', orderId: 1 }],
    ['specversion is not a field of the shorthand. Send a whole CloudEvent as', { ...event }],
    ['type is missing', { data: 1 }],
    ['id must be a string', { type: 't', id: 7 }],
    ['subject must be a string', { type: 't', subject: null }],
    ['subject is empty', { type: 't', subject: '' }],
  ])('refuses an entry where %s', (message, body) => {
    expect(problem(read(shorthand, body)[0])).toContain(message);
  });

  it('refuses __proto__ by name', () => {
    expect(problem(read(shorthand, '{"type":"t","__proto__":{"id":"1"}}')[0])).toContain(
      '__proto__ is not a field',
    );
  });

  it('keeps null as data, which is not the same as none', () => {
    expect(first(read(shorthand, { type: 't', data: null }))).toMatchObject({ data: null });
    expect(first(read(shorthand, { type: 't' }))).not.toHaveProperty('data');
  });
});

describe('when an event is due', () => {
  const due = (fields: object) => {
    const [entry] = read(shorthand, { type: 't', ...fields });
    if (entry === undefined || 'error' in entry) throw entry?.error ?? new Error('There is no entry.');
    return entry.dueAtMs;
  };

  it.each<[string, object, number | undefined]>([
    ['nothing said', {}, undefined],
    ['no delay', { delaySeconds: 0 }, undefined],
    ['a delay', { delaySeconds: 90 }, nowMs + 90_000],
    ['a delay of part of a second', { delaySeconds: 0.25 }, nowMs + 250],
    ['the longest delay', { delaySeconds: bus.delaySecondsMax }, nowMs + bus.delaySecondsMax * 1000],
    ['a time', { deliverAt: '2026-02-01T00:00:00Z' }, Date.parse('2026-02-01T00:00:00Z')],
    ['a time with an offset', { deliverAt: '2026-02-01T02:00:00+02:00' }, Date.parse('2026-02-01T00:00:00Z')],
    ['a time that has passed', { deliverAt: '2020-01-01T00:00:00Z' }, undefined],
  ])('is read: %s', (_, fields, expected) => {
    expect(due(fields)).toBe(expected);
  });

  it.each<[string, object]>([
    ['both', { delaySeconds: 1, deliverAt: '2026-02-01T00:00:00Z' }],
    ['a negative delay', { delaySeconds: -1 }],
    ['a delay beyond ten years', { delaySeconds: bus.delaySecondsMax + 1 }],
    ['a delay in text', { delaySeconds: '5' }],
    ['a delay that is null', { delaySeconds: null }],
    ['a time without a zone', { deliverAt: '2026-02-01T00:00:00' }],
    ['a day that does not exist', { deliverAt: '2026-02-30T00:00:00Z' }],
    ['a time that only JavaScript reads', { deliverAt: 'Tue 1 Feb 2027 00:00:00 +00:00' }],
    ['a time that is a number', { deliverAt: 1_800_000_000 }],
    ['a time beyond ten years', { deliverAt: '2037-01-01T00:00:00Z' }],
  ])('is refused: %s', (_, fields) => {
    expect(codes(read(shorthand, { type: 't', ...fields }))).toEqual(['invalid_event']);
  });
});

describe('the request as a whole', () => {
  it('has at most one mebibyte', () => {
    const padded = (bytes: number) => JSON.stringify({ type: 't', data: 'x'.repeat(bytes - 22) });
    expect(Buffer.byteLength(padded(bus.requestBytesMax))).toBe(bus.requestBytesMax);
    expect(codes(read(shorthand, padded(bus.requestBytesMax)))).toEqual(['ok']);
    expect(refusalOf(() => read(shorthand, padded(bus.requestBytesMax + 1))).code).toBe('request_too_large');
  });

  it.each([undefined, '', 'text/plain', 'application/cloudevents+avro', 'application/jsonp'])(
    'has a content type that is understood, which %j is not',
    (contentType) => {
      expect(refusalOf(() => read(contentType, '{}')).code).toBe('unsupported_media_type');
    },
  );

  it('is UTF-8', () => {
    expect(refusalOf(() => read(shorthand, Uint8Array.of(0x22, 0xc3, 0x28, 0x22))).code).toBe(
      'malformed_json',
    );
  });

  it('gives its own valid trace to events that bring none', () => {
    const own = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
    expect(first(read(shorthand, { type: 't' }, { traceparent: own })).traceparent).toBe(own);
    expect(first(read(shorthand, { type: 't' }, { traceparent: 'rubbish' })).traceparent).toBe(trace);
  });

  it('never throws anything but a refusal, whatever comes', () => {
    const contentTypes = fc.constantFrom(
      structured,
      batch,
      shorthand,
      'text/plain',
      'application/x',
      undefined,
    );
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .array(
          fc.record(
            { type: fc.string(), data: fc.jsonValue(), delaySeconds: fc.anything() },
            { requiredKeys: [] },
          ),
        )
        .map(
          (value) =>
            JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)) ?? '',
        ),
    );
    const ceHeaders = fc.dictionary(fc.stringMatching(/^ce-[a-z_]{1,12}$/), fc.string(), { maxKeys: 5 });
    fc.assert(
      fc.property(contentTypes, bodies, ceHeaders, (contentType, body, headers) => {
        try {
          for (const entry of read(contentType, body, headers)) {
            if (!('error' in entry)) expect(bodyOf(entry)).toMatchObject({ specversion: '1.0' });
          }
        } catch (error) {
          expect(error).toHaveProperty('name', 'BusbarError');
        }
      }),
    );
  });
});
