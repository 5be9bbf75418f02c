import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { putApplication } from '../../../lib/app/access/applications.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { getRedrive } from '../../../lib/app/redrive/redrive.ts';
import { getReceiver } from '../../../lib/app/registry/flow.ts';
import { revokeGrant } from '../../../lib/app/request/grants.ts';
import { createRequest, decideRequest } from '../../../lib/app/request/requests.ts';
import { getRecurrence } from '../../../lib/app/schedule/recurrences.ts';
import { receiverStatistics } from '../../../lib/app/statistics/receiver.ts';
import { beginTransaction, commitTransaction } from '../../../lib/app/transaction/transaction.ts';
import { why } from '../../../lib/app/why/why.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { incarnationAttribute, topicAttribute } from '../../../lib/core/routing/routing.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import {
  listDeadLetters,
  listRefused,
  putHold,
  putReceiver,
  putRecurrence,
  putSubscription,
  putTopic,
  releaseHold,
  startRedrive,
} from '../calls.ts';
import { type OutboxBus, outboxBus, outboxTable } from '../relay/outbox-bus.ts';

// What waits when a grant is revoked is delivered, unless the owner of the topic says `drop`.

const second = 1000;
const minute = 60 * second;
const shop = member('shop');
const team = member('team');
const orders = { topic: 'orders' } as const;
const url = 'https://billing.example.com/events';

const send = (bus: TestBus, who: Principal, id: string, fields: object = {}) =>
  publish(bus.tools, who, orders, shorthand({ id, source: '/s', type: 'a', data: {}, ...fields }));
const posted = (bus: TestBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id as string);
const revoke = (bus: TestBus, drop: boolean, who = shop) =>
  revokeGrant(bus.newTools(), who, 'orders', 'team', drop);

async function grant(bus: TestBus, kind: 'subscribe' | 'publish', receiver = 'billing'): Promise<void> {
  const spec = kind === 'publish' ? { kind, ...orders } : { kind, ...orders, receiver };
  const { id } = await createRequest(bus.tools, team, spec);
  await decideRequest(bus.tools, shop, id, 'approve', undefined);
}

/** The receiver `billing` of team is subscribed to the topic `orders` of shop. */
async function subscribed(topic: object = {}, receiver: object = {}): Promise<TestBus> {
  const bus = await testBus();
  for (const name of ['shop', 'team']) await putApplication(bus.tools, admin, name, {});
  await putTopic(bus.tools, shop, 'orders', { access: { publish: 'request' }, ...topic });
  await putReceiver(bus.tools, team, 'billing', { endpoint: url, ...receiver }, []);
  bus.endpoint(url, () => 204);
  await grant(bus, 'subscribe');
  return bus;
}

/** Delivers what is in the lane, by instances that remember nothing. */
async function deliverAll(bus: TestBus, role: 'online' | 'ordered' = 'online'): Promise<void> {
  while ((await bus.runLane('billing', bus.newTools(), role)).received > 0);
}

const fateOf = async (bus: TestBus, id: string, who = team) =>
  (await why(bus.newTools(), who, { id })).events[0]?.receivers[0];
const dropsOf = async (bus: TestBus) => (await getReceiver(bus.newTools(), team, 'billing')).drops;

