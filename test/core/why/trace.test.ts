import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventHash } from '../../../lib/core/event/hash.ts';
import { traceOf } from '../../../lib/core/event/trace-mode.ts';
import {
  type AttemptedEvent,
  attemptStates,
  attemptsIn,
  type DeliveredRow,
  deliveredIn,
  mayHold,
  packAttempted,
  textsOf,
} from '../../../lib/core/why/attempted.ts';
import { type PublishedEvent, packPublished, publishedIn, timeInId } from '../../../lib/core/why/trace.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const bytes = (row: unknown) => Buffer.byteLength(JSON.stringify(row));

describe('a packed row', () => {
  const id = fc.string({ minLength: 1, maxLength: 8 });
  const name = fc.constantFrom('a', 'b', 'c');
  const refusals = fc.dictionary(
    name,
    fc.constantFrom(
      [{ key: 'type', condition: ['x'], because: 'different' as const }],
      [{ key: 'data.n', condition: [{ exists: true }], because: 'absent' as const }],
    ),
  );
  const published = fc.record({ id, source: name, type: name, refusals }).chain(
    (event): fc.Arbitrary<PublishedEvent> =>
      fc.option(fc.integer({ min: 0, max: 1e6 }), { nil: undefined }).map((seconds) => ({
        ...event,
        ...(seconds !== undefined && { dueAtMs: nowMs + seconds * 1000 }),
      })),
  );
  const attempted = fc
    .record({
      id,
      source: name,
      type: name,
      topic: fc.option(name, { nil: undefined }),
      startedAtMs: fc.integer({ min: nowMs - 60_000, max: nowMs }),
      latencyMs: fc.integer({ min: 0, max: 30_000 }),
    })
    .chain((event): fc.Arbitrary<AttemptedEvent> => {
      const recorded = fc
        .record({ attempt: fc.nat(20), state: fc.constantFrom(...attemptStates), wait: fc.nat(3600) })
        .map(({ attempt, state, wait }) => ({
          ...event,
          attempt,
          state,
          isRecorded: true,
          ...(state === 'delivered' ? { status: 200 } : { error: 'timeout' }),
          ...(state === 'failed' && { nextAttemptAtMs: nowMs + wait * 1000 }),
        }));
      const atOnce = fc.integer({ min: 200, max: 299 }).map((status) => ({
        ...event,
        status,
        attempt: 1,
        state: 'delivered' as const,
        isRecorded: false,
      }));
      return fc.oneof(atOnce, recorded);
    });
  const attempts = fc.array(attempted, { minLength: 1, maxLength: 10 });
  const packed = (events: readonly AttemptedEvent[]) =>
    JSON.parse(JSON.stringify(packAttempted(nowMs, { receiver: 'billing' }, 'online', events)));

  it('gives back of each event what was packed, also after it was stored as JSON', () => {
    fc.assert(
      fc.property(fc.array(published, { minLength: 1, maxLength: 20 }), (events) => {
        const rows = packPublished(nowMs, { topic: 'orders' }, ['a', 'b', 'c'], events);
        expect(rows).toHaveLength(1);
        const [row] = JSON.parse(JSON.stringify(rows));
        for (const event of events) {
          expect(publishedIn(row, event.id)).toEqual(events.filter((other) => other.id === event.id));
        }
      }),
    );
  });

  it('gives back the attempts that were packed, the last one to begin first', () => {
    fc.assert(
      fc.property(attempts, (events) => {
        const newestFirst = [...events].sort((one, other) => other.startedAtMs - one.startedAtMs);
        expect(attemptsIn(packed(events))).toEqual(newestFirst);
      }),
    );
  });

  it('gives back of each delivery without a record what was packed', () => {
    fc.assert(
      fc.property(attempts, (events) => {
        const row = packed(events);
        for (const { id: one } of events) {
          expect(deliveredIn(row, one)).toEqual(
            events.filter((other) => other.id === one && !other.isRecorded),
          );
        }
      }),
    );
  });

  it('has the texts by which it is found', () => {
    fc.assert(
      fc.property(attempts, (events) => {
        const text = JSON.stringify(packed(events));
        for (const { id: one, topic, type, state } of events) {
          expect(textsOf(one).some((part) => text.includes(part))).toBe(true);
          const wanted = { receiver: 'billing', topic, type, isFailed: state !== 'delivered' };
          for (const part of mayHold(wanted)) expect(text).toContain(part);
        }
      }),
    );
    const atOnce = { id: '1', source: '/s', type: 't', topic: 'errors', startedAtMs: nowMs, latencyMs: 1 };
    const row = packed([{ ...atOnce, status: 200, attempt: 1, state: 'delivered', isRecorded: false }]);
    expect(JSON.stringify(row)).not.toContain(mayHold({ isFailed: true })[0]);
  });

  it('of the older form, which has hashes of ids, still tells of a delivery', () => {
    const row: DeliveredRow = {
      kind: 'delivered',
      atMs: nowMs,
      receiver: 'billing',
      lane: 'online',
      sources: ['/s'],
      types: ['t'],
      topics: ['orders'],
      deliveries: [[eventHash('o-1'), 0, 0, 0, 200, 204, 187]],
    };
    expect(deliveredIn(row, 'o-1')).toMatchObject([
      { id: 'o-1', status: 204, latencyMs: 187, startedAtMs: nowMs - 200 },
    ]);
    expect(deliveredIn(row, 'o-2')).toEqual([]);
    expect(JSON.stringify(row)).toContain(textsOf('o-1')[0]);
  });

  it('of a batch of ten fits into one write unit, with long names and refusals', () => {
    const ids = Array.from({ length: 10 }, (_, n) => `7e0d4c0a-8f0e-4b1c-9a55-1f6f0c9f2b1${n}`);
    const common = { source: 'https://shop.example.com/checkout', type: 'com.example.shop.order.placed' };
    const refused = [
      { key: 'data.total', condition: [{ numeric: ['>=', 100] }], because: 'different' as const },
    ];
    const [row] = packPublished(
      nowMs,
      { topic: 'orders-of-the-shop' },
      ['billing', 'warehouse', 'vip-desk'],
      ids.map((one) => ({ id: one, ...common, refusals: { 'vip-desk': refused } })),
      { incarnation: '7e0d4c0a', by: 'shop' },
    );
    const batch = packAttempted(
      nowMs,
      { receiver: 'warehouse', incarnation: '7e0d4c0a' },
      'online',
      ids.map((one) => ({
        id: one,
        ...common,
        topic: 'orders-of-the-shop',
        startedAtMs: nowMs - 200,
        latencyMs: 187,
        status: 204,
        attempt: 1,
        state: 'delivered' as const,
        isRecorded: false,
      })),
    );
    // What the keys and the expiry add is less than 100 bytes.
    expect(bytes(row)).toBeLessThan(924);
    expect(bytes(batch)).toBeLessThan(924);
  });

  it('is split when thousands of rules refused, so that no item is too large', () => {
    const long = (n: number) => [
      { key: 'type', condition: [`${n}`.padEnd(5000)], because: 'different' as const },
    ];
    const events = Array.from({ length: 100 }, (_, n) => ({
      id: `${n}`,
      source: '/s',
      type: 't',
      refusals: { a: long(n) },
    }));
    const rows = packPublished(nowMs, { topic: 'orders' }, ['a'], events);
    expect(rows.length).toBeGreaterThan(4);
    for (const row of rows) expect(bytes(row)).toBeLessThan(110_000);
    expect(rows.flatMap((row) => publishedIn(row, '77'))).toEqual([events[77]]);
  });
});

describe('the hash of an id', () => {
  it('is short and needs no escapes in JSON', () => {
    expect(eventHash('o-1')).toMatch(/^[\w-]{12}$/);
    expect(eventHash('o-1')).not.toBe(eventHash('o-2'));
  });
});

describe('the time in an id', () => {
  it.each([
    ['019b76da-a800-7000-8000-000000000001', Date.parse('2026-01-01T00:00:00Z')],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAV', 1469922850259],
    ['7e0d4c0a-8f0e-4b1c-9a55-1f6f0c9f2b11', undefined],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAU', undefined],
    ['order-1', undefined],
    ['', undefined],
  ])('of %j is %j', (id, expected) => {
    expect(timeInId(id)).toBe(expected);
  });
});

describe('the trace of a message', () => {
  it.each([
    [{}, 'failures'],
    [{ 'busbar-trace': 'all' }, 'all'],
    [{ 'busbar-trace': 'none' }, 'none'],
    [{ 'busbar-trace': 'loud' }, 'failures'],
  ])('with the attributes %j is %s', (attributes, expected) => {
    expect(traceOf(attributes as Record<string, string>)).toBe(expected);
  });
});
