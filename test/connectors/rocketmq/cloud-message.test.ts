import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventRequestOf, hopsOf, messageOf } from '../../../lib/connectors/rocketmq/cloud-message.ts';
import type { RocketMqTarget } from '../../../lib/connectors/rocketmq/target.ts';
import { createEvent } from '../../../lib/core/event/event.ts';
import { readEvents } from '../../../lib/core/event/forms.ts';
import { hopsAttribute } from '../../../lib/core/event/hops.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const attributes = {
  id: 'order-1',
  source: '/shop',
  type: 'order.placed',
  subject: '1001',
  time: '2026-03-01T11:59:00Z',
  datacontenttype: 'application/json',
  tenant: 'müller',
  attempts: 3,
  urgent: true,
};
type Data = Parameters<typeof createEvent>[0]['data'];

function written(
  options: Partial<Omit<Parameters<typeof messageOf>[0], 'target' | 'delivery'>> & {
    target?: Partial<RocketMqTarget>;
    event?: Record<string, string | number | boolean>;
    data?: Data;
  } = {},
) {
  const { target, event = attributes, data = { text: '{"total": 12.50}', binary: false }, ...rest } = options;
  const made = createEvent({ attributes: event, data });
  return messageOf({
    delivery: {
      deliveryId: 'dlv_1',
      receiver: 'legacy',
      topic: 'orders',
      eventId: made.id,
      eventSource: made.source,
      eventType: made.type,
      traceparent: undefined,
      body: made.body,
    },
    attempt: 2,
    nowMs,
    target: { endpoint: 'mq:8081', topic: 'Orders', ...target },
    format: 'binary',
    laneGroup: undefined,
    hops: ['bus:a/topics/orders'],
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ...rest,
  });
}

const text = (body: Uint8Array) => Buffer.from(body).toString('utf8');