describe('what waits for a receiver whose subscription is revoked', () => {
  it('is delivered when nothing else is said', async () => {
    const bus = await subscribed();
    await send(bus, shop, '1');
    await revoke(bus, false);
    await deliverAll(bus);
    expect(posted(bus)).toEqual(['1']);
    expect(await dropsOf(bus)).toBeUndefined();
  });

  it.each([
    ['online', {}],
    ['ordered', { ordered: true }],
  ] as const)('is never posted with drop, in the lane %s, and everybody sees it', async (role, topic) => {
    const bus = await subscribed({ trace: 'all', ...topic });
    await send(bus, shop, '1', { subject: 'a' });
    await send(bus, shop, '2', { subject: 'b' });
    await bus.clock.advance(second);
    await revoke(bus, true);
    // An instance may have read the receiver just before.
    await bus.clock.advance(5 * second);
    expect(await fateOf(bus, '1')).toMatchObject({ state: 'dropped', attempts: [] });
    await deliverAll(bus, role);

    expect(posted(bus)).toEqual([]);
    expect(await bus.count(bus.urlOf('billing', role))).toMatchObject({ ready: 0, inFlight: 0 });
    const at = expect.any(String);
    expect(await dropsOf(bus)).toEqual([{ topic: 'orders', at, dropped: 2 }]);
    const note = expect.stringMatching(/owner of the topic orders revoked .* dropped what was waiting/);
    expect(await fateOf(bus, '1')).toMatchObject({ state: 'dropped', attempts: [], note });
    expect(await fateOf(bus, '1', shop)).toMatchObject({ state: 'dropped' });
    const { points } = await receiverStatistics(bus.newTools(), team, 'billing', {});
    expect(points.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(2);
  });

  it('includes what waits for its next attempt, whose attempts stay on record', async () => {
    const bus = await subscribed({}, { retry: { delaysSeconds: [60, 60] } });
    bus.endpoint(url, () => 500);
    await send(bus, shop, '1');
    await deliverAll(bus);
    await revoke(bus, true);
    expect(await fateOf(bus, '1')).toMatchObject({ state: 'dropped' });
    await bus.clock.advance(2 * minute);
    await deliverAll(bus);
    expect(posted(bus)).toEqual(['1']);
    expect(await fateOf(bus, '1')).toMatchObject({ state: 'dropped', attempts: [{ status: 500 }] });
  });

  it('is dropped by a second call when the first left it', async () => {
    const bus = await subscribed();
    await send(bus, shop, '1');
    await revoke(bus, false);
    await revoke(bus, true);
    await expect(revoke(bus, true)).rejects.toMatchObject({ code: 'unknown_grant' });
    await bus.clock.advance(5 * second);
    await deliverAll(bus);
    expect(posted(bus)).toEqual([]);
  });

  it('is not dropped with what comes after another approval, not even by who does not know of it yet', async () => {
    const bus = await subscribed();
    await send(bus, shop, 'waits');
    await bus.clock.advance(second);
    await revoke(bus, true);
    const remembers = bus.newTools();
    expect(await remembers.registry.cachedReceiver('billing')).toHaveProperty('drops');
    await bus.clock.advance(second);
    await grant(bus, 'subscribe');
    await send(bus, shop, 'anew');
    while ((await bus.runLane('billing', remembers)).received > 0);
    expect(posted(bus)).toEqual(['anew']);
    expect(await dropsOf(bus)).toMatchObject([{ topic: 'orders', before: expect.any(String), dropped: 1 }]);
  });

  it('is of that topic alone, and outlasts a change of the receiver', async () => {
    const bus = await subscribed();
    await putTopic(bus.tools, team, 'own', {});
    await putSubscription(bus.tools, team, 'own', 'billing', {});
    await send(bus, shop, '1');
    await publish(bus.tools, team, { topic: 'own' }, shorthand({ id: '2', type: 'a', data: {} }));
    await revoke(bus, true);
    await putReceiver(bus.tools, team, 'billing', { endpoint: url }, []);
    await bus.clock.advance(5 * second);
    await deliverAll(bus);
    expect(posted(bus)).toEqual(['2']);
  });

  it('stays in its lane while the drop cannot be counted', async () => {
    const bus = await subscribed();
    await send(bus, shop, '1');
    await revoke(bus, true);
    const tools = bus.newTools();
    Object.assign(tools, {
      skips: { ...tools.skips, countDropped: () => Promise.reject(new Error('no table')) },
    });
    expect(await bus.runLane('billing', tools)).toEqual({ received: 1, kept: 1 });
    await bus.clock.advance(minute);
    await deliverAll(bus);
    expect(posted(bus)).toEqual([]);
    expect(await dropsOf(bus)).toMatchObject([{ dropped: 1 }]);
  });

  it('is dropped by the owner of the topic alone', async () => {
    const bus = await subscribed();
    await expect(revoke(bus, true, team)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('Only the owner'),
    });
    await revoke(bus, false, team);
    await revoke(bus, true, admin);
    expect(await dropsOf(bus)).toHaveLength(1);
  });

  it('ends for a child whose subscription rested on the grant of its parent', async () => {
    const bus = await subscribed();
    await putApplication(bus.tools, admin, 'team-web', { parent: 'team' });
    await putReceiver(bus.tools, admin, 'billing', { endpoint: url, owner: 'team-web' }, []);
    expect(await bus.tools.registry.subscription('orders', 'billing')).toBeDefined();
    await send(bus, shop, '1');
    await revoke(bus, true);
    expect(await bus.tools.registry.subscription('orders', 'billing')).toBeUndefined();
    await bus.clock.advance(5 * second);
    await deliverAll(bus);
    expect(posted(bus)).toEqual([]);
  });

  it('leaves no subscription that is put while the grant is revoked', async () => {
    const bus = await subscribed();
    const tools = bus.newTools();
    const putThen = async (...args: Parameters<typeof tools.provision.putSubscription>) => {
      await bus.tools.provision.putSubscription(...args);
      await revoke(bus, false);
    };
    await bus.tools.registry.deleteSubscription('orders', 'billing');
    Object.assign(tools, { provision: { ...tools.provision, putSubscription: putThen } });
    await expect(putSubscription(tools, team, 'orders', 'billing', {})).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await bus.tools.registry.subscription('orders', 'billing')).toBeUndefined();
  });
});

