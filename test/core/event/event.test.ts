import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttributeValue, createEvent, isJsonMediaType } from '../../../lib/core/event/event.ts';
import { pathsOf, refusalOf } from '../refusal.ts';
import { attributeText, readBySdk } from '../sdk.ts';

const required = { id: 'e-1', source: '/orders', type: 'order.created' };
const eventOf = (attributes: Record<string, unknown>, data?: string) =>
  createEvent({
    attributes: { ...required, ...attributes } as Record<string, AttributeValue>,
    data: data === undefined ? undefined : { text: data, binary: false },
  });

describe('required attributes', () => {
  it.each(['id', 'source', 'type'])('refuses an event without %s, naming it', (name) => {
    const { [name as 'id']: _, ...others } = required;
    const error = refusalOf(() => createEvent({ attributes: others, data: undefined }));
    expect(error.code).toBe('invalid_event');
    expect(pathsOf(error)).toEqual([name]);
  });
});

/** CloudEvents 1.0.2, sections "Type System" and "Context Attributes". */
describe('the rules of CloudEvents 1.0.2', () => {
  it.each<[rule: string, name: string, value: unknown]>([
    ['an upper-case name', 'orderId', 'x'],
    ['a name with a hyphen', 'order-id', 'x'],
    ['a name with an underscore', 'order_id', 'x'],
    ['an empty name', '', 'x'],
    ['a prototype for a name', 'constructor.name', 'x'],
    ['an empty id', 'id', ''],
    ['an empty source', 'source', ''],
    ['an empty type', 'type', ''],
    ['an empty subject', 'subject', ''],
    ['an empty dataschema', 'dataschema', ''],
    ['an id that is a number', 'id', 7],
    ['a type that is a boolean', 'type', true],
    ['a subject that is an object', 'subject', {}],
    ['an extension that is an object', 'ext', {}],
    ['an extension that is an array', 'ext', []],
    ['an extension that is null', 'ext', null],
    ['an integer above 32 bits', 'ext', 2 ** 31],
    ['an integer below 32 bits', 'ext', -(2 ** 31) - 1],
    ['a fraction', 'ext', 1.5],
    ['a NUL', 'ext', 'a\u0000b'],
    ['a line feed', 'subject', 'a\nb'],
    ['a C1 control character', 'subject', 'a\u0085b'],
    ['a DEL', 'id', 'a\u007f'],
    ['a noncharacter of the base plane', 'subject', 'a\ufdd0'],
    ['the noncharacter U+FFFF', 'subject', 'a\uffff'],
    ['a noncharacter of a higher plane', 'subject', 'a\u{1fffe}'],
    ['a lone surrogate', 'subject', 'a\ud800'],
    ['a source with a space', 'source', '/a b'],
    ['a source with a bare percent sign', 'source', '/a%zz'],
    ['a source that is not ASCII', 'source', '/é'],
    ['a relative dataschema', 'dataschema', '/schemas/1'],
    ['a dataschema without a scheme', 'dataschema', 'example.com'],
    ['a time without a zone', 'time', '2026-01-31T12:00:00'],
    ['a time without seconds', 'time', '2026-01-31T12:00Z'],
    ['a date alone', 'time', '2026-01-31'],
    ['the 30th of February', 'time', '2026-02-30T00:00:00Z'],
    ['the 29th of February of no leap year', 'time', '2026-02-29T00:00:00Z'],
    ['a thirteenth month', 'time', '2026-13-01T00:00:00Z'],
    ['the hour 24', 'time', '2026-01-31T24:00:00Z'],
    ['an offset of 25 hours', 'time', '2026-01-31T12:00:00+25:00'],
    ['a datacontenttype without a subtype', 'datacontenttype', 'json'],
    ['a datacontenttype that no header can carry', 'datacontenttype', 'text/plain; x="日本"'],
    ['a value of more than 1024 characters', 'ext', 'x'.repeat(1025)],
  ])('refuse %s', (_, name, value) => {
    const error = refusalOf(() => eventOf({ [name]: value }));
    expect(error.code).toBe('invalid_event');
    expect(pathsOf(error)).toEqual([name]);
  });

  it.each<[what: string, name: string, value: AttributeValue]>([
    ['an id of any characters', 'id', 'Bestellung ä/1 🎉'],
    ['a URN as source', 'source', 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66'],
    ['a URL as source', 'source', 'https://example.com/a?b=%20#c'],
    ['a bare word as source', 'source', 'orders'],
    ['the largest integer', 'ext', 2 ** 31 - 1],
    ['the smallest integer', 'ext', -(2 ** 31)],
    ['a boolean', 'ext', false],
    ['an empty extension', 'ext', ''],
    ['an extension whose name is all digits', '42', 'x'],
    ['a time with a fraction and an offset', 'time', '2026-01-31T12:00:00.123456+02:00'],
    ['a time in lower case', 'time', '2026-01-31t12:00:00z'],
    ['the leap day', 'time', '2028-02-29T23:59:59Z'],
    ['an absolute dataschema', 'dataschema', 'https://example.com/schemas/1'],
    ['a datacontenttype with parameters', 'datacontenttype', 'application/xml; charset="utf-8"; v=1'],
    ['a structured suffix', 'datacontenttype', 'application/vnd.acme.order+json'],
    ['a value of 1024 characters', 'ext', 'x'.repeat(1024)],
  ])('take %s', (_, name, value) => {
    expect(JSON.parse(eventOf({ [name]: value }).body)).toEqual({
      specversion: '1.0',
      ...required,
      [name]: value,
    });
  });
});

it('refuses a member named __proto__ instead of losing it', () => {
  const attributes = JSON.parse('{"id":"1","source":"/s","type":"t","__proto__":"x"}');
  expect(pathsOf(refusalOf(() => createEvent({ attributes, data: undefined })))).toEqual(['__proto__']);
});

describe('the structured form', () => {
  const names = fc
    .stringMatching(/^[a-z0-9]{1,20}$/)
    .filter((name) => !['data', 'specversion'].includes(name));
  const characters = attributeText(40);
  const extensions = fc.dictionary(
    names.filter(
      (name) => !['id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'].includes(name),
    ),
    fc.oneof(characters, fc.boolean(), fc.integer()),
    { maxKeys: 4 },
  );

  it('says every attribute and the data, for any event', () => {
    fc.assert(
      fc.property(extensions, characters, fc.jsonValue(), (more, subject, data) => {
        const body = eventOf({ subject, ...more }, JSON.stringify(data)).body;
        expect(JSON.parse(body)).toEqual({
          specversion: '1.0',
          ...required,
          subject,
          ...more,
          data: JSON.parse(JSON.stringify(data)),
        });
      }),
    );
  });

  it('is read by the independent CloudEvents SDK', () => {
    const { body } = eventOf(
      {
        subject: 'o-1',
        time: '2026-01-31T12:00:00Z',
        datacontenttype: 'application/json',
        dataschema: 'https://example.com/s',
        tenant: 'acme',
        partition: 7,
        replayed: false,
      },
      '{"orderId":"o-1"}',
    );
    const read = readBySdk({ 'content-type': 'application/cloudevents+json' }, body);
    expect(read.toJSON()).toMatchObject({
      ...required,
      subject: 'o-1',
      tenant: 'acme',
      partition: 7,
      replayed: false,
      dataschema: 'https://example.com/s',
      data: { orderId: 'o-1' },
    });
    expect(new Date(String(read.time)).toISOString()).toBe('2026-01-31T12:00:00.000Z');
  });

  it('keeps data letter by letter', () => {
    const data = '{ "n" : 12345678901234567890, "s":"\\u00e9" }';
    expect(eventOf({}, data).body).toContain(`"data":${data}}`);
  });

  it('escapes the characters that SQS refuses, inside data too', () => {
    const { body } = eventOf({}, '"\uffff and \ufffe"');
    expect(body).not.toMatch(/[\ufffe\uffff]/);
    expect(JSON.parse(body).data).toBe('\uffff and \ufffe');
  });

  it('carries binary data as base64', () => {
    const event = createEvent({ attributes: required, data: { text: 'AAEC', binary: true } });
    expect(JSON.parse(event.body)).toEqual({ specversion: '1.0', ...required, data_base64: 'AAEC' });
  });
});

describe('media types of JSON', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, true],
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['text/json', true],
    ['application/vnd.x+json ;v=1', true],
    ['application/xml', false],
    ['application/jsonp', false],
    ['text/plain; x=application/json', false],
    ['', false],
  ])('%j: %s', (contentType, expected) => {
    expect(isJsonMediaType(contentType)).toBe(expected);
  });

  it('are told from a long hostile text without getting slow', () => {
    const startMs = performance.now();
    expect(isJsonMediaType('/+json'.repeat(50_000).slice(0, -1))).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(100);
  });
});
