import { expect, it } from 'vitest';
import { type Lifetime, lifetimeOf } from '../../lib/core/access/acting.ts';
import type { Grant } from '../../lib/core/grant/grant.ts';
import { startWorld, type World } from './world.ts';

/** Declares as CloudFormation would have it do, when busbar.config.ts has changed. */
async function declare(world: World, declaration: object): Promise<void> {
  world.requests.length = 0;
  await world.invoke('declare', {
    RequestType: 'Update',
    RequestId: 'r',
    StackId: 's',
    LogicalResourceId: 'l',
    ResponseURL: 'http://cloudformation.test/answer',
    ResourceProperties: {
      Declaration: JSON.stringify({ topics: {}, receivers: {}, subscriptions: {}, ...declaration }),
    },
  });
  const answer = world.requests.find(({ url }) => url.includes('cloudformation.test'));
  expect(JSON.parse(String(answer?.body))).toMatchObject({ Status: 'SUCCESS' });
}
const receiver = { endpoint: 'http://warehouse.test/' };

it('a declaration takes out what it declares no more', async () => {
  const world = await startWorld();
  expect((await world.call('GET', '/topics/example-orders')).status).toBe(200);
  await declare(world, { receivers: { 'example-warehouse': receiver } });
  expect((await world.call('GET', '/topics/example-orders')).status).toBe(404);
  expect((await world.call('GET', '/receivers/example-warehouse')).status).toBe(200);
  // Nothing waits in its queues.
  await declare(world, {});
  expect((await world.call('GET', '/receivers/example-warehouse')).status).toBe(404);
});

it('a declared rule has its topic looked after, a declared handshake its endpoint asked', async () => {
  const world = await startWorld();
  await declare(world, {
    topics: { 'example-orders': { holdWhen: { backlogEvents: 10 } } },
    receivers: { 'example-warehouse': { ...receiver, validate: 'handshake' } },
  });
  const { Schedules } = await world.aws<{ Schedules: { Name: string }[] }>('scheduler', 'ListSchedules', {
    GroupName: 'busbar',
  });
  const names = Schedules.map(({ Name }) => Name);
  expect(names).toContain('hold-example-orders');
  expect(names).toContain('validate-example-warehouse');
});

it('a declaration leaves a receiver paused that is paused', async () => {
  const world = await startWorld();
  await world.done('POST', '/receivers/example-warehouse/pause');
  await declare(world, { receivers: { 'example-warehouse': receiver } });
  await world.done('POST', '/receivers/example-warehouse/events', { type: 't', id: 'waits', data: {} });
  await world.minutes(1);
  expect(world.idsAt('warehouse.test')).toEqual([]);
});

it('a declaration has a receiver poll again that a 410 disabled, and reports it', async () => {
  const world = await startWorld();
  await declare(world, { receivers: { 'example-warehouse': receiver } });
  world.endpoint('warehouse.test', () => 410);
  await world.done('POST', '/receivers/example-warehouse/events', { type: 't', id: 'gone', data: {} });
  await world.minutes(1);
  expect((await world.done('GET', '/receivers/example-warehouse')).state).toBe('disabled');
  await world.receiver('operator', {});
  await world.done('PUT', '/topics/busbar/subscriptions/operator', {
    filter: { type: ['busbar.receiver.enabled'] },
  });
  world.endpoint('warehouse.test', () => 204);
  await declare(world, { receivers: { 'example-warehouse': receiver } });
  await world.minutes(2);
  expect((await world.done('GET', '/receivers/example-warehouse')).state).toBe('active');
  expect(world.idsAt('operator.test')).toHaveLength(1);
});

it('a declaration takes out an application, with what it was granted', async () => {
  const world = await startWorld();
  await declare(world, { applications: { partner: {} } });
  await world.topic('orders', { access: { publish: 'request' } });
  let topicLifetime = '';
  world.edit<Lifetime>('registry#topic', 'orders', (topic) => {
    if (topic === undefined) throw new Error('The topic has no row.');
    topicLifetime = lifetimeOf(topic);
    return topic;
  });
  const grantedTo = async () =>
    (await world.done('GET', '/topics/orders/grants')).grants.map((grant: Grant) => grant.application);
  world.edit<Grant>('grant#orders', 'partner', () => ({
    topic: 'orders',
    application: 'partner',
    topicLifetime,
    publish: { request: 'asked', at: new Date(world.clock.now()).toISOString() },
  }));
  expect(await grantedTo()).toEqual(['partner']);
  await declare(world, { applications: {} });
  expect((await world.call('GET', '/applications/partner')).status).toBe(404);
  expect(await grantedTo()).toEqual([]);
});