describe('dead letters of a topic that is revoked with drop', () => {
  it('stay and can be redriven, as they were sent before; those that SQS moved unsent go', async () => {
    const bus = await subscribed({}, { retry: { delaysSeconds: [] } });
    bus.endpoint(url, () => 500);
    await send(bus, shop, 'sent');
    await deliverAll(bus);
    const { incarnation = '' } = (await bus.tools.registry.topic('orders')) ?? {};
    const body = JSON.stringify({ specversion: '1.0', id: 'unsent', source: '/s', type: 'a', data: {} });
    const attributes = { [topicAttribute]: 'orders', [incarnationAttribute]: incarnation };
    await bus.tools.queues.send({ receiver: 'billing', role: 'dead-letters' }, [{ body, attributes }]);
    await bus.clock.advance(second);
    await revoke(bus, true);

    const { deadLetters } = await listDeadLetters(bus.newTools(), team, 'billing', {});
    expect(deadLetters.map(({ eventId }: { eventId?: string }) => eventId)).toEqual(['sent']);
    expect(await dropsOf(bus)).toMatchObject([{ dropped: 1 }]);
    bus.endpoint(url, () => 204);
    const run = await startRedrive(bus.tools, team, 'billing', {});
    bus.run();
    await bus.clock.advance(5 * minute);
    expect(await getRedrive(bus.newTools(), team, 'billing')).toMatchObject({ id: run.id, state: 'done' });
    expect(posted(bus)).toEqual(['sent', 'sent']);
  });
});

