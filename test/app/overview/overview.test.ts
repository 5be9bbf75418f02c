import { describe, expect, it } from 'vitest';
import { overview } from '../../../lib/app/overview/overview.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { createRequest, decideRequest } from '../../../lib/app/request/requests.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { billOf, type Unit } from '../../../lib/core/bill/bill.ts';
import { disabled } from '../../../lib/core/registry/flow.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { forceBreaker, putHold, startRedrive } from '../calls.ts';

const startMs = Date.parse('2026-03-01T10:00:00Z');
const shop = member('shop');
const crm = member('crm');
const viewer: Principal = { application: 'shop', role: 'viewer' };
const group: Principal = { application: 'group', role: 'member', children: ['crm', 'shop'] };

/** A topic of the shop with a receiver each of shop and crm. */
async function busWithTwo(answers: () => number = () => 204): Promise<TestBus> {
  const bus = await testBus(startMs);
  await bus.topic('orders', { access: { publish: 'request', subscribe: 'request' } });
  for (const [name, owner] of [
    ['billing', 'shop'],
    ['letters', 'crm'],
  ] as const) {
    await bus.receiver(name, { owner, retry: { delaysSeconds: [30] } });
    await bus.subscription('orders', name);
    bus.endpoint(`https://${name}.example.com/events`, () => answers());
  }
  return bus;
}

const publishSome = (bus: TestBus, count: number) =>
  publish(
    bus.tools,
    admin,
    { topic: 'orders' },
    shorthand(Array.from({ length: count }, () => ({ type: 'order.placed', data: 1 }))),
  );

/** As another instance sees it, whose caches are empty. */
const seenBy = (bus: TestBus, principal: Principal) => overview(bus.newTools(), principal, {});
const namesOf = ({ receivers }: Awaited<ReturnType<typeof overview>>) =>
  receivers.map(({ receiver }) => receiver);

