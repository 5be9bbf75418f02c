import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { type AttemptsQuery, listAttempts } from '../../../lib/app/why/attempts.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import type { Target } from '../../../lib/core/event/target.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import type { Topic } from '../../../lib/core/registry/topic.ts';
import { type AttemptedRow, packAttempted } from '../../../lib/core/why/attempted.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';

const shop = member('shop');
const desk = member('desk');
const outsider = member('outsider');
const urlOf = (receiver: string) => `https://${receiver}.example.com/events`;

/** The topic of `shop`, and of each application a receiver that it feeds. */
async function busWith(trace: 'none' | 'failures' | 'all' = 'all'): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders', { owner: 'shop', trace });
  for (const [receiver, owner] of [
    ['billing', 'shop'],
    ['archive', 'desk'],
  ] as const) {
    await bus.receiver(receiver, { owner });
    await bus.subscription('orders', receiver);
    bus.endpoint(urlOf(receiver), () => 204);
  }
  return bus;
}

const send = (bus: TestBus, events: unknown, target: Target = { topic: 'orders' }) =>
  publish(bus.tools, admin, target, shorthand(events));
const list = (bus: TestBus, who: Principal = admin, query: Partial<AttemptsQuery> = {}) =>
  listAttempts(bus.tools, who, { limit: 100, ...query });
const ids = async (bus: TestBus, who: Principal = admin, query: Partial<AttemptsQuery> = {}) =>
  (await list(bus, who, query)).deliveries.map(({ id, receiver }) => `${id} ${receiver}`);

