import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseRoute,
  fanOutSettlesSeconds,
  settlesSeconds,
  settlingReceiversMax,
  straightReceiversMax,
  subscriptionsCacheSeconds,
} from '../../../lib/core/routing/choose-route.ts';
import { messageBytes, messageOf } from '../../../lib/core/routing/routing.ts';

const nowMs = Date.parse('2026-12-01T12:00:00Z');
const old = '2026-01-01T00:00:00Z';
const target = { topic: 'orders' };

function messages(count: number, { type = 'a', data = {}, ordered = false } = {}) {
  return Array.from({ length: count }, (_, at) => {
    const event = {
      type,
      source: '/s',
      subject: undefined,
      body: JSON.stringify({ id: String(at), type, data }),
    };
    const order = { group: 'orders/1', deduplicationId: String(at) };
    const message = messageOf({ ...event, ...(ordered && { order }) }, target);
    return { ...message, bytes: messageBytes(message) };
  });
}
const receivers = (count: number, updatedAt = old) =>
  Array.from({ length: count }, (_, at) => ({ receiver: `receiver-${at}`, updatedAt }));
const kindFor = (...[events, subscribers]: [ReturnType<typeof messages>, ReturnType<typeof receivers>]) =>
  chooseRoute(target, events, subscribers, nowMs).kind;

describe('the route of messages', () => {
  it('leads to the queue of a receiver that is invoked', () => {
    expect(chooseRoute({ receiver: 'shop' }, messages(2), [], nowMs)).toEqual({
      kind: 'straight',
      copies: [{ receiver: 'shop', places: [0, 1] }],
    });
  });

  it('is straight for full batches, and for single events to few receivers', () => {
    expect(kindFor(messages(10), receivers(straightReceiversMax))).toBe('straight');
    expect(kindFor(messages(1), receivers(5))).toBe('straight');
  });

  it('is SNS where that is cheaper, and where there are many receivers', () => {
    expect(kindFor(messages(1), receivers(straightReceiversMax))).toBe('fan-out');
    expect(kindFor(messages(10), receivers(straightReceiversMax + 1))).toBe('fan-out');
  });

  it('is SNS without subscribers, where only SNS can tell that the topic is gone', () => {
    expect(kindFor(messages(1), [])).toBe('fan-out');
  });

  it('is SNS for an ordered topic, where a straight event could overtake', () => {
    expect(kindFor(messages(10, { ordered: true }), receivers(1))).toBe('fan-out');
  });

  it('is straight while SNS may still use an earlier filter', () => {
    const changed = (secondsAgo: number) => [
      ...receivers(straightReceiversMax - 1),
      { receiver: 'new', updatedAt: new Date(nowMs - secondsAgo * 1000).toISOString() },
    ];
    expect(kindFor(messages(1), changed(fanOutSettlesSeconds - 1))).toBe('straight');
    expect(kindFor(messages(1), changed(fanOutSettlesSeconds + 1))).toBe('fan-out');
    const now = new Date(nowMs).toISOString();
    expect(kindFor(messages(1), receivers(settlingReceiversMax, now))).toBe('straight');
    expect(kindFor(messages(1), receivers(settlingReceiversMax + 1, now))).toBe('fan-out');
  });

  it('makes no call for what no filter matches', () => {
    const none = [{ receiver: 'shop', filter: { type: ['b'] }, updatedAt: old }];
    expect(chooseRoute(target, messages(3), none, nowMs)).toEqual({ kind: 'straight', copies: [] });
  });

  it('copies to each receiver what its filter matches', () => {
    const both = [...messages(1, { type: 'a' }), ...messages(1, { type: 'b', data: { n: 7 } })];
    const subscribers = [
      { receiver: 'all', updatedAt: old },
      { receiver: 'some', filter: { type: ['b'] }, updatedAt: old },
      { receiver: 'data', filter: { data: { n: [7] } }, updatedAt: old },
      { receiver: 'none', filter: { data: { n: [8] } }, updatedAt: old },
    ];
    expect(chooseRoute(target, both, subscribers, nowMs)).toEqual({
      kind: 'straight',
      copies: [
        { receiver: 'all', places: [0, 1] },
        { receiver: 'some', places: [1] },
        { receiver: 'data', places: [1] },
      ],
    });
  });

  it('leaves to SNS a filter that takes too much work', () => {
    const list = Array.from({ length: 400 }, (_, n) => ({ a: 'x', n }));
    // The two inner lists have 160,000 pairs; only one of the last ones matches.
    const data = { outer: [{ one: list, other: list }] };
    const filter = { data: { outer: { other: { a: ['x'] }, one: { a: ['x'], n: [399] } } } };
    const kind = (part: object) =>
      chooseRoute(target, messages(1, { data: part }), [{ receiver: 'shop', filter, updatedAt: old }], nowMs)
        .kind;
    expect(kind(data)).toBe('fan-out');
    expect(kind({ outer: [{ one: list.slice(-9), other: list.slice(-9) }] })).toBe('straight');
  });
});

it('tells how long a change of a subscription may take', () => {
  expect(settlesSeconds({ isOrdered: false }, 1)).toBe(4);
  expect(settlesSeconds({ isOrdered: false }, straightReceiversMax + 1)).toBe(5);
  expect(settlesSeconds({ isOrdered: false }, settlingReceiversMax + 1)).toBe(900);
  expect(settlesSeconds({ isOrdered: true }, 1)).toBe(900);
});

describe('the subscriptions that a publisher keeps', () => {
  it('are as old as 50 ms while they are new, and never older than 5 s', () => {
    const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1000).toISOString();
    expect(subscriptionsCacheSeconds([], nowMs)).toBe(0.05);
    expect(subscriptionsCacheSeconds(receivers(2, at(5)), nowMs)).toBe(0.05);
    expect(subscriptionsCacheSeconds([...receivers(2), ...receivers(1, at(5))], nowMs)).toBe(0.05);
    expect(subscriptionsCacheSeconds(receivers(2, at(100)), nowMs)).toBe(0.5);
    expect(subscriptionsCacheSeconds(receivers(2), nowMs)).toBe(4);
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: -100, max: 1e6 }), (count, secondsAgo) => {
        const seconds = subscriptionsCacheSeconds(receivers(count, at(secondsAgo)), nowMs);
        expect(seconds).toBeGreaterThanOrEqual(0.05);
        expect(seconds).toBeLessThanOrEqual(5);
      }),
    );
  });
});