describe('the points of the overview', () => {
  it('add up what came and went, of the whole bus or of what the caller owns', async () => {
    const bus = await busWithTwo();
    await publishSome(bus, 3);
    await bus.runLane('billing');
    await bus.runLane('letters');
    await bus.clock.advance(60_000);

    const sum = async (principal: Principal) => {
      const { points } = await seenBy(bus, principal);
      expect(points).toHaveLength(60);
      return points.reduce(
        (all, { accepted, delivered }) => [(all[0] ?? 0) + accepted, (all[1] ?? 0) + delivered],
        [0, 0],
      );
    };
    expect(await sum(admin)).toEqual([3, 6]);
    expect(await sum(shop)).toEqual([0, 3]);
    expect(await sum(viewer)).toEqual([0, 3]);
    expect(await sum(group)).toEqual([0, 6]);
    expect(await sum(member('ops'))).toEqual([3, 0]);
    const { points } = await seenBy(bus, admin);
    expect(points.at(-2)).toMatchObject({
      at: '2026-03-01T10:00:00.000Z',
      failed: 0,
      latencyMs: { p50: expect.any(Number) },
    });
  });

  it('are two days at most', async () => {
    const bus = await testBus(startMs);
    await expect(overview(bus.tools, admin, { since: startMs - 3 * 86_400_000 })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('the receivers of the overview', () => {
  it('are none while all is well', async () => {
    const bus = await busWithTwo();
    await publishSome(bus, 3);
    await bus.runLane('billing');
    expect(await seenBy(bus, admin)).toMatchObject({
      receivers: [],
      troubled: 0,
      holds: [],
      redrives: [],
      requests: { toDecide: 0, made: 0 },
    });
  });

  it('have one that fails as soon as it does, for its owner and admins alone', async () => {
    const bus = await busWithTwo(() => 500);
    await publishSome(bus, 2);
    await bus.runLane('billing');
    const { receivers } = await seenBy(bus, admin);
    expect(receivers).toEqual([
      {
        receiver: 'billing',
        owner: 'shop',
        state: 'active',
        breaker: 'closed',
        delivered: 0,
        failed: 2,
        deadLetteredLately: 0,
        now: { waiting: 0, oldestSeconds: expect.any(Number), inFlight: 2, deadLetters: 0 },
      },
    ]);
    for (const principal of [shop, viewer, group]) {
      expect(namesOf(await seenBy(bus, principal))).toEqual(['billing']);
    }
    expect(JSON.stringify(await seenBy(bus, crm))).not.toContain('billing');
    // A quarter of an hour later that is long ago.
    await bus.clock.advance(15 * 60_000);
    expect(namesOf(await seenBy(bus, admin))).toEqual([]);
  });

  it('are the worst first: disabled, breaker open, dead letters, failing, paused', async () => {
    const bus = await busWithTwo(() => 500);
    const names = ['a-paused', 'b-failing', 'c-dead', 'd-open', 'e-disabled'];
    for (const name of names) {
      await bus.receiver(name, { retry: { delaysSeconds: name === 'c-dead' ? [] : [30] } });
      await bus.subscription('orders', name);
      bus.endpoint(`https://${name}.example.com/events`, () => 500);
    }
    await publishSome(bus, 1);
    for (const name of ['b-failing', 'c-dead']) await bus.runLane(name);
    await pauseReceiver(bus.tools, shop, 'a-paused');
    for (let count = 0; count < 12; count++) await publishSome(bus, 1);
    await bus.runLane('d-open');
    await bus.runLane('d-open');
    await bus.tools.registry.changeReceiver('e-disabled', (was) => {
      if (was === undefined) throw new Error('It is there');
      return disabled(was, was.endpoint, 'It answered 410');
    });
    const { receivers, troubled } = await seenBy(bus, shop);
    expect(receivers.map(({ receiver }) => receiver)).toEqual(names.toReversed());
    expect(troubled).toBe(5);
    expect(receivers[0]).toMatchObject({ state: 'disabled', stateReason: 'It answered 410' });
    expect(receivers[1]).toMatchObject({ breaker: 'open', breakerReason: expect.stringContaining('500') });
    expect(receivers[2]).toMatchObject({ deadLetteredLately: 1, now: { deadLetters: 1 } });
    expect(receivers[4]).toMatchObject({ state: 'paused', now: { waiting: 13 } });
  });

  it('leave with what was wrong, and go with their owner', async () => {
    const bus = await busWithTwo();
    await pauseReceiver(bus.tools, shop, 'billing');
    await forceBreaker(bus.tools, shop, 'billing', { state: 'open' });
    expect((await seenBy(bus, shop)).receivers).toMatchObject([
      { state: 'paused', breaker: 'open', breakerForced: true },
    ]);
    const { now } = await bus.tools.registry.changeReceiver('billing', (was) => {
      if (was === undefined) throw new Error('It is there');
      return { ...was, owner: 'crm' };
    });
    expect(now.owner).toBe('crm');
    expect((await seenBy(bus, shop)).receivers).toEqual([]);
    expect((await seenBy(bus, crm)).receivers).toMatchObject([
      { receiver: 'billing', state: 'paused', breaker: 'open' },
    ]);
    await resumeReceiver(bus.tools, crm, 'billing');
    expect((await seenBy(bus, crm)).receivers).toMatchObject([{ state: 'active', breaker: 'open' }]);
    await forceBreaker(bus.tools, crm, 'billing', { state: 'closed' });
    expect((await seenBy(bus, crm)).receivers).toEqual([]);

    await forceBreaker(bus.tools, crm, 'billing', { state: 'open' });
    await pauseReceiver(bus.tools, crm, 'billing');
    await deleteReceiver(bus.tools, crm, 'billing', true);
    expect((await seenBy(bus, admin)).receivers).toEqual([]);
    expect(await bus.rows('attention#')).toEqual([]);
  });
});

describe('the rest of the overview', () => {
  it('shows holds and redrives to whom they belong', async () => {
    const bus = await busWithTwo(() => 422);
    await bus.receiver('billing', { retry: { delaysSeconds: [], businessFailures: 'dead-letter' } });
    await publishSome(bus, 1);
    await bus.runLane('billing');
    const run = await startRedrive(bus.tools, shop, 'billing', {});
    const holding = putHold(bus.tools, shop, 'orders', { reason: 'a release' });
    await bus.clock.advance(60_000);
    await holding;
    const shown = await seenBy(bus, shop);
    expect(shown.holds).toEqual([
      {
        topic: 'orders',
        owner: 'shop',
        state: 'holding',
        by: 'hand',
        since: expect.any(String),
        reason: 'a release',
        released: 0,
      },
    ]);
    expect(shown.redrives).toMatchObject([{ receiver: 'billing', id: run.id, state: 'collecting', sent: 0 }]);
    const others = await seenBy(bus, crm);
    expect([others.holds, others.redrives]).toEqual([[], []]);
    expect((await seenBy(bus, admin)).holds).toHaveLength(1);
  });

  it('counts the open requests that the caller made and may decide', async () => {
    const bus = await busWithTwo();
    const counts = async (principal: Principal) => (await seenBy(bus, principal)).requests;
    const { id } = await createRequest(bus.tools, crm, { kind: 'publish', topic: 'orders' });
    await createRequest(bus.tools, crm, { kind: 'quotas', quotas: { topics: 5 } });
    expect(await counts(admin)).toEqual({ toDecide: 2, made: 2 });
    expect(await counts(shop)).toEqual({ toDecide: 1, made: 0 });
    expect(await counts(crm)).toEqual({ toDecide: 0, made: 2 });
    expect(await counts(viewer)).toEqual({ toDecide: 0, made: 0 });
    expect(await counts({ ...shop, scopes: ['read'] })).toEqual({ toDecide: 0, made: 0 });
    await decideRequest(bus.tools, shop, id, 'reject', undefined);
    expect(await counts(admin)).toEqual({ toDecide: 1, made: 1 });
    // Of an earlier topic of the name nobody decides.
    await createRequest(bus.tools, crm, { kind: 'publish', topic: 'orders' });
    await bus.tools.registry.changeTopic('orders', (was) => {
      if (was === undefined) throw new Error('It is there');
      return { ...was, incarnation: 'later' };
    });
    expect(await counts(shop)).toEqual({ toDecide: 0, made: 0 });
  });
});

describe('an hour of looking at the overview', () => {
  // Metered: $0.0030 and $0.0020, of which the API and its function are a third.
  it.each([
    [5, 0.0032],
    [10, 0.0022],
  ])('every %i s costs $%f at most, however many are in trouble', async (seconds, dollarsMax) => {
    const bus = await busWithTwo(() => 500);
    const names = Array.from({ length: 25 }, (_, at) => `r${at}`);
    for (const name of names) {
      await bus.receiver(name);
      await bus.subscription('orders', name);
    }
    await publishSome(bus, 1);
    for (const name of names) {
      bus.endpoint(`https://${name}.example.com/events`, () => 500);
      await bus.runLane(name);
    }
    for (const name of names.slice(0, 15)) await forceBreaker(bus.tools, admin, name, { state: 'open' });
    const instance = bus.newTools();
    bus.meter.reset();
    const calls = 3600 / seconds;
    let most = 0;
    for (let call = 0; call < calls; call++) {
      const shown = await overview(instance, admin, {});
      most = Math.max(most, shown.receivers.length);
      await bus.clock.advance(seconds * 1000);
    }
    expect(most).toBe(20);
    // What is around it: a request of the API and an invocation of 100 ms with 256 MB each, and the row of the key.
    const around = {
      'apigateway.requests': calls,
      'lambda.requests': calls,
      'lambda.gb-seconds': calls * 0.1 * 0.25,
      'dynamodb.read-units': calls,
    };
    const counts: Partial<Record<Unit, number>> = { ...bus.meter.counts() };
    for (const [unit, count] of Object.entries(around) as [Unit, number][]) {
      counts[unit] = (counts[unit] ?? 0) + count;
    }
    const dollars = billOf(counts).dollars;
    expect(dollars).toBeLessThan(dollarsMax);
  });
});
