import { describe, expect, it } from 'vitest';
import { eventOfMessage } from '../../../lib/connectors/rocketmq/bridge-event.ts';
import { carriedId, messageOf } from '../../../lib/connectors/rocketmq/cloud-message.ts';
import { createEvent } from '../../../lib/core/event/event.ts';
import { type Entry, readEvents } from '../../../lib/core/event/forms.ts';
import { bytes, jsonTexts, notUtf8, plainTexts } from '../../corpus/exact.ts';

/**
 * The RocketMQ binding of CloudEvents: Apache's draft (rocketmq-transport-binding.md), by its sections, and where that is
 * silent what the project's Java SDK does (module cloudevents-rocketmq). Each rule as a bridge reads it and as a receiver
 * gets it. docs/conformance.md lists what the bus does otherwise.
 */

type Properties = Readonly<Record<string, string>>;
interface Carried {
  readonly properties: Properties;
  readonly body: Uint8Array;
}

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const required = { CE_specversion: '1.0', CE_id: '1', CE_source: '/s', CE_type: 't' };
const message = (properties: Properties, body: string | Uint8Array = ''): Carried => ({
  properties,
  body: Buffer.from(body as string),
});
const binary = (more: Properties, body?: string | Uint8Array) => message({ ...required, ...more }, body);
const formats = ['structured', 'binary'] as const;

/** As a bridge takes it. */
const read = ({ properties, body }: Carried): Entry =>
  eventOfMessage(
    { id: 'msg', topic: 'orders', keys: [], corrupted: false, bornAtMs: nowMs, properties, body },
    0,
    {
      bridge: 'legacy',
      topic: { topic: 'shop' },
      hops: [],
      nowMs,
    },
  );

function textOf(entry: Entry | undefined): string {
  if (entry === undefined || 'error' in entry) return expect.fail(entry?.error.message ?? 'Nothing.');
  return entry.event.body;
}
const taken = (carried: Carried) => JSON.parse(textOf(read(carried)));
function refusal(carried: Carried): string {
  const entry = read(carried);
  return 'error' in entry ? entry.error.message : expect.fail(`It was taken: ${entry.event.body}`);
}

/** As a receiver sends it. */
function sent(body: string, format: 'structured' | 'binary'): Carried {
  return messageOf({
    delivery: {
      deliveryId: 'dlv_1',
      receiver: 'legacy',
      topic: 'orders',
      eventId: '1',
      eventSource: '/s',
      eventType: 't',
      traceparent: undefined,
      body,
    },
    attempt: 1,
    nowMs,
    target: { endpoint: 'mq:8081', topic: 'Orders' },
    format,
    laneGroup: undefined,
    hops: [],
    traceparent: undefined,
  });
}

/** The structured form of an event that the bus accepts. */
const accepted = (members: string): string =>
  textOf(
    readEvents(
      {
        contentType: 'application/cloudevents+json',
        headers: {},
        body: Buffer.from(`{"specversion":"1.0","id":"1","source":"/s","type":"t"${members}}`),
      },
      {
        nowMs,
        source: '/s',
        publisher: 'shop',
        uuid: () => '1',
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      },
    )[0],
  );

/** The data of a message as the SDK reads it: one zero byte is none. */
function sdkData({ body }: Carried): string | undefined {
  return body.length === 0 || (body.length === 1 && body[0] === 0) ? undefined : Buffer.from(body).toString();
}

