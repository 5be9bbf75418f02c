import { expect, it } from 'vitest';
import { stopRelay } from './stop-relay.ts';
import { startWorld, type World } from './world.ts';

interface HoldRow {
  readonly state: string;
}
interface TopicRow {
  readonly holdWhen?: object;
}

const send = (world: World, topic: string, more: object, ...ids: string[]) =>
  world.done(
    'POST',
    `/topics/${topic}/events`,
    ids.map((id) => ({ type: 'test', id, data: {}, ...more })),
  );
const stateOf = async (world: World, topic: string) =>
  (await world.done('GET', `/topics/${topic}/hold`)).state;

it('a topic on hold is released at its rate by its schedule, and looked after until nothing can be left', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('orders', {}, 'shop');
  await world.done('PUT', '/topics/orders/hold', {});
  await world.seconds(10);
  await send(world, 'orders', {}, 'h-1', 'h-2', 'h-3');
  await world.minutes(1);
  expect(world.idsAt('shop.test')).toEqual([]);
  await world.done('DELETE', '/topics/orders/hold?perSecond=1');
  await world.minutes(30);
  expect(world.idsAt('shop.test').sort()).toEqual(['h-1', 'h-2', 'h-3']);
  expect(await stateOf(world, 'orders')).toBe('released');
  await world.minutes(120);
});

it('one held event of an ordered topic is sent ahead of the others, by SNS', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('ledger', { ordered: true }, 'shop');
  await world.done('PUT', '/topics/ledger/hold', {});
  await world.seconds(10);
  await send(world, 'ledger', { subject: 'account' }, 'h-1', 'h-2');
  const { events } = await world.done('GET', '/topics/ledger/held');
  const { id } = events.find(({ eventId }: { eventId: string }) => eventId === 'h-2');
  await world.done('POST', `/topics/ledger/held/${id}/send`);
  await world.minutes(1);
  expect(world.idsAt('shop.test')).toEqual(['h-2']);
});

it('a rule holds a topic by what waits in each lane, and releases it', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('other', {}, 'shop');
  await world.topic('ledger', { ordered: true, holdWhen: { backlogSeconds: 60 } }, 'shop');
  await world.done('POST', '/receivers/shop/pause');
  await world.seconds(10);
  for (const lane of ['online', 'offline', 'ordered.fifo']) {
    await world.aws('sqs', 'SendMessage', {
      QueueUrl: world.queue(`shop-${lane}`),
      MessageBody: JSON.stringify({ specversion: '1.0', id: lane, source: '/s', type: 't', data: {} }),
      ...(lane.endsWith('.fifo') && { MessageGroupId: 'k', MessageDeduplicationId: 'd' }),
    });
  }
  await world.minutes(4);
  expect(await stateOf(world, 'ledger')).toBe('holding');
  // Nobody polls the offline lane of a receiver without hot types.
  await world.aws('sqs', 'PurgeQueue', { QueueUrl: world.queue('shop-offline') });
  await world.done('POST', '/receivers/shop/resume');
  await world.minutes(20);
  expect(await stateOf(world, 'ledger')).toBe('released');
});

it('a watch that is taken away while the topic gets a rule comes back', async () => {
  const world = await startWorld();
  await world.topic('orders');
  const mend = world.intercept('scheduler', 'DeleteSchedule', (_, next) => {
    world.edit<TopicRow>('registry#topic', 'orders', (topic) => ({
      ...topic,
      holdWhen: { backlogEvents: 9 },
    }));
    return next();
  });
  await world.aws('scheduler', 'CreateSchedule', {
    Name: 'hold-orders',
    GroupName: 'busbar',
    ScheduleExpression: 'rate(1 minute)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: 'arn:aws:lambda:us-east-1:000000000000:function:busbar-hold',
      RoleArn: `arn:aws:iam::000000000000:role/${Object.entries(world.bus.resources).find(([id]) => id.startsWith('DelaySchedulerRole') && !id.includes('Policy'))?.[1]}`,
      Input: JSON.stringify({ topic: 'orders' }),
    },
  });
  await world.invoke('hold', { topic: 'orders' });
  mend();
  expect(
    await world.aws('scheduler', 'GetSchedule', { Name: 'hold-orders', GroupName: 'busbar' }),
  ).toBeDefined();
});

/** Whoever stores an event in a hold that ends meanwhile sees to the event: by each function that publishes. */
const ways: readonly [string, (world: World) => Promise<void>][] = [
  ['publish', async (world) => void (await send(world, 'orders', {}, 'late'))],
  [
    'schedule',
    async (world) => {
      await send(world, 'orders', { delaySeconds: 30 }, 'late');
      await world.minutes(2);
    },
  ],
  [
    'relay',
    async (world) => {
      const transaction = { events: [{ topic: 'orders', type: 'test', id: 'late', data: {} }] };
      const { id } = await world.done('POST', '/transactions', transaction);
      await world.done('POST', `/transactions/${id}/commit`);
      await world.minutes(1);
    },
  ],
  [
    'check-transaction',
    async (world) => {
      await stopRelay(world);
      const transaction = { events: [{ topic: 'orders', type: 'test', id: 'late', data: {} }] };
      const { id } = await world.done('POST', '/transactions', transaction);
      await world.done('POST', `/transactions/${id}/commit`);
      await world.minutes(30);
    },
  ],
];

it.each(ways)(
  'an event that %s stores in a hold that ends meanwhile is sent all the same',
  async (_, act) => {
    const world = await startWorld();
    await world.receiver('shop');
    await world.topic('orders', {}, 'shop');
    await world.done('PUT', '/topics/orders/hold', {});
    await world.seconds(10);
    const mend = world.intercept('dynamodb', 'BatchWriteItem', async (input, next) => {
      const answer = await next();
      if (JSON.stringify(input).includes('late')) {
        world.edit<HoldRow>('hold#orders', 'hold', (hold) => ({ ...hold, state: 'released' }));
      }
      return answer;
    });
    await act(world);
    mend();
    await world.minutes(1);
    expect(world.idsAt('shop.test')).toEqual(['late']);
  },
);
