import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineBus } from '../../../lib/connectors/declaration.ts';
import {
  bridgeSchema,
  hideSecondsAfter,
  parseBridge,
  parseRocketMqSecret,
  writeBridge,
} from '../../../lib/connectors/rocketmq/bridge.ts';
import {
  type BridgedMessage,
  eventOfMessage,
  extensionsOf,
} from '../../../lib/connectors/rocketmq/bridge-event.ts';
import { afterBatch, noPressure } from '../../../lib/core/bridge/pressure.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const message = (more: Partial<BridgedMessage> = {}): BridgedMessage => ({
  id: '0102FC0000000164390B13F1D700000000',
  topic: 'orders',
  keys: [],
  properties: {},
  body: Buffer.from('{"n":12345678901234567890}'),
  corrupted: false,
  bornAtMs: nowMs - 1000,
  ...more,
});
const hops = ['rocketmq:mq.example.com:8081/orders'];
const context = { bridge: 'legacy', topic: { topic: 'shop' }, hops, nowMs };
const entryOf = (more: Partial<BridgedMessage> = {}, topic = {}) =>
  eventOfMessage(message(more), 0, { ...context, topic: { ...context.topic, ...topic } });
function eventOf(more: Partial<BridgedMessage> = {}, topic = {}) {
  const entry = entryOf(more, topic);
  if ('error' in entry) throw entry.error;
  return JSON.parse(entry.event.body);
}