describe('3: the mode is told by CE_contenttype', () => {
  const whole = '{"specversion":"1.0","id":"whole","source":"/s","type":"t","data":1}';

  it.each([
    'application/cloudevents+json',
    'application/cloudevents+json; charset=UTF-8',
    'Application/CloudEvents+JSON',
  ])('structured: %s', (type) => {
    expect(taken(message({ CE_contenttype: type }, whole))).toMatchObject({ id: 'whole', data: 1 });
    // "MAY include the same headers" (3.2.3): the payload counts.
    expect(taken(message({ ...required, CE_contenttype: type }, whole)).id).toBe('whole');
  });

  it.each(['CE_contenttype', 'CE_contentType', 'CE_CONTENTTYPE', 'CE_datacontenttype'])(
    'in any case, for the draft itself writes two: %s',
    (name) => {
      expect(taken(message({ [name]: 'application/cloudevents+json' }, whole)).id).toBe('whole');
      expect(taken(binary({ [name]: 'text/plain' }, 'x'))).toMatchObject({
        datacontenttype: 'text/plain',
        data: 'x',
      });
    },
  );

  it.each(['text/plain', 'application/json', 'application/avro', 'application/cloud'])(
    'binary: %s',
    (type) => {
      expect(taken(binary({ CE_contenttype: type }, '"x"'))).toMatchObject({
        id: '1',
        datacontenttype: type,
      });
    },
  );

  it('binary without one', () => {
    expect(taken(binary({}, '{"a":1}'))).toMatchObject({ id: '1', data: { a: 1 } });
  });

  it.each(['application/cloudevents+avro', 'application/cloudevents+protobuf'])(
    'another format is refused, which may be treated as binary: %s',
    (type) => {
      expect(refusal(message({ ...required, CE_contenttype: type }, 'x'))).toMatch(/not supported/);
    },
  );

  it('is written by receivers of both formats', () => {
    const body = accepted(',"datacontenttype":"text/plain","data":"x"');
    expect(sent(body, 'structured').properties.CE_contenttype).toBe('application/cloudevents+json');
    expect(sent(body, 'binary').properties.CE_contenttype).toBe('text/plain');
  });
});

describe('3.1.1: the content type is that of the data', () => {
  it.each(['application/json; charset=utf-8', 'text/plain;charset="us-ascii"', 'image/png'])('%s', (type) => {
    const event = taken(binary({ CE_contenttype: type }, '"x"'));
    expect(event.datacontenttype).toBe(type);
    const back = sent(JSON.stringify(event), 'binary');
    expect(back.properties.CE_contenttype).toBe(type);
    // It is no attribute beside that (the SDK writes it once, too).
    expect(back.properties).not.toHaveProperty('CE_datacontenttype');
  });

  it('is not written for an event that has none', () => {
    expect(sent(accepted(''), 'binary').properties).not.toHaveProperty('CE_contenttype');
  });

  it('is refused where two of its properties say different things', () => {
    const both = { CE_contenttype: 'text/plain', CE_datacontenttype: 'application/json' };
    expect(refusal(binary(both, '1'))).toMatch(/datacontenttype differs/);
    expect(refusal(binary({ CE_contenttype: 'text/plain', CE_contentType: 'a/b' }, '1'))).toMatch(
      /two values/,
    );
    expect(taken(binary({ CE_contenttype: 'a/b', CE_datacontenttype: 'a/b' }, 'x')).datacontenttype).toBe(
      'a/b',
    );
  });
});