describe('an event as a message of RocketMQ', () => {
  it('has its type for a tag, its subject for a key, and every attribute as a property', () => {
    const message = written();
    expect(message).toEqual({
      topic: 'Orders',
      tag: 'order.placed',
      keys: ['1001'],
      body: Buffer.from('{"total": 12.50}'),
      properties: {
        CE_specversion: '1.0',
        CE_id: 'order-1',
        CE_source: '/shop',
        CE_type: 'order.placed',
        CE_subject: '1001',
        CE_time: '2026-03-01T11:59:00Z',
        CE_tenant: 'müller',
        CE_attempts: '3',
        CE_urgent: 'true',
        CE_busbarhops: 'bus:a/topics/orders',
        CE_contenttype: 'application/json',
        busbar_delivery_id: 'dlv_1',
        busbar_attempt: '2',
        busbar_topic: 'orders',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
    });
  });

  it('is the whole event in the structured form, letter by letter, with the same properties beside it', () => {
    const message = written({ format: 'structured' });
    expect(text(message.body)).toBe(
      createEvent({ attributes, data: { text: '{"total": 12.50}', binary: false } }).body,
    );
    expect(message.properties).toMatchObject({
      CE_contenttype: 'application/cloudevents+json',
      CE_id: 'order-1',
      CE_busbarhops: 'bus:a/topics/orders',
    });
  });

  it.each<[string, Data, Record<string, string>, string]>([
    [
      'JSON, with its digits',
      { text: '{"n":12345678901234567890}', binary: false },
      {},
      '{"n":12345678901234567890}',
    ],
    ['text', { text: '"a \\"b\\""', binary: false }, { datacontenttype: 'text/plain' }, 'a "b"'],
    [
      'bytes',
      { text: 'AAEC', binary: true },
      { datacontenttype: 'application/octet-stream' },
      '\u0000\u0001\u0002',
    ],
    ['nothing, which RocketMQ does not take', undefined, {}, '\u0000'],
    ['an empty text', { text: '""', binary: false }, { datacontenttype: 'text/plain' }, '\u0000'],
  ])('has data for a body: %s', (_, data, more, body) => {
    const event = { id: '1', source: '/s', type: 't', ...more };
    const made = createEvent({ attributes: event, data });
    const message = messageOf({
      delivery: {
        deliveryId: 'd',
        receiver: 'r',
        topic: undefined,
        eventId: '1',
        eventSource: '/s',
        eventType: 't',
        traceparent: undefined,
        body: made.body,
      },
      attempt: 1,
      nowMs,
      target: { endpoint: 'mq:8081', topic: 'Orders' },
      format: 'binary',
      laneGroup: undefined,
      hops: [],
      traceparent: undefined,
    });
    expect(text(message.body)).toBe(body);
    expect(message.properties).not.toHaveProperty('busbar_topic');
    expect(message.properties).not.toHaveProperty('traceparent');
  });

  it.each<[string, Partial<RocketMqTarget>, string, string | undefined]>([
    ['the one that is given', { tag: 'T' }, 'order.placed', 'T'],
    ['the type', {}, 'order.placed', 'order.placed'],
    ['none for a type that reads as an expression of tags', {}, 'a||b', undefined],
    ['none for a type that is too long', {}, 'x'.repeat(129), undefined],
  ])('has a tag: %s', (_, target, type, tag) => {
    expect(written({ target, event: { ...attributes, type } }).tag).toBe(tag);
  });

  it.each<[string, string[] | undefined, string[]]>([
    ['the subject', undefined, ['1001']],
    [
      'what is named, each once, without what is missing',
      ['id', 'tenant', 'absent', 'subject', 'id'],
      ['order-1', 'müller', '1001'],
    ],
    ['none', [], []],
  ])('has keys: %s', (_, keys, expected) => {
    expect(written({ target: keys === undefined ? {} : { keys } }).keys).toEqual(expected);
  });

  it.each<[string, Partial<RocketMqTarget>, string | undefined, string | RegExp | undefined]>([
    ['none of its own accord', {}, undefined, undefined],
    ['that of the ordered lane', {}, 'orders/1001', 'orders/1001'],
    ['none of the ordered lane when it is switched off', { group: false }, 'orders/1001', undefined],
    ['the attribute that is named', { group: 'subject' }, undefined, '1001'],
    ['the attribute before the lane', { group: 'subject' }, 'orders/x', '1001'],
    ['a hash of what RocketMQ does not take', { group: 'tenant' }, undefined, /^[\w-]{43}$/],
    ['one of its own where the attribute is missing', { group: 'absent' }, undefined, /^[\w-]{43}$/],
    ['a hash of what is longer than 64', {}, `orders/${'x'.repeat(60)}`, /^[\w-]{43}$/],
  ])('has a message group: %s', (_, target, laneGroup, group) => {
    const message = written({ target, laneGroup });
    if (group instanceof RegExp) expect(message.group).toMatch(group);
    else expect(message.group).toBe(group);
  });

  it('has no group in common with another event whose key is missing', () => {
    const target = { group: 'absent' };
    expect(written({ target }).group).not.toBe(
      written({ target, event: { ...attributes, id: 'order-2' } }).group,
    );
  });

  it.each([
    ['later, when the attribute says so', '2026-03-01T13:00:00Z', nowMs + 3_600_000],
    ['now, when that is over', '2026-03-01T11:00:00Z', nowMs],
    ['now, when it says nothing', undefined, nowMs],
    ['now, when it is no time', 'soon', nowMs],
  ])('is handed out %s', (_, due, deliverAtMs) => {
    const event = { ...attributes, ...(due !== undefined && { due }) };
    const message = written({ event, target: { deliverAt: 'due' }, laneGroup: 'orders/1001' });
    expect(message.deliverAtMs).toBe(deliverAtMs);
    // RocketMQ takes one of the two.
    expect(message.group).toBeUndefined();
  });
});

describe('a message as an event', () => {
  const defaults = {
    nowMs,
    source: '/none',
    publisher: 'bridge:old',
    uuid: () => 'made',
    traceparent: '00-made',
  };
  const read = (message: Parameters<typeof eventRequestOf>[0], hops: string[] = []) => {
    const request = eventRequestOf(message, hops);
    return request && readEvents(request, defaults);
  };

  it.each(['binary', 'structured'] as const)('comes back as it was, by the %s form', (format) => {
    const value = fc
      .string({ unit: 'binary', maxLength: 40 })
      .map((each) => each.replace(/[\p{C}\p{Noncharacter_Code_Point}]/gu, ''));
    fc.assert(
      fc.property(value, value, fc.jsonValue(), (subject, tenant, data) => {
        const event = {
          ...attributes,
          traceparent: defaults.traceparent,
          ...(subject !== '' && { subject }),
          ...(tenant !== '' && { tenant }),
        };
        const message = written({ format, event, data: { text: JSON.stringify(data), binary: false } });
        const [entry] = read(message, ['rocketmq:mq:8081/Orders']) ?? [];
        if (entry === undefined || 'error' in entry) throw entry?.error ?? new Error('Nothing was read');
        const before = JSON.parse(
          createEvent({ attributes: event, data: { text: JSON.stringify(data), binary: false } }).body,
        );
        const after = JSON.parse(entry.event.body);
        // A property is text: the numbers and booleans of extensions come back so.
        const expected = {
          ...before,
          [hopsAttribute]: 'rocketmq:mq:8081/Orders',
          busbarpublisher: 'bridge:old',
        };
        if (format === 'binary') Object.assign(expected, { attempts: '3', urgent: 'true' });
        expect(after).toEqual(expected);
      }),
    );
  });

  it('keeps the digits of its data', () => {
    for (const format of ['binary', 'structured'] as const) {
      const data = { text: '{"n":12345678901234567890}', binary: false };
      const [entry] = read(written({ format, data })) ?? [];
      expect(entry !== undefined && 'event' in entry && entry.event.body).toContain('12345678901234567890');
    }
  });

  it('of the structured form that is not UTF-8 is refused, and not mended', () => {
    const [before, after] = ['{"specversion":"1.0","id":"1","source":"/s","type":"t","data":"', '"}'];
    const body = Buffer.concat([Buffer.from(before), Buffer.of(0xf0, 0x9f, 0x98), Buffer.from(after)]);
    const properties = { CE_contenttype: 'application/cloudevents+json' };
    expect(() => read({ properties, body }, ['here'])).toThrow(/not valid UTF-8/);
  });

  it('says where its event has been', () => {
    expect(hopsOf(written({ hops: ['a', 'b'] }).properties)).toEqual(['a', 'b']);
    expect(hopsOf({ busbarhops: 'a' })).toEqual([]);
  });

  it('takes no data from the body that stands for none', () => {
    const [entry] =
      read({
        properties: { CE_specversion: '1.0', CE_id: '1', CE_source: '/s', CE_type: 't' },
        body: Uint8Array.of(0),
      }) ?? [];
    expect(entry !== undefined && 'event' in entry && JSON.parse(entry.event.body)).not.toHaveProperty(
      'data',
    );
  });

  it('puts the chain in the place of the one that a structured message brings', () => {
    const event = { ...attributes, [hopsAttribute]: 'old' };
    const [entry] = read(written({ format: 'structured', event, hops: ['x'] }), ['a', 'b']) ?? [];
    expect(entry !== undefined && 'event' in entry && JSON.parse(entry.event.body)[hopsAttribute]).toBe(
      'a b',
    );
  });

  it.each([
    ['with no property of CloudEvents', { KEYS: '1' }],
    ['with a few of them and no version', { CE_id: '1', CE_type: 't' }],
  ])('is none when it is a message %s', (_, properties) => {
    expect(read({ properties, body: Buffer.from('{}') })).toBeUndefined();
  });

  it.each([
    [
      'no JSON in a JSON body',
      {
        CE_specversion: '1.0',
        CE_id: '1',
        CE_source: '/s',
        CE_type: 't',
        CE_contenttype: 'application/json',
      },
      'nope',
    ],
    ['no JSON in a structured body', { CE_contenttype: 'application/cloudevents+json' }, '{'],
    ['no object in a structured body', { CE_contenttype: 'application/cloudevents+json' }, '[]'],
    ['an empty object', { CE_contenttype: 'application/cloudevents+json' }, '{}'],
    ['a format that is not known', { CE_contenttype: 'application/cloudevents+avro' }, 'x'],
    ['another version', { CE_specversion: '0.3', CE_id: '1', CE_source: '/s', CE_type: 't' }, '{}'],
  ])('is refused for what is wrong with it: %s', (_, properties, body) => {
    const attempt = () => {
      const [entry] = read({ properties, body: Buffer.from(body) }) ?? [];
      if (entry !== undefined && 'error' in entry) throw entry.error;
      return entry;
    };
    expect(attempt).toThrow();
  });
});