describe('a message as an event', () => {
  it('takes its id, its type from topic and tag, its subject from the first key, its time from its birth', () => {
    expect(eventOf({ tag: 'created', keys: ['o-1', 'customer-7'] })).toMatchObject({
      specversion: '1.0',
      id: '0102FC0000000164390B13F1D700000000',
      source: '/rocketmq/legacy/orders',
      type: 'orders.created',
      subject: 'o-1',
      rocketmqkeys: 'o-1 customer-7',
      time: '2025-12-31T23:59:59.000Z',
      datacontenttype: 'application/json',
      busbarhops: hops[0],
    });
    expect(eventOf()).toMatchObject({ type: 'orders' });
    expect(eventOf()).not.toHaveProperty('subject');
    expect(eventOf({ topic: '%RETRY%a|b' }).source).toBe('/rocketmq/legacy/%25RETRY%25a%7Cb');
  });

  it('is the event that it carries, where it is a CloudEvent already', () => {
    const properties = {
      CE_specversion: '1.0',
      CE_id: 'e-1',
      CE_source: '/shop',
      CE_type: 'order.placed',
      CE_time: '2025-12-31T12:00:00Z',
      CE_contenttype: 'application/json',
      CE_busbarhops: 'bus:other/topics/x',
      other: 'no attribute of it',
    };
    const event = eventOf({ properties });
    expect(event).toMatchObject({
      id: 'e-1',
      source: '/shop',
      type: 'order.placed',
      time: '2025-12-31T12:00:00Z',
      busbarhops: hops[0],
    });
    expect(event).not.toHaveProperty('other');
    const body = Buffer.from('{"specversion":"1.0","id":"e-2","source":"/shop","type":"t","data":1}');
    expect(eventOf({ properties: { CE_contenttype: 'application/cloudevents+json' }, body }).id).toBe('e-2');
    expect(entryOf({ properties: { CE_specversion: '1.0' } })).toMatchObject({
      error: { code: 'invalid_event' },
    });
  });

  it('keeps JSON letter by letter', () => {
    const entry = entryOf();
    expect('event' in entry && entry.event.body).toContain('"data":{"n":12345678901234567890}');
  });

  it.each([
    ['JSON', '[1,2]', { data: [1, 2], datacontenttype: 'application/json' }],
    ['text', 'Grüße\n', { data: 'Grüße\n', datacontenttype: 'text/plain' }],
    [
      'JSON that names a member twice',
      '{"a":1,"a":2}',
      { data: '{"a":1,"a":2}', datacontenttype: 'text/plain' },
    ],
    [
      'bytes',
      Buffer.from([0xff, 0x00]),
      { data_base64: '/wA=', datacontenttype: 'application/octet-stream' },
    ],
    ['text with control characters', 'a\u0000b', { data_base64: 'YQBi' }],
  ] as const)('has %s as data', (_name, body, expected) => {
    expect(eventOf({ body: Buffer.from(body) })).toMatchObject(expected);
  });

  it('has no data for an empty body', () => {
    const event = eventOf({ body: Buffer.of() });
    expect(event).not.toHaveProperty('data');
    expect(event).not.toHaveProperty('datacontenttype');
  });

  it('keeps properties under names that CloudEvents takes', () => {
    const properties = {
      colour: 'red',
      'X-Tenant_Id': 'acme',
      type: 'mine',
      颜色: '红',
      skipped: 'no',
    };
    const event = eventOf({ properties }, { dropProperties: ['skipped'] });
    expect(event).toMatchObject({ colour: 'red', xtenantid: 'acme', propertytype: 'mine', type: 'orders' });
    expect(event).not.toHaveProperty('skipped');
    expect(Object.entries(event).filter(([, value]) => value === '红')).toEqual([
      [expect.stringMatching(/^property[0-9a-f]{12}$/), '红'],
    ]);
  });

  it('keeps every value when names collide, whatever their order', () => {
    const pairs = [
      ['trace-id', 'a'],
      ['traceid', 'b'],
      ['Trace_Id', 'c'],
    ] as const;
    const one = extensionsOf(pairs);
    expect(one.traceid).toBe('b');
    expect(Object.values(one).sort()).toEqual(['a', 'b', 'c']);
    expect(extensionsOf([...pairs].reverse())).toEqual(one);
  });

  it('keeps every property of any message under a legal name of its own', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ maxLength: 20 })), (properties) => {
        const extensions = extensionsOf(Object.entries(properties));
        expect(Object.values(extensions).sort()).toEqual(Object.values(properties).sort());
        for (const name of Object.keys(extensions)) expect(name).toMatch(/^[a-z0-9]{1,64}$/);
      }),
    );
  });

  it('keeps the message group and the time of a delayed message', () => {
    expect(eventOf({ group: 'g-1' }).rocketmqgroup).toBe('g-1');
    const past = entryOf({ deliverAtMs: nowMs - 5 });
    expect(past).not.toHaveProperty('dueAtMs');
    expect(eventOf({ deliverAtMs: nowMs - 5 }).rocketmqdeliverat).toBe('2025-12-31T23:59:59.995Z');
    expect(entryOf({ deliverAtMs: nowMs + 5000 })).toMatchObject({ dueAtMs: nowMs + 5000 });
  });

  it('is letter by letter the same when it comes again, trace included, and later', () => {
    const later = eventOfMessage(message(), 3, { ...context, nowMs: nowMs + 60_000 });
    const first = entryOf();
    expect('event' in first && 'event' in later && later.event.body).toBe(
      'event' in first && first.event.body,
    );
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(eventOf({ properties: { traceparent } }).traceparent).toBe(traceparent);
    expect(eventOf({ properties: { traceparent: 'nonsense' } }).traceparent).toMatch(
      /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
    );
  });

  it.each([
    ['whose body has not the checksum it was sent with', { corrupted: true }, 'data'],
    ['with a property that is too long', { properties: { note: 'x'.repeat(1025) } }, 'note'],
    ['with a property of control characters', { properties: { note: 'a\u0007' } }, 'note'],
  ] as const)('is refused %s, and says which part', (_name, more, path) => {
    expect(entryOf(more)).toMatchObject({
      id: message().id,
      error: { code: 'invalid_event', fields: [{ path }] },
    });
  });
});