describe('3.1.2: the data is the value of the message, byte by byte', () => {
  const roundTrip = (body: string, format: 'structured' | 'binary') => textOf(read(sent(body, format)));
  const dataOf = (body: string) => sent(body, 'binary').body;

  it.each(jsonTexts.map((text) => text.slice(0, 60)).map((name, at) => [name, jsonTexts[at] ?? ''] as const))(
    'JSON: %s',
    (_, text) => {
      const event = accepted(`,"data":${text}`);
      expect(Buffer.from(dataOf(event)).toString()).toBe(text);
      for (const format of formats) {
        expect(Buffer.from(dataOf(roundTrip(event, format))).toString(), format).toBe(text);
      }
      expect(Buffer.from(dataOf(textOf(read(binary({}, text))))).toString()).toBe(text);
    },
  );

  it.each([...plainTexts, '\u0000', 'é'])('text: %j', (text) => {
    const event = accepted(`,"datacontenttype":"text/plain","data":${JSON.stringify(text)}`);
    expect(Buffer.from(dataOf(event)).toString()).toBe(text);
    for (const format of formats) {
      expect(JSON.parse(roundTrip(event, format)), format).toMatchObject({ data: text });
    }
  });

  it.each([...bytes.map((sample) => Buffer.from(sample))])('bytes: %s', (sample) => {
    const event = accepted(`,"datacontenttype":"a/b","data_base64":"${sample.toString('base64')}"`);
    expect(Buffer.from(dataOf(event)).equals(sample)).toBe(true);
    for (const format of formats) {
      expect(JSON.parse(roundTrip(event, format)), format).toMatchObject({
        data_base64: sample.toString('base64'),
      });
    }
  });

  it.each(['', ',"datacontenttype":"text/plain"'])(
    'none is one zero byte, as the SDK has it: %s',
    (members) => {
      const event = accepted(members);
      const carried = sent(event, 'binary');
      expect([...carried.body]).toEqual([0]);
      expect(sdkData(carried)).toBeUndefined();
      for (const format of formats) {
        const back = JSON.parse(roundTrip(event, format));
        expect(back).not.toHaveProperty('data');
        expect(back).not.toHaveProperty('data_base64');
      }
    },
  );

  it('none is an empty value, too, and the zero byte of whoever does not say otherwise', () => {
    expect(taken(binary({}, ''))).not.toHaveProperty('data');
    expect(taken(binary({ CE_contenttype: 'a/b' }, Uint8Array.of(0)))).not.toHaveProperty('data_base64');
    expect(taken(binary({ CE_contenttype: 'a/b' }, Uint8Array.of(0, 0)))).toHaveProperty('data_base64');
  });

  it.each(notUtf8)('is refused in JSON and text, never mended: %s', (_, inside) => {
    const around = Buffer.concat([Buffer.from('"'), Buffer.from(inside), Buffer.from('"')]);
    for (const type of ['application/json', 'text/plain']) {
      expect(refusal(binary({ CE_contenttype: type }, around)), type).toMatch(/UTF-8/);
    }
    const whole = Buffer.concat([
      Buffer.from('{"specversion":"1.0","id":"1","source":"/s","type":"t","data":'),
      around,
      Buffer.from('}'),
    ]);
    expect(refusal(message({ CE_contenttype: 'application/cloudevents+json' }, whole))).toMatch(/UTF-8/);
  });

  it.each<[string, Carried, RegExp]>([
    ['a member named twice', binary({}, '{"a":1,"a":2}'), /"a" twice/],
    ['no JSON', binary({ CE_contenttype: 'application/json' }, 'x'), /not valid JSON/],
    ['another charset', binary({ CE_contenttype: 'text/plain; charset=gbk' }, 'x'), /charset gbk/],
    ['a byte order mark before JSON', binary({}, '\ufeff1'), /byte order mark/],
  ])('is refused: %s', (_, carried, detail) => expect(refusal(carried)).toMatch(detail));
});

