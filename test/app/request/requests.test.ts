import { describe, expect, it } from 'vitest';
import { patchApplication, putApplication } from '../../../lib/app/access/applications.ts';
import { listCatalog, matchKept } from '../../../lib/app/catalog/catalog.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deleteSubscription } from '../../../lib/app/registry/subscriptions.ts';
import { deleteTopic } from '../../../lib/app/registry/topics.ts';
import { listGrants, revokeGrant } from '../../../lib/app/request/grants.ts';
import { createRequest, decideRequest, getRequest, listRequests } from '../../../lib/app/request/requests.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import type { Filter } from '../../../lib/core/filter/filter.ts';
import type { Message, RequestState } from '../../../lib/core/request/request.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putSubscription } from '../calls.ts';

const second = 1000;
const page = { limit: 100 };
const shop = member('shop');
const team = member('team');
const outsider = member('outsider');

/** The topic `orders` of shop, and the receiver `billing` of team. */
async function busWithTopic(fields: object = {}): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders', { access: { publish: 'request' }, ...fields });
  await bus.receiver('billing', { owner: 'team' });
  return bus;
}

const send = (bus: TestBus, principal: Principal, ...events: object[]) =>
  publish(
    bus.newTools(),
    principal,
    { topic: 'orders' },
    shorthand(events.map((each) => ({ type: 'order.placed', ...each }))),
  );
const subscribe = { kind: 'subscribe', topic: 'orders', receiver: 'billing' } as const;
const filter = { type: ['order.placed'] } as const;
const isSubscribed = async (bus: TestBus) =>
  (await bus.tools.registry.subscription('orders', 'billing')) !== undefined;

