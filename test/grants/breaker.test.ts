import { expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

const settings = { breaker: { minimumAttempts: 1 }, retry: { delaysSeconds: [1, 1, 1, 1] } };
const breakerOf = async ({ done }: World, name: string) => (await done('GET', `/receivers/${name}`)).breaker;
const isPolled = async ({ aws }: World, name: string, lane = 'online') => {
  const { EventSourceMappings } = await aws<{ EventSourceMappings: { State: string }[] }>(
    'lambda',
    'ListEventSourceMappings',
    { EventSourceArn: `arn:aws:sqs:us-east-1:000000000000:busbar-${name}-${lane}` },
  );
  return EventSourceMappings[0]?.State === 'Enabled';
};
const send = (world: World, name: string, ...ids: string[]) =>
  world.done(
    'POST',
    `/receivers/${name}/events`,
    ids.map((id) => ({ type: `type-${id[0]}`, id, data: {} })),
  );

/** A receiver whose endpoint is down for so long that its lanes are not polled any more. */
async function outage(world: World, name: string, more: object = {}) {
  let status = 503;
  world.endpoint(`${name}.test`, () => status);
  await world.receiver(name, { ...settings, ...more });
  await send(world, name, 'a-first');
  await world.minutes(4);
  expect((await breakerOf(world, name)).state).toBe('open');
  expect(await isPolled(world, name)).toBe(false);
  return {
    answer(other: number) {
      status = other;
    },
  };
}

/** Calls the probe as its schedule does, once it is due. */
async function probed(world: World, name: string): Promise<void> {
  await world.minutes(30);
  await world.invoke('probe', { receiver: name });
}

it('a breaker opens, stops the polling, is probed by its schedule, and closes when the endpoint is back', async () => {
  const world = await startWorld();
  const endpoint = await outage(world, 'shop', { limits: { concurrency: 1, perSecond: 5 } });
  await world.minutes(5);
  endpoint.answer(204);
  await world.minutes(40);
  expect(world.idsAt('shop.test').at(-1)).toBe('a-first');
  expect(await isPolled(world, 'shop')).toBe(true);
  await send(world, 'shop', 'a-second');
  await world.minutes(1);
  expect(world.idsAt('shop.test')).toContain('a-second');
});

it('a probe that uses up the attempts of an event makes it a dead letter', async () => {
  const world = await startWorld();
  const endpoint = await outage(world, 'shop', {
    retry: { delaysSeconds: [1, 1, 1, 1], businessFailures: 'dead-letter' },
  });
  endpoint.answer(422);
  await world.minutes(40);
  const { deadLetters } = await world.done('GET', '/receivers/shop/dead-letters');
  expect(deadLetters).toMatchObject([{ eventId: 'a-first', cause: 'http-422' }]);
});

it('a probe takes from the ordered lane what waits there, and hides what it does not deliver', async () => {
  const world = await startWorld();
  await world.receiver('shop', settings);
  await world.topic('ledger', { ordered: true, trace: 'all' }, 'shop');
  const endpoint = await outage(world, 'shop');
  await world.aws('sqs', 'PurgeQueue', { QueueUrl: world.queue('shop-online') });
  for (const id of ['b-1', 'b-2']) {
    await world.done('POST', '/topics/ledger/events', { type: 'b', id, subject: 'k', data: {} });
  }
  await probed(world, 'shop');
  expect(world.idsAt('shop.test').at(-1)).toBe('b-1');
  endpoint.answer(204);
  await world.minutes(90);
  expect(world.idsAt('shop.test').slice(-2)).toEqual(['b-1', 'b-2']);
});

it('a probe moves hot types to the offline lane, and cooled ones back', async () => {
  const world = await startWorld();
  const endpoint = await outage(world, 'shop');
  world.edit('offload#shop', 'state', () => ({ hot: { 'type-h': { sinceMs: world.clock.now() } } }));
  await world.aws('sqs', 'PurgeQueue', { QueueUrl: world.queue('shop-online') });
  await send(world, 'shop', 'h-1', 'h-2');
  await probed(world, 'shop');
  const offline = async () =>
    (
      await world.aws<{ Attributes: Record<string, string> }>('sqs', 'GetQueueAttributes', {
        QueueUrl: world.queue('shop-offline'),
        AttributeNames: ['All'],
      })
    ).Attributes;
  const inAll = async () => {
    const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = await offline();
    return Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesNotVisible);
  };
  expect(await inAll()).toBe(2);
  await probed(world, 'shop');
  // It tried what is in the offline lane, which is still hot.
  expect(world.idsAt('shop.test').some((id) => id.startsWith('h-'))).toBe(true);
  world.edit('offload#shop', 'state', () => ({
    hot: { 'type-h': { sinceMs: 0, untilMs: world.clock.now() } },
  }));
  await probed(world, 'shop');
  await world.minutes(1);
  expect(await inAll()).toBeLessThan(2);
  endpoint.answer(204);
  await world.minutes(240);
  expect(world.idsAt('shop.test').slice(-2).sort()).toEqual(['h-1', 'h-2']);
});

it('a stop of the polling that breaks off is done by the next probe', async () => {
  const world = await startWorld();
  await outage(world, 'shop');
  // The polling stopped, and whoever stopped it died before it had said so; its schedule is lost as well.
  world.edit<object>('breaker#shop', 'state', (breaker) => ({ ...breaker, mappingStopped: false }));
  await world.aws('scheduler', 'DeleteSchedule', { Name: 'probe-shop', GroupName: 'busbar' });
  await probed(world, 'shop');
  await world.aws('scheduler', 'GetSchedule', { Name: 'probe-shop', GroupName: 'busbar' });
  expect(await isPolled(world, 'shop')).toBe(false);
});

it('a delivery that succeeds although the lane is said to be stopped ends the outage', async () => {
  const world = await startWorld();
  const endpoint = await outage(world, 'shop');
  endpoint.answer(204);
  const { EventSourceMappings } = await world.aws<{ EventSourceMappings: { UUID: string }[] }>(
    'lambda',
    'ListEventSourceMappings',
    { EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:busbar-shop-online' },
  );
  // The schedule is away, as if its deletion had been the last step of an end that broke off.
  await world.aws('scheduler', 'DeleteSchedule', { Name: 'probe-shop', GroupName: 'busbar' });
  await world.aws('lambda', 'UpdateEventSourceMapping', {
    UUID: EventSourceMappings[0]?.UUID,
    Enabled: true,
  });
  await world.minutes(60);
  expect(world.idsAt('shop.test').at(-1)).toBe('a-first');
  expect((await breakerOf(world, 'shop')).state).not.toBe('open');
});