describe('what an application has waiting for a topic where its right to publish is revoked', () => {
  async function publishing(): Promise<OutboxBus> {
    const bus = await outboxBus();
    await bus.topic('orders', { access: { publish: 'request' } });
    await bus.receiver('billing', { owner: 'shop' });
    await bus.subscription('orders', 'billing');
    bus.endpoint(url, () => 204);
    await grant(bus, 'publish');
    return bus;
  }
  const refused = async (bus: TestBus) =>
    (await listRefused(bus.newTools(), team, {})).refused.map(({ from, code }) => ({ from, code }));

  const stores: readonly [
    string,
    (bus: OutboxBus) => Promise<unknown>,
    (bus: OutboxBus) => Promise<unknown>,
  ][] = [
    ['delayed', (bus) => send(bus, team, '1', { delaySeconds: 300 }), (bus) => bus.clock.advance(6 * minute)],
    [
      'held',
      async (bus) => {
        const hold = putHold(bus.tools, shop, 'orders', {});
        let isDone = false;
        void hold.finally(() => {
          isDone = true;
        });
        await bus.clock.until(() => isDone, minute);
        await hold;
        await send(bus, team, '1');
      },
      async (bus) => {
        await releaseHold(bus.tools, shop, 'orders', {});
        await bus.clock.advance(5 * minute);
      },
    ],
    [
      'transaction',
      (bus) =>
        beginTransaction(
          bus.tools,
          team,
          shorthand({ id: 'txn-1', events: [{ ...orders, id: '1', source: '/s', type: 'a', data: {} }] }),
          [],
        ),
      async (bus) => {
        await commitTransaction(bus.tools, team, 'txn-1');
        await bus.clock.advance(minute);
      },
    ],
    [
      'schedule',
      (bus) =>
        putRecurrence(bus.tools, team, 'nightly', { ...orders, everySeconds: 600, event: { type: 'a' } }),
      (bus) => bus.clock.advance(11 * minute),
    ],
  ];

  it.each(stores)('is not sent with drop, not even after another approval: %s', async (from, store, act) => {
    const bus = await publishing();
    bus.run();
    await store(bus);
    await bus.clock.advance(second);
    await revoke(bus, true);
    await bus.clock.advance(second);
    await grant(bus, 'publish');
    await send(bus, team, 'anew', from === 'held' ? {} : { delaySeconds: 60 });
    await act(bus);
    expect(posted(bus)).toEqual(['anew']);
    expect(await refused(bus)).toEqual([{ from, code: 'dropped' }]);
    if (from !== 'schedule') {
      expect((await why(bus.newTools(), team, { id: '1' })).events[0]?.refused).toMatchObject({
        code: 'dropped',
        detail: expect.stringContaining('POST /v1/requests'),
      });
      return;
    }
    expect((await getRecurrence(bus.tools, team, 'nightly')).problem).toContain('dropped what was waiting');
    await putRecurrence(bus.tools, team, 'nightly', { ...orders, everySeconds: 600, event: { type: 'b' } });
    await bus.clock.advance(11 * minute);
    expect(bus.requests.length).toBeGreaterThan(1);
  });

  it.each(stores)('goes after another approval when nothing was dropped: %s', async (from, store, act) => {
    const bus = await publishing();
    bus.run();
    await store(bus);
    await bus.clock.advance(second);
    await revoke(bus, false);
    await grant(bus, 'publish');
    await act(bus);
    expect([from, bus.requests.length]).toEqual([from, 1]);
    expect(await refused(bus)).toEqual([]);
  });

  it('includes entries of its outbox that were written before', async () => {
    const bus = await publishing();
    await bus.clock.advance(minute);
    const atMs = bus.clock.now();
    await bus.clock.advance(2 * minute);
    await revoke(bus, true);
    await grant(bus, 'publish');
    bus.run();
    for (const [sk, writtenMs] of [
      ['1', atMs],
      ['2', bus.clock.now()],
    ] as const) {
      const event = JSON.stringify({ type: 'a', id: sk, source: '/s', data: {} });
      const Item = {
        pk: { S: 'outbox#team#a' },
        sk: { S: sk },
        busbarTopic: { S: 'orders' },
        busbarEvent: { S: event },
        busbarAt: { N: String(writtenMs) },
      };
      await bus.dynamodb.send(new PutItemCommand({ TableName: outboxTable, Item }));
    }
    await bus.clock.advance(minute);
    expect(posted(bus)).toEqual(['2']);
    expect(await refused(bus)).toEqual([{ from: 'outbox', code: 'dropped' }]);
  });
});
