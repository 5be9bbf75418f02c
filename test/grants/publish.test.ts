import { expect, it } from 'vitest';
import { AwsError } from '../../lib/stand-in/engines/engine.ts';
import { stopRelay } from './stop-relay.ts';
import { startWorld, type World } from './world.ts';

/** What goes to a topic now, in minutes, in an hour and to one receiver: every way that an event can take. */
const events = (name: string) => [
  { topic: 'orders', type: 'test', id: `${name}-now`, data: {} },
  { topic: 'orders', type: 'test', id: `${name}-minutes`, data: {}, delaySeconds: 600 },
  { topic: 'orders', type: 'test', id: `${name}-hour`, data: {}, delaySeconds: 3600 },
  { receiver: 'shop', type: 'test', id: `${name}-invoked`, data: {} },
];
const ids = (name: string) => events(name).map(({ id }) => id);

async function shop(): Promise<World> {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('orders', { trace: 'all', dedupSeconds: 3600 }, 'shop');
  return world;
}

async function commit(world: World, ofIt: readonly object[]): Promise<void> {
  // Its timer comes soon, and finds it committed.
  const { id } = await world.done('POST', '/transactions', { events: ofIt, checkAfterSeconds: 5 });
  await world.done('POST', `/transactions/${id}/commit`);
}

it('a delayed event that is published again loses its earlier timer', async () => {
  const world = await shop();
  const event = { type: 'test', id: 'again', data: {}, delaySeconds: 1200 };
  await world.done('POST', '/receivers/shop/events', event);
  await world.done('POST', '/receivers/shop/events', { ...event, delaySeconds: 2400 });
  await world.minutes(30);
  expect(world.idsAt('shop.test')).toEqual([]);
  await world.minutes(15);
  expect(world.idsAt('shop.test')).toEqual(['again']);
});

it('the events of a transaction go every way by the relay', async () => {
  const world = await shop();
  await commit(world, events('relayed'));
  await world.minutes(70);
  expect(world.idsAt('shop.test').sort()).toEqual(ids('relayed').sort());
});

it('the events of a transaction go every way by its timer when the relay does nothing', async () => {
  const world = await shop();
  await stopRelay(world);
  await commit(world, events('checked'));
  await world.minutes(90);
  expect(world.idsAt('shop.test').sort()).toEqual(ids('checked').sort());
});

it('the events of a transaction keep their order by its timer, which has SNS fan them out', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('ledger', { ordered: true }, 'shop');
  await stopRelay(world);
  const ids = ['first', 'second', 'third'];
  await commit(
    world,
    ids.map((id) => ({ topic: 'ledger', type: 'test', subject: 'account', id, data: {} })),
  );
  await world.minutes(10);
  expect(world.idsAt('shop.test')).toEqual(ids);
});

it.each(['publish', 'relay', 'check-transaction'])(
  'an event that %s cannot schedule is not kept, and comes once when it is sent again',
  async (by) => {
    const world = await shop();
    if (by === 'check-transaction') await stopRelay(world);
    const mend = world.intercept('scheduler', 'CreateSchedule', () => {
      throw new AwsError('ValidationException', 'Not now.', { status: 400 });
    });
    const event = { type: 'test', id: 'hour', data: {}, delaySeconds: 3600 };
    if (by === 'publish') {
      expect((await world.call('POST', '/receivers/shop/events', event)).status).toBe(503);
      mend();
      await world.done('POST', '/receivers/shop/events', event);
    } else {
      const { id } = await world.done('POST', '/transactions', { events: [{ ...event, receiver: 'shop' }] });
      await world.done('POST', `/transactions/${id}/commit`);
      await world.minutes(2);
      mend();
    }
    await world.minutes(120);
    expect(world.idsAt('shop.test')).toEqual(['hour']);
  },
);

it.each(['relay', 'check-transaction'])(
  'an event that waits and comes again in a transaction loses its earlier timer, by %s',
  async (by) => {
    const world = await shop();
    if (by === 'check-transaction') await stopRelay(world);
    const event = { receiver: 'shop', type: 'test', id: 'again', source: '/shop', data: {} };
    const { receiver: _, ...alone } = event;
    await world.done('POST', '/receivers/shop/events', { ...alone, delaySeconds: 7200 });
    await commit(world, [{ ...event, delaySeconds: 3600 }]);
    await world.minutes(180);
    expect(world.idsAt('shop.test')).toEqual(['again']);
  },
);