describe('3.1.3: every attribute but data is a property', () => {
  it('with the prefix CE_, extensions included', () => {
    const event = accepted(
      ',"subject":"s","time":"2026-01-01T00:00:00Z","dataschema":"https://example.com/s","tenant":"acme","n":7,"yes":true',
    );
    expect(sent(event, 'binary').properties).toMatchObject({
      CE_specversion: '1.0',
      CE_id: '1',
      CE_source: '/s',
      CE_type: 't',
      CE_subject: 's',
      CE_time: '2026-01-01T00:00:00Z',
      CE_dataschema: 'https://example.com/s',
      CE_tenant: 'acme',
      CE_n: '7',
      CE_yes: 'true',
    });
    expect(taken(sent(event, 'binary'))).toMatchObject({ tenant: 'acme', n: '7', yes: 'true' });
    expect(taken(sent(event, 'structured'))).toMatchObject({ tenant: 'acme', n: 7, yes: true });
  });

  it.each(['Euro € 😀', 'a "b" \\ %20 %zz', "~!*()'", '\u00a0', ''])('with its value as it is: %j', (ext) => {
    const event = accepted(`,"ext":${JSON.stringify(ext)}`);
    // No percent-encoding: this is not the HTTP binding.
    expect(sent(event, 'binary').properties.CE_ext).toBe(ext);
    expect(taken(sent(event, 'binary')).ext).toBe(ext);
    expect(taken(binary({ CE_ext: ext })).ext).toBe(ext);
  });

  it('names are read in lower case, which is all that CloudEvents has', () => {
    expect(taken(binary({ CE_TenantId: 'acme' })).tenantid).toBe('acme');
    expect(refusal(binary({ CE_tenant: 'a', CE_Tenant: 'b' }))).toMatch(/tenant has two values/);
    expect(taken(binary({ CE_tenant: 'a', CE_Tenant: 'a' })).tenant).toBe('a');
  });

  it('other properties are none of it: the draft has no attribute without the prefix', () => {
    expect(taken(binary({ tenant: 'acme', KEYS: 'k' }))).not.toHaveProperty('tenant');
  });

  it.each<[string, Carried, RegExp]>([
    ['no id', message({ ...required, CE_id: '' }), /id/],
    ['another version', binary({ CE_specversion: '0.3' }), /specversion is not 1.0/],
    ['a name that CloudEvents does not have', binary({ CE_my_ext: 'x' }), /my_ext/],
    ['a name of nothing but an accent', binary({ CE_é: 'x' }), /é/],
    ['data as a property', binary({ CE_data: 'x' }), /data/],
    ['data as a property in base64', binary({ CE_data_base64: 'AA==' }), /data_base64/],
    ['a time that is none', binary({ CE_time: 'now' }), /time is not an RFC 3339/],
    ['half a surrogate pair', binary({ CE_ext: 'a\ud800' }), /broken Unicode/],
    ['control characters', binary({ CE_ext: 'a\u0001b' }), /ext/],
    ['the name of a prototype', binary({ CE___proto__: 'x' }), /__proto__/],
  ])('is refused: %s', (_, carried, detail) => expect(refusal(carried)).toMatch(detail));
});

describe('3.2: the structured mode', () => {
  it('is the event in the JSON format, letter by letter, and no envelope around it', () => {
    const event = accepted(',"data":{"n":12345678901234567890,"f":1.0}');
    expect(Buffer.from(sent(event, 'structured').body).toString()).toBe(event);
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', '{', /not valid JSON/],
    ['no object', '1', /JSON object/],
    ['an event of the draft time', '{"cloudEventsVersion":"0.1","eventType":"t"}', /specversion/],
    [
      'a member named twice',
      '{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}',
      /"id" twice/,
    ],
  ])('is refused: %s', (_, body, detail) => {
    expect(refusal(message({ CE_contenttype: 'application/cloudevents+json' }, body))).toMatch(detail);
  });

  it('of a batch takes one event, and refuses several', () => {
    const one = '{"specversion":"1.0","id":"1","source":"/s","type":"t"}';
    const batch = (text: string) => message({ CE_contenttype: 'application/cloudevents-batch+json' }, text);
    expect(taken(batch(`[${one}]`)).id).toBe('1');
    expect(refusal(batch(`[${one},${one.replace('"1"', '"2"')}]`))).toMatch(/several events/);
  });
});

describe('what the Java SDK writes', () => {
  it('is read: attributes with the prefix, extensions without it lost as in the SDK, its own data', () => {
    const carried = message(
      {
        ...required,
        CE_contenttype: 'application/json',
        CE_time: '2026-01-01T00:00:00.123456Z',
        comexampleext: 'x',
      },
      '{"total": 12.50}',
    );
    const event = textOf(read(carried));
    expect(event).toContain('"data":{"total": 12.50}');
    expect(JSON.parse(event)).toMatchObject({ id: '1', time: '2026-01-01T00:00:00.123456Z' });
  });

  it('has the id by which a comparison of both sides knows it', () => {
    const whole = (body: string) => message({ CE_contenttype: 'application/cloudevents+json' }, body);
    expect(carriedId(binary({}))).toBe('1');
    expect(carriedId(whole('{"id":"e-1"}'))).toBe('e-1');
    for (const other of [
      message({}),
      message({ CE_id: '1' }),
      whole('{'),
      whole('null'),
      whole('{"id":1}'),
    ]) {
      expect(carriedId(other)).toBeUndefined();
    }
    for (const format of formats) {
      const event = createEvent({ attributes: { id: 'e-9', source: '/s', type: 't' }, data: undefined });
      expect(carriedId(sent(event.body, format))).toBe('e-9');
    }
  });
});
