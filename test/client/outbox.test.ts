import { describe, expect, it } from 'vitest';
import { outboxAttributes, outboxEntry, outboxItem } from '../../lib/client/outbox.ts';
import { transactionBody } from '../../lib/client/transactions.ts';
import { isOrdered, readOutbox } from '../../lib/core/relay/outbox.ts';

const now = () => Date.parse('2026-01-01T00:00:00Z');
const about = {
  application: 'shop',
  topic: 'orders',
  event: { type: 'order.placed', id: '1', source: '/shop', data: { total: 5 } },
  now,
} as const;

/** An item as the relay reads it. */
const row = (item: Record<string, string | number>) => ({
  pk: String(item.pk),
  sk: String(item.sk),
  topic: item.busbarTopic as string | undefined,
  receiver: item.busbarReceiver as string | undefined,
  event: String(item.busbarEvent),
  atMs: Number(item.busbarAt),
});

describe('an entry of the outbox', () => {
  it("is readable by the bus's relay", () => {
    const { target, entry } = readOutbox(row(outboxItem(about)), 3, now());
    expect(target).toEqual({ topic: 'orders' });
    expect(entry).toMatchObject({ index: 3, event: { id: '1', source: '/shop', type: 'order.placed' } });
  });

  it('is an item of TransactWriteItems, for the table of the bus by default', () => {
    expect(outboxEntry({ ...about, key: 'order-1', sequence: 7 })).toEqual({
      Put: {
        TableName: 'busbar-outbox',
        Item: {
          pk: { S: 'outbox#shop#order-1' },
          sk: { S: expect.stringMatching(/^s0000000000000007-[0-9a-f]{16}$/) },
          busbarTopic: { S: 'orders' },
          busbarEvent: { S: expect.stringContaining('"order.placed"') },
          busbarAt: { N: String(now()) },
        },
      },
    });
    expect(outboxEntry({ ...about, table: 'other' }).Put.TableName).toBe('other');
  });

  it('without a key is on a shelf, where no event waits for another', () => {
    const pks = Array.from({ length: 500 }, (_, n) =>
      String(outboxItem({ ...about, event: { type: 't', id: String(n) } }).pk),
    );
    expect(pks.every((pk) => /^outbox#shop#~[0-3][0-9a-f]$/.test(pk) && !isOrdered(pk))).toBe(true);
    expect(new Set(pks).size).toBeGreaterThan(50);
    expect(isOrdered('outbox#shop#order-1')).toBe(true);
  });

  it('comes after earlier entries, even within the same millisecond', () => {
    const places = Array.from({ length: 20 }, () => String(outboxItem({ ...about, key: 'k' }).sk));
    expect(places).toEqual([...places].sort());
    expect(new Set(places).size).toBe(20);
  });

  it.each<[string, object, RegExp]>([
    ['an application that is not a valid name', { application: 'Shop' }, /is not a valid name/],
    ['an application with a #', { application: 'a#b' }, /is not a valid name/],
    ['a key of the shelves', { key: '~00' }, /begin with ~/],
    ['an empty key', { key: '' }, /must not be empty/],
    ['a sequence without a key', { sequence: 1 }, /must have a key/],
    ['a sequence below 0', { key: 'k', sequence: -1 }, /from 0/],
    ['two targets', { receiver: 'billing' }, /either a topic or a receiver/],
  ])('is refused with %s', (_, more, message) => {
    expect(() => outboxItem({ ...about, ...more })).toThrow(message);
  });

  it("in the producer's own table has the same attributes, and its key", () => {
    const { application: _, ...event } = about;
    expect(outboxAttributes({ ...event, key: 'k' })).toMatchObject({ busbarTopic: 'orders', busbarKey: 'k' });
  });
});

it('the body of a transaction is the same for every call with the same id', () => {
  let uuids = 0;
  const defaults = { source: '/shop', id: () => `uuid-${uuids++}`, time: () => String(uuids++) };
  const events = [
    { topic: 'orders', type: 't', data: { n: 1 } },
    { receiver: 'crm', type: 't' },
  ];
  const body = () => transactionBody(events, { id: 'order-1', checkUrl: 'https://a.example/' }, defaults);
  expect(body()).toBe(body());
  expect(JSON.parse(body())).toEqual({
    id: 'order-1',
    checkUrl: 'https://a.example/',
    events: [
      { topic: 'orders', type: 't', data: { n: 1 }, id: 'order-1-0', source: '/shop' },
      { receiver: 'crm', type: 't', id: 'order-1-1', source: '/shop' },
    ],
  });
});