describe('a request to subscribe', () => {
  it('shows what the filter matches, and data only to the owner of the topic', async () => {
    const bus = await busWithTopic();
    await send(bus, shop, { data: { n: 1 } }, { data: { n: 2 } }, { type: 'order.lost', data: { n: 3 } });

    const asked = await createRequest(bus.tools, team, { ...subscribe, filter });
    expect(asked).toMatchObject({ state: 'open', application: 'team', dryRun: { events: 3, matched: 2 } });
    expect(asked.dryRun?.samples).toHaveLength(2);
    expect(asked.dryRun?.samples[0]).toMatchObject({ type: 'order.placed' });
    expect(asked.dryRun?.samples[0]).not.toHaveProperty('data');

    const seen = await getRequest(bus.tools, shop, asked.id);
    expect(seen.dryRun?.samples.map(({ data }) => data)).toEqual([{ n: 2 }, { n: 1 }]);
    await expect(getRequest(bus.tools, outsider, asked.id)).rejects.toMatchObject({
      code: 'unknown_request',
    });
  });

  it('subscribes when it is approved, and delivers from then on', async () => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, { ...subscribe, filter });
    expect(await isSubscribed(bus)).toBe(false);
    await expect(putSubscription(bus.tools, team, 'orders', 'billing', { filter })).rejects.toMatchObject({
      code: 'forbidden',
    });

    const approved = await decideRequest(bus.tools, shop, id, 'approve', 'Welcome.');
    expect(approved).toMatchObject({
      state: 'approved',
      note: 'Welcome.',
      decidedBy: { application: 'shop' },
    });
    await send(bus, shop, {});
    expect((await bus.count(bus.urlOf('billing', 'online'))).ready).toBe(1);
    expect((await decideRequest(bus.tools, shop, id, 'approve', undefined)).state).toBe('approved');
  });

  it('grants the filter that was approved, and no other', async () => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, { ...subscribe, filter });
    await decideRequest(bus.tools, shop, id, 'approve', undefined);

    await deleteSubscription(bus.tools, team, 'orders', 'billing');
    await putSubscription(bus.tools, team, 'orders', 'billing', { filter });
    for (const wider of [{}, { filter: { type: ['order.lost'] } }]) {
      await expect(putSubscription(bus.tools, team, 'orders', 'billing', wider)).rejects.toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining('POST /v1/requests'),
      });
    }
    await expect(matchKept(bus.tools, team, 'orders', {})).rejects.toMatchObject({ code: 'forbidden' });
  });

  it.each([
    [{ type: [{ 'anything-but': true }] }, 'filter.type.0.anything-but'],
    [{ type: [{ numeric: ['>'] }] }, 'filter.type.0.numeric'],
  ])('is refused for the filter %j, which SNS would refuse when it is approved', async (wrong, path) => {
    const bus = await busWithTopic();
    await expect(createRequest(bus.tools, team, { ...subscribe, filter: wrong as Filter })).rejects.toThrow(
      path,
    );
    expect((await listRequests(bus.tools, team, page)).requests).toEqual([]);
  });

  it('completes an approval that was interrupted, but does not bring back what was ended since', async () => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, subscribe);
    bus.intercept('sns.Subscribe', () => {
      throw new Error('The fault of this test');
    });
    await expect(decideRequest(bus.tools, shop, id, 'approve', undefined)).rejects.toThrow();
    bus.restore('sns.Subscribe');
    expect(await getRequest(bus.tools, team, id)).toMatchObject({ state: 'approved' });
    expect(await isSubscribed(bus)).toBe(false);

    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    expect(await isSubscribed(bus)).toBe(true);
    await deleteSubscription(bus.tools, team, 'orders', 'billing');
    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    expect(await isSubscribed(bus)).toBe(false);
  });

  it('is refused for a topic that takes none, a receiver of others, and what does not exist', async () => {
    const bus = await busWithTopic({ access: { subscribe: 'owner' } });
    await bus.topic('open');
    await bus.receiver('foreign');
    for (const [spec, code] of [
      [subscribe, 'forbidden'],
      [{ kind: 'publish', topic: 'orders' }, 'forbidden'],
      [{ ...subscribe, topic: 'open', receiver: 'foreign' }, 'forbidden'],
      [{ ...subscribe, topic: 'nowhere' }, 'unknown_topic'],
      [{ ...subscribe, topic: 'open', receiver: 'nobody' }, 'unknown_receiver'],
      [{ kind: 'topic', topic: 'orders' }, 'topic_exists'],
    ] as const) {
      await expect(createRequest(bus.tools, team, spec)).rejects.toMatchObject({ code });
    }
    expect((await listRequests(bus.tools, admin, page)).requests).toEqual([]);
  });

  it('decides itself for who may decide, and where anyone may subscribe', async () => {
    const bus = await busWithTopic({ access: { subscribe: 'anyone' } });
    expect((await createRequest(bus.tools, team, subscribe)).state).toBe('approved');
    expect(await isSubscribed(bus)).toBe(true);
    await bus.receiver('own');
    const own = await createRequest(bus.tools, shop, { ...subscribe, receiver: 'own' });
    expect(own.state).toBe('approved');
  });
});

describe('a request to publish', () => {
  it('lets the application publish until the grant is revoked, which takes 5 seconds at most', async () => {
    const bus = await busWithTopic();
    const instance = bus.newTools();
    const publishAsTeam = () =>
      publish(instance, team, { topic: 'orders' }, shorthand({ type: 'order.placed' }));
    await expect(publishAsTeam()).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('POST /v1/requests {"kind": "publish", "topic": "orders"}'),
    });
    const { id } = await createRequest(bus.tools, team, { kind: 'publish', topic: 'orders' });
    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    expect((await publishAsTeam()).events[0]?.status).toBe('accepted');

    await revokeGrant(bus.tools, shop, 'orders', 'team');
    await bus.clock.advance(5 * second);
    await expect(publishAsTeam()).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('grants nothing on another topic that was created under the name', async () => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, { kind: 'publish', topic: 'orders' });
    const other = await createRequest(bus.tools, team, subscribe);
    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    await deleteTopic(bus.tools, shop, 'orders');
    await bus.topic('orders', { owner: 'heir', createdAt: '2026-02-01T00:00:00.000Z' });
    await bus.clock.advance(5 * second);

    await expect(send(bus, team, {})).rejects.toMatchObject({ code: 'forbidden' });
    await expect(
      decideRequest(bus.tools, member('heir'), other.id, 'approve', undefined),
    ).rejects.toMatchObject({ code: 'unknown_request' });
    await expect(decideRequest(bus.tools, admin, other.id, 'approve', undefined)).rejects.toMatchObject({
      code: 'unknown_topic',
    });
    expect((await listGrants(bus.tools, member('heir'), 'orders', page)).grants).toEqual([]);
    expect((await decideRequest(bus.tools, team, other.id, 'withdraw', undefined)).state).toBe('withdrawn');
  });

  it('is not needed where anyone may publish', async () => {
    const bus = await busWithTopic({ access: { publish: 'anyone' } });
    expect((await send(bus, outsider, {})).events[0]?.status).toBe('accepted');
  });
});