describe('the list of attempts', () => {
  it('has each attempt with what became of it, newest first', async () => {
    const bus = await busWith('failures');
    let status = 503;
    bus.endpoint(urlOf('billing'), () => status);
    await send(bus, [{ type: 'a', id: 'o-1' }]);
    await bus.runLane('billing');
    status = 204;
    await bus.clock.advance(10_000);
    await bus.runLane('billing');
    const { deliveries, notRecorded } = await list(bus);
    const common = {
      receiver: 'billing',
      topic: 'orders',
      id: 'o-1',
      source: '/applications/ops',
      type: 'a',
      deliveryId: bus.requests[0]?.headers['webhook-id'],
      lane: 'online',
      latencyMs: 0,
    };
    expect(deliveries).toEqual([
      { ...common, at: '2026-01-01T00:00:10.000Z', attempt: 2, state: 'delivered', status: 204 },
      {
        ...common,
        at: '2026-01-01T00:00:00.000Z',
        attempt: 1,
        state: 'failed',
        status: 503,
        nextAttemptAt: expect.stringMatching(/^2026-01-01T00:00:0[56]/),
      },
    ]);
    expect(notRecorded).toContain('delivered at once of the topic orders');
  });

  it('has no attempt of a topic whose trace is none, and says so', async () => {
    const bus = await busWith('none');
    bus.endpoint(urlOf('billing'), () => 500);
    await send(bus, [{ type: 'a', id: 'o-1' }]);
    await bus.runLane('billing');
    const { deliveries, notRecorded } = await list(bus, admin, { topic: 'orders' });
    expect(deliveries).toEqual([]);
    expect(notRecorded).toBe(
      'not recorded: single events, failing or not, of the topic orders (trace: none)',
    );
  });

  it('says nothing is left out of a topic whose trace is all', async () => {
    const bus = await busWith('all');
    expect(await list(bus, shop, { topic: 'orders' })).toEqual({ deliveries: [] });
  });

  it('filters by receiver, topic, type, state and time', async () => {
    const bus = await busWith('all');
    bus.endpoint(urlOf('archive'), () => 400);
    await bus.receiver('archive', { owner: 'desk', retry: { delaysSeconds: [] } });
    await send(bus, [
      { type: 'a', id: '1' },
      { type: 'b', id: '2' },
    ]);
    await bus.runLane('billing');
    await bus.clock.advance(60_000);
    await bus.runLane('archive');
    expect(await ids(bus, admin, { receiver: 'archive' })).toEqual(['1 archive', '2 archive']);
    expect((await ids(bus, admin, { topic: 'orders', receiver: 'billing' })).sort()).toEqual([
      '1 billing',
      '2 billing',
    ]);
    expect(await ids(bus, admin, { type: 'a', state: 'delivered' })).toEqual(['1 billing']);
    expect(await ids(bus, admin, { state: 'failed' })).toEqual(['1 archive', '2 archive']);
    expect(await ids(bus, admin, { state: 'dead-lettered', type: 'b' })).toEqual(['2 archive']);
    const minute = Date.parse('2026-01-01T00:01:00Z');
    expect(await ids(bus, admin, { since: minute })).toEqual(['1 archive', '2 archive']);
    expect((await ids(bus, admin, { until: minute })).sort()).toEqual(['1 billing', '2 billing']);
  });

  it('shows the owner of a topic no details of the endpoints of others, and outsiders nothing', async () => {
    const bus = await busWith('all');
    bus.endpoint(urlOf('archive'), () => 503);
    await send(bus, [{ type: 'a', id: '1' }]);
    await bus.runLane('archive');
    await bus.runLane('billing');
    const seen = await list(bus, shop, { topic: 'orders', receiver: 'archive' });
    expect(seen.deliveries).toEqual([
      {
        at: '2026-01-01T00:00:00.000Z',
        receiver: 'archive',
        topic: 'orders',
        id: '1',
        source: '/applications/ops',
        type: 'a',
        deliveryId: expect.stringMatching(/^dlv_/),
        attempt: 1,
        state: 'failed',
      },
    ]);
    expect((await list(bus, desk)).deliveries).toMatchObject([{ receiver: 'archive', status: 503 }]);
    expect((await ids(bus, shop)).sort()).toEqual(['1 archive', '1 billing']);
    expect(await ids(bus, outsider)).toEqual([]);
    expect(await ids(bus, outsider, { topic: 'orders' })).toEqual([]);
    await expect(list(bus, outsider, { receiver: 'archive' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(list(bus, outsider, { receiver: 'archive', topic: 'orders' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(list(bus, admin, { receiver: 'none' })).rejects.toMatchObject({ code: 'unknown_receiver' });
    await expect(list(bus, admin, { topic: 'none' })).rejects.toMatchObject({ code: 'unknown_topic' });
  });

  it('shows nothing of what an earlier receiver or topic of the name had', async () => {
    const bus = await busWith('all');
    await send(bus, [{ type: 'a', id: '1' }]);
    await bus.runLane('archive');
    await bus.clock.advance(60_000);
    const nowAt = new Date(bus.clock.now()).toISOString();
    await bus.tools.registry.changeTopic('orders', (was) => ({ ...(was as Topic), createdAt: nowAt }));
    expect(await ids(bus, shop)).toEqual([]);
    expect(await ids(bus, desk)).toEqual(['1 archive']);
    await bus.tools.registry.changeReceiver('archive', (was) => ({
      ...(was as Receiver),
      createdAt: nowAt,
    }));
    expect(await ids(bus, desk)).toEqual([]);
  });

  it('refuses cursors that it has not made, and a period without a moment', async () => {
    const bus = await busWith();
    await expect(list(bus, admin, { cursor: 'AAAA' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(list(bus, admin, { since: 5, until: 5 })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the pages of the list', () => {
  const startMs = Date.parse('2026-01-05T23:59:30Z');
  const row = (atMs: number, n: number, size: number): AttemptedRow =>
    packAttempted(
      atMs,
      { receiver: n % 2 === 0 ? 'billing' : 'archive' },
      'online',
      Array.from({ length: size }, (_, at) => ({
        id: `${n}-${at}`,
        source: '/s',
        type: 't',
        topic: 'orders',
        startedAtMs: atMs - at,
        latencyMs: 1,
        state: 'delivered' as const,
        status: 200,
        attempt: 1,
        isRecorded: false,
      })),
    );
  async function everyPage(bus: TestBus, limit: number, query: Partial<AttemptsQuery> = {}) {
    const found: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page: Awaited<ReturnType<typeof listAttempts>> = await list(bus, admin, {
        ...query,
        limit,
        cursor,
      });
      expect(page.deliveries.length).toBeLessThanOrEqual(limit);
      found.push(...page.deliveries.map(({ id }) => id));
      cursor = page.cursor;
      pages += 1;
    } while (cursor !== undefined && pages < 500);
    expect(cursor).toBeUndefined();
    return found;
  }

  it('have every attempt once and in order, over partitions and days, whatever their size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ gap: fc.nat(20_000), size: fc.integer({ min: 1, max: 10 }) }), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 30 }),
        async (batches, limit) => {
          const bus = await busWith();
          await bus.clock.advance(startMs + 3_600_000 - bus.clock.now());
          const rows: AttemptedRow[] = [];
          let atMs = startMs;
          for (const [n, { gap, size }] of batches.entries()) {
            atMs += gap + 1;
            rows.push(row(atMs, n, size));
          }
          await bus.tools.traces.put(rows);
          const all = [...rows].reverse().flatMap(({ attempts }) => attempts.map(([name]) => name.slice(1)));
          const since = { since: startMs };
          expect(await everyPage(bus, limit, since)).toEqual(all);
          expect(await everyPage(bus, limit, { ...since, receiver: 'billing' })).toEqual(
            all.filter((id) => Number(id.split('-')[0]) % 2 === 0),
          );
        },
      ),
      { numRuns: 15 },
    );
  });

  it('make at most 64 reads, and go on behind days without anything', async () => {
    const bus = await busWith();
    const dayMs = 24 * 3600 * 1000;
    await bus.clock.advance(20 * dayMs);
    await bus.tools.traces.put([row(bus.clock.now() - 15 * dayMs, 0, 1)]);
    const queries = () => bus.calls.filter((call) => call === 'dynamodb.Query').length;
    const before = queries();
    const first = await list(bus);
    // One more says what is not recorded.
    expect(queries() - before).toBeLessThanOrEqual(65);
    expect(first.deliveries).toEqual([]);
    expect(await everyPage(bus, 100)).toEqual(['0-0']);
  });

  it('cost a handful of read units while someone follows them', async () => {
    const bus = await busWith();
    const startMs = bus.clock.now();
    await bus.tools.traces.put(Array.from({ length: 400 }, (_, n) => row(startMs + n * 1000, n, 10)));
    await bus.clock.advance(400_000);
    bus.meter.reset();
    await list(bus, admin, { since: bus.clock.now() - 30_000 });
    // The batches of half a minute in eight partitions, the names in them, and the topics that are not traced.
    expect(bus.meter.counts()['dynamodb.read-units']).toBeLessThan(20);
    bus.meter.reset();
    await list(bus);
    expect(bus.meter.counts()['dynamodb.read-units']).toBeLessThan(100);
  });

  it('read the topics once in five seconds, however often someone asks what is new', async () => {
    const bus = await busWith();
    const since = () => ({ since: bus.clock.now() - 30_000 });
    const queries = () => bus.calls.filter((call) => call === 'dynamodb.Query').length;
    const costOf = async (ask: () => Promise<unknown>) => {
      const before = queries();
      await ask();
      return queries() - before;
    };
    const first = await costOf(() => list(bus, admin, since()));
    await bus.clock.advance(1000);
    expect(await costOf(() => list(bus, admin, since()))).toBe(first - 1);
    await bus.topic('quiet', { trace: 'none' });
    await bus.clock.advance(4000);
    expect((await list(bus, admin, since())).notRecorded).toContain('quiet (trace: none)');
  });
});