describe('back-pressure', () => {
  const bridge = { slowSeconds: 5 };

  it('waits twice as long after each batch that was slow or not taken, and not at all after a good one', () => {
    let pressure = noPressure;
    const waits: number[] = [];
    for (const tookMs of [6000, 5001, 9000, 9000, 9000, 9000]) {
      const after = afterBatch(pressure, { tookMs, notTaken: 0 }, bridge);
      pressure = after.pressure;
      waits.push(after.waitMs);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000]);
    expect(afterBatch(pressure, { tookMs: 10, notTaken: 1 }, bridge).waitMs).toBe(16_000);
    expect(afterBatch(pressure, { tookMs: 10, notTaken: 0 }, bridge)).toEqual({
      pressure: noPressure,
      waitMs: 0,
    });
  });

  it('hides what was not taken for longer each time, so that an outage does not use up its deliveries', () => {
    expect([1, 2, 3, 8, 9, 10, 100].map(hideSecondsAfter)).toEqual([10, 20, 40, 1280, 2560, 3600, 3600]);
    const hours =
      Array.from({ length: 16 }, (_, n) => hideSecondsAfter(n + 1)).reduce((sum, s) => sum + s) / 3600;
    expect(hours).toBeGreaterThan(8);
  });
});

describe('the declaration of a bridge', () => {
  const base = { endpoint: 'mq.example.com:8081', group: 'busbar', topics: { orders: 'shop' } };

  it('fills in what it leaves open, and comes through the environment of its function unchanged', () => {
    const bridge = bridgeSchema.parse({
      ...base,
      topics: { orders: 'shop', paid: { topic: 'shop', tags: 'a || b' } },
    });
    expect(bridge).toMatchObject({
      topics: { orders: { topic: 'shop' }, paid: { topic: 'shop', tags: 'a || b' } },
      tls: true,
      batch: 32,
      parallel: 4,
      invisibleSeconds: 120,
    });
    expect(parseBridge(writeBridge('legacy', bridge))).toEqual({ name: 'legacy', bridge });
  });

  it.each<[string, object]>([
    ['an endpoint with a scheme', { endpoint: 'http://mq.example.com:8081' }],
    ['an endpoint without a port', { endpoint: 'mq.example.com' }],
    ['no topic', { topics: {} }],
    ['a topic of the bus that is none', { topics: { orders: 'Shop!' } }],
    ['tags and sql', { topics: { orders: { topic: 'shop', tags: 'a', sql: 'b > 1' } } }],
    ['more messages at a time than RocketMQ gives', { batch: 33 }],
    ['messages hidden for less than its function may take', { invisibleSeconds: 60 }],
    ['a subnet that is none', { vpc: { subnetIds: ['x'], securityGroupIds: ['sg-12345678'] } }],
    ['an unknown field', { topic: 'x' }],
    ['credentials in the declaration', { accessKey: 'x', secretKey: 'y' }],
  ])('is refused with %s', (_name, wrong) => {
    expect(() => defineBus({ bridges: { legacy: { ...base, ...wrong } as never } })).toThrow(
      /bridges\.legacy/,
    );
  });

  it('is refused when two bridges share a group: RocketMQ gives each message to one of them', () => {
    expect(() => defineBus({ bridges: { one: base, two: { ...base, topics: { paid: 'shop' } } } })).toThrow(
      /bridges\.two\.group/,
    );
    expect(() => defineBus({ bridges: { one: base, two: { ...base, group: 'other' } } })).not.toThrow();
  });
});

describe('the secret of a bridge', () => {
  it('is JSON with the two keys', () => {
    expect(parseRocketMqSecret('mq', '{"accessKey":"a","secretKey":"s","note":"x"}')).toEqual({
      accessKey: 'a',
      secretKey: 's',
    });
  });

  it.each(['', 'hunter2', '{"accessKey":"hunter2"}', '["hunter2"]'])('%j is refused unquoted', (text) => {
    expect(() => parseRocketMqSecret('mq', text)).toThrow(/The secret mq must be JSON/);
    expect(() => parseRocketMqSecret('mq', text)).not.toThrow(/hunter2/);
  });
});