describe('requests that an admin decides', () => {
  it('create a topic for the application that asked', async () => {
    const bus = await testBus();
    const spec = { description: 'What customers order' };
    const { id } = await createRequest(bus.tools, team, { kind: 'topic', topic: 'orders', spec });
    await expect(decideRequest(bus.tools, team, id, 'approve', undefined)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await decideRequest(bus.tools, admin, id, 'approve', undefined);
    expect(await bus.tools.registry.topic('orders')).toMatchObject({ owner: 'team', ...spec });
    await deleteTopic(bus.tools, team, 'orders');
    await decideRequest(bus.tools, admin, id, 'approve', undefined);
    expect(await bus.tools.registry.topic('orders')).toBeUndefined();
  });

  it('set the quotas of the application that asked', async () => {
    const bus = await testBus();
    const { id } = await createRequest(bus.tools, team, { kind: 'quotas', quotas: { topics: 7 } });
    await decideRequest(bus.tools, admin, id, 'approve', undefined);
    expect(await bus.tools.applications.find('team')).toMatchObject({ quotas: { topics: 7 } });
  });
});

describe('quotas beyond those of the parent', () => {
  it('are not approved, and the request stays open', async () => {
    const bus = await testBus();
    await putApplication(bus.tools, admin, 'main', { quotas: { topics: 9 } });
    await putApplication(bus.tools, admin, 'team', { parent: 'main', quotas: { keys: 3 } });
    const ask = (topics: number) => createRequest(bus.tools, team, { kind: 'quotas', quotas: { topics } });
    await expect(ask(10)).rejects.toMatchObject({ code: 'invalid_request' });
    const { id } = await ask(8);
    await patchApplication(bus.tools, admin, 'main', { quotas: { topics: 7 } });
    await expect(decideRequest(bus.tools, admin, id, 'approve', undefined)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('its parent has 7'),
    });
    expect((await getRequest(bus.tools, team, id)).state).toBe('open');
    await patchApplication(bus.tools, admin, 'main', { quotas: { topics: 8 } });
    expect((await decideRequest(bus.tools, admin, id, 'approve', undefined)).state).toBe('approved');
    expect(await bus.tools.applications.find('team')).toMatchObject({ quotas: { topics: 8, keys: 3 } });
  });
});

describe('the decision', () => {
  const deciders: Readonly<Record<Message, Principal>> = { approve: shop, reject: shop, withdraw: team };
  const reached: Readonly<Record<Message, RequestState>> = {
    approve: 'approved',
    reject: 'rejected',
    withdraw: 'withdrawn',
  };
  const messages = ['approve', 'reject', 'withdraw'] as const;

  it.each(messages.flatMap((first) => messages.map((then) => [first, then] as const)))(
    'stands: after %s, %s changes nothing unless it is the same',
    async (first, then) => {
      const bus = await busWithTopic();
      const { id } = await createRequest(bus.tools, team, subscribe);
      await decideRequest(bus.tools, deciders[first], id, first, undefined);
      const again = decideRequest(bus.tools, deciders[then], id, then, undefined);
      if (first === then) expect((await again).state).toBe(reached[first]);
      else await expect(again).rejects.toMatchObject({ code: 'request_decided', status: 409 });
      expect((await getRequest(bus.tools, team, id)).state).toBe(reached[first]);
      expect(await isSubscribed(bus)).toBe(first === 'approve');
    },
  );

  it.each([
    ['approve', outsider, 'unknown_request'],
    ['reject', outsider, 'unknown_request'],
    ['withdraw', outsider, 'unknown_request'],
    ['approve', team, 'forbidden'],
    ['reject', team, 'forbidden'],
    ['withdraw', shop, 'forbidden'],
  ] as const)('is not for anybody: %s by %j', async (message, principal, code) => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, subscribe);
    await expect(decideRequest(bus.tools, principal, id, message, undefined)).rejects.toMatchObject({ code });
    expect((await getRequest(bus.tools, team, id)).state).toBe('open');
  });

  it('takes effect once when approve, reject and withdraw race', async () => {
    for (let round = 0; round < 6; round++) {
      const bus = await busWithTopic();
      const { id } = await createRequest(bus.tools, team, subscribe);
      const results = await Promise.allSettled(
        [...messages, ...messages].map((message) =>
          decideRequest(bus.newTools(), deciders[message], id, message, undefined),
        ),
      );
      const { state } = await getRequest(bus.tools, team, id);
      const won = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value.state);
      expect(new Set(won)).toEqual(new Set([state]));
      expect(await isSubscribed(bus)).toBe(state === 'approved');
      const { grants } = await listGrants(bus.tools, shop, 'orders', page);
      expect(grants.length).toBe(state === 'approved' ? 1 : 0);
    }
  });

  it('leaves no subscription when the grant is revoked while it takes effect', async () => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, subscribe);
    let revoked: Promise<void> | undefined;
    bus.intercept('sns.Subscribe', (_, next) => {
      revoked = revokeGrant(bus.newTools(), shop, 'orders', 'team');
      return next();
    });
    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    await revoked;
    expect(await isSubscribed(bus)).toBe(false);
  });
});

describe('a revocation that was interrupted', () => {
  it('is completed when it is repeated, and is a 404 from then on', async () => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, subscribe);
    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    bus.intercept('sns.Unsubscribe', () => {
      throw new Error('The fault of this test');
    });
    const revoke = () => revokeGrant(bus.tools, shop, 'orders', 'team');
    await expect(revoke()).rejects.toThrow();
    expect(await isSubscribed(bus)).toBe(true);
    bus.restore('sns.Unsubscribe');
    await revoke();
    expect(await isSubscribed(bus)).toBe(false);
    await expect(revoke()).rejects.toMatchObject({ code: 'unknown_grant' });
  });

  it('takes no subscription where anybody may subscribe', async () => {
    const bus = await busWithTopic({ access: { subscribe: 'anyone' } });
    await putSubscription(bus.tools, team, 'orders', 'billing', {});
    await expect(revokeGrant(bus.tools, shop, 'orders', 'team')).rejects.toMatchObject({
      code: 'unknown_grant',
    });
    expect(await isSubscribed(bus)).toBe(true);
  });
});

describe('who sees requests and grants', () => {
  it('are their parties and an admin', async () => {
    const bus = await busWithTopic();
    const { id } = await createRequest(bus.tools, team, subscribe);
    const seenBy = async (principal: Principal) =>
      (await listRequests(bus.tools, principal, page)).requests.map((request) => request.id);
    expect(await seenBy(team)).toEqual([id]);
    expect(await seenBy(shop)).toEqual([id]);
    expect(await seenBy(admin)).toEqual([id]);
    expect(await seenBy(outsider)).toEqual([]);
    expect((await listRequests(bus.tools, shop, { ...page, state: 'approved' })).requests).toEqual([]);
    expect((await listRequests(bus.tools, shop, { ...page, topic: 'orders' })).requests).toHaveLength(1);

    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    const grantsOf = async (principal: Principal) =>
      (await listGrants(bus.tools, principal, 'orders', page)).grants.map(({ application }) => application);
    expect(await grantsOf(shop)).toEqual(['team']);
    expect(await grantsOf(team)).toEqual(['team']);
    expect(await grantsOf(outsider)).toEqual([]);
    await expect(revokeGrant(bus.tools, outsider, 'orders', 'team')).rejects.toMatchObject({
      code: 'forbidden',
    });
    await revokeGrant(bus.tools, team, 'orders', 'team');
    await expect(revokeGrant(bus.tools, shop, 'orders', 'team')).rejects.toMatchObject({
      code: 'unknown_grant',
    });
  });
});

describe('the catalogue', () => {
  it('shows every topic to anybody, with its access and the types seen lately', async () => {
    const bus = await busWithTopic({ description: 'What customers order', schema: { type: 'object' } });
    await bus.topic('silent', { trace: 'none' });
    await send(bus, shop, { data: {} }, { type: 'order.lost', data: {} });
    await publish(bus.tools, shop, { topic: 'silent' }, shorthand({ type: 'secret' }));

    const { topics } = await listCatalog(bus.tools, page);
    expect(topics).toEqual([
      {
        topic: 'busbar',
        owner: 'busbar',
        description: expect.any(String),
        access: { publish: 'owner', subscribe: 'anyone' },
        types: expect.arrayContaining(['busbar.breaker.opened']),
      },
      {
        topic: 'orders',
        owner: 'shop',
        description: 'What customers order',
        access: { publish: 'request', subscribe: 'request' },
        types: ['order.lost', 'order.placed'],
      },
      { topic: 'silent', owner: 'shop', access: { publish: 'owner', subscribe: 'request' }, types: [] },
    ]);
  });

  it('keeps the latest hundred events of a topic, in a bounded number of rows', async () => {
    const bus = await busWithTopic();
    const instance = bus.newTools();
    const puts = () => bus.calls.filter((call) => call.startsWith('dynamodb.PutItem')).length;
    const before = puts();
    for (let n = 0; n < 60; n++) {
      await bus.clock.advance(1);
      await publish(instance, shop, { topic: 'orders' }, shorthand({ type: 'order.placed', data: { n } }));
    }
    // One row is that of the type.
    expect(puts() - before).toBe(11);
    const found = await matchKept(bus.tools, shop, 'orders', {
      filter: { data: { n: [{ numeric: ['<', 10] }] } },
    });
    expect(found).toMatchObject({ events: 10, matched: 10 });
    expect(found.samples.map(({ data }) => data)).toEqual([{ n: 9 }, { n: 8 }, { n: 7 }]);
  });

  it('keeps nothing of an earlier topic of the same name', async () => {
    const bus = await busWithTopic();
    await send(bus, shop, { data: { secret: 1 } });
    await deleteTopic(bus.tools, shop, 'orders');
    await bus.topic('orders', { owner: 'heir', createdAt: '2026-02-01T00:00:00.000Z' });
    expect(await matchKept(bus.tools, member('heir'), 'orders', {})).toEqual({
      events: 0,
      matched: 0,
      samples: [],
    });
  });
});

describe('a delayed event of an application with a grant', () => {
  it.each([
    ['goes when the grant stands', false, 1],
    ['is refused when the grant was revoked', true, 0],
  ])('%s', async (_, isRevoked, delivered) => {
    const bus = await busWithTopic();
    await bus.receiver('own');
    await bus.subscription('orders', 'own');
    bus.endpoint('https://own.example.com/events', () => 204);
    const { id } = await createRequest(bus.tools, team, { kind: 'publish', topic: 'orders' });
    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    bus.run();
    await send(bus, team, { id: 'later', delaySeconds: 60 });
    if (isRevoked) await revokeGrant(bus.tools, shop, 'orders', 'team');
    await bus.clock.advance(120 * second);
    expect(bus.requests).toHaveLength(delivered);
    expect((await bus.rows('refused#')).length).toBe(1 - delivered);
  });
});

describe('open requests', () => {
  it('are counted by their application, whatever others ask for, until they are decided', async () => {
    const bus = await busWithTopic();
    const ask = (who: Principal) => createRequest(bus.tools, who, { kind: 'quotas', quotas: { topics: 1 } });
    for (let n = 0; n < 100; n++) await ask(outsider);
    await expect(ask(outsider)).rejects.toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringContaining('Withdraw some'),
    });
    const reads = () => bus.calls.filter((call) => call.startsWith('dynamodb.Query')).length;
    const before = reads();
    const { id } = await ask(team);
    expect(reads() - before).toBe(1);
    const [{ id: own } = { id: '' }] = (await listRequests(bus.tools, outsider, page)).requests;
    await decideRequest(bus.tools, outsider, own, 'withdraw', undefined);
    await ask(outsider);
    await decideRequest(bus.tools, admin, id, 'reject', undefined);
    expect(await bus.rows('open-request#team')).toEqual([]);
  });
});
