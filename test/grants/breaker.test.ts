import { describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

/** The two kinds of receivers: each is delivered to and probed by functions of its own. */
interface Kind {
  readonly prober: 'probe' | 'deliver-rocketmq';
  /** For a topic of RocketMQ it matters what it is made for. */
  readonly target: (world: World, isOrdered: boolean) => object;
  readonly answer: (world: World, up: boolean) => void;
  readonly ids: (world: World) => readonly (string | undefined)[];
}
const kinds: Readonly<Record<string, Kind>> = {
  endpoint: {
    prober: 'probe',
    target: () => ({ endpoint: 'http://shop.test/' }),
    answer: ({ endpoint }, up) => endpoint('shop.test', () => (up ? 204 : 503)),
    ids: ({ idsAt }) => idsAt('shop.test'),
  },
  'topic of RocketMQ': {
    prober: 'deliver-rocketmq',
    target({ broker }, isOrdered) {
      broker.createTopic('Shop', isOrdered ? 'fifo' : 'normal');
      return { rocketmq: { endpoint: 'mq.test:8081', topic: 'Shop' } };
    },
    answer: ({ broker }, up) => (up ? broker.start() : broker.stop()),
    ids: ({ broker }) => broker.messages('Shop').map(({ properties }) => properties.CE_id),
  },
};

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

const put = (world: World, kind: Kind, more: object = {}, isOrdered = false) =>
  world.done('PUT', '/receivers/shop', { ...kind.target(world, isOrdered), ...settings, ...more });

/** A receiver that is down for so long that its lanes are not polled any more. */
async function outage(world: World, kind: Kind, more: object = {}, isOrdered = false): Promise<void> {
  await put(world, kind, more, isOrdered);
  kind.answer(world, false);
  await send(world, 'shop', 'a-first');
  await world.minutes(4);
  expect((await breakerOf(world, 'shop')).state).toBe('open');
  expect(await isPolled(world, 'shop')).toBe(false);
}

/** Calls the probe as its schedule does, once it is due. */
async function probed(world: World, { prober }: Kind): Promise<void> {
  await world.minutes(30);
  await world.invoke(prober, { receiver: 'shop' });
}

describe.each(Object.entries(kinds))('the breaker of a receiver: %s', (_, kind) => {
  it('stops the polling, has its schedule probe, and closes when the receiver is back', async () => {
    const world = await startWorld();
    await outage(world, kind, { limits: { concurrency: 1, perSecond: 5 } });
    await world.minutes(5);
    kind.answer(world, true);
    await world.minutes(40);
    expect(kind.ids(world).at(-1)).toBe('a-first');
    expect(await isPolled(world, 'shop')).toBe(true);
    await send(world, 'shop', 'a-second');
    await world.minutes(1);
    expect(kind.ids(world)).toContain('a-second');
  });

  it('leaves what waits in the ordered lane to the probe, which hides what it does not deliver', async () => {
    const world = await startWorld();
    await put(world, kind, {}, true);
    await world.topic('ledger', { ordered: true, trace: 'all' }, 'shop');
    await outage(world, kind, {}, true);
    await world.aws('sqs', 'PurgeQueue', { QueueUrl: world.queue('shop-online') });
    for (const id of ['b-1', 'b-2']) {
      await world.done('POST', '/topics/ledger/events', { type: 'b', id, subject: 'k', data: {} });
    }
    await probed(world, kind);
    kind.answer(world, true);
    await world.minutes(90);
    expect(kind.ids(world).slice(-2)).toEqual(['b-1', 'b-2']);
  });

  it('has a probe move hot types to the offline lane, and cooled ones back', async () => {
    const world = await startWorld();
    await outage(world, kind);
    world.edit('offload#shop', 'state', () => ({ hot: { 'type-h': { sinceMs: world.clock.now() } } }));
    await world.aws('sqs', 'PurgeQueue', { QueueUrl: world.queue('shop-online') });
    await send(world, 'shop', 'h-1', 'h-2');
    await probed(world, kind);
    const inAll = async () => {
      const { Attributes } = await world.aws<{ Attributes: Record<string, string> }>(
        'sqs',
        'GetQueueAttributes',
        { QueueUrl: world.queue('shop-offline'), AttributeNames: ['All'] },
      );
      const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = Attributes;
      return Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesNotVisible);
    };
    expect(await inAll()).toBe(2);
    // Tries what is in the offline lane, which is still hot.
    await probed(world, kind);
    world.edit('offload#shop', 'state', () => ({
      hot: { 'type-h': { sinceMs: 0, untilMs: world.clock.now() } },
    }));
    await probed(world, kind);
    await world.minutes(1);
    expect(await inAll()).toBeLessThan(2);
    kind.answer(world, true);
    await world.minutes(90);
    expect(kind.ids(world).slice(-2).sort()).toEqual(['h-1', 'h-2']);
  });

  it('has its polling stopped by the next probe where a stop broke off', async () => {
    const world = await startWorld();
    await outage(world, kind);
    // The polling stopped, and whoever stopped it died before it had said so; its schedule is lost as well.
    world.edit<object>('breaker#shop', 'state', (breaker) => ({ ...breaker, mappingStopped: false }));
    await world.aws('scheduler', 'DeleteSchedule', { Name: 'probe-shop', GroupName: 'busbar' });
    await probed(world, kind);
    await world.aws('scheduler', 'GetSchedule', { Name: 'probe-shop', GroupName: 'busbar' });
    expect(await isPolled(world, 'shop')).toBe(false);
  });

  it('closes by a delivery that succeeds although the lane is said to be stopped', async () => {
    const world = await startWorld();
    await outage(world, kind);
    kind.answer(world, true);
    const { EventSourceMappings } = await world.aws<{ EventSourceMappings: { UUID: string }[] }>(
      'lambda',
      'ListEventSourceMappings',
      { EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:busbar-shop-online' },
    );
    // The schedule is away, as if its deletion had been the last step of an end that broke off.
    await world.aws('scheduler', 'DeleteSchedule', { Name: 'probe-shop', GroupName: 'busbar' });
    const UUID = EventSourceMappings[0]?.UUID;
    await world.aws('lambda', 'UpdateEventSourceMapping', { UUID, Enabled: true });
    await world.minutes(60);
    expect(kind.ids(world).at(-1)).toBe('a-first');
    expect((await breakerOf(world, 'shop')).state).not.toBe('open');
  });

  it('does not open by a few failures, which end as dead letters', async () => {
    const world = await startWorld();
    await put(world, kind, { breaker: { minimumAttempts: 1000 }, retry: { delaysSeconds: [1] } });
    kind.answer(world, false);
    await send(world, 'shop', 'a-1', 'a-2');
    await world.minutes(2);
    const { deadLetters } = await world.done('GET', '/receivers/shop/dead-letters');
    expect(deadLetters.map(({ eventId }: { eventId: string }) => eventId).sort()).toEqual(['a-1', 'a-2']);
  });
});

it('a probe that an endpoint refuses for good makes its event a dead letter', async () => {
  const world = await startWorld();
  const kind = kinds.endpoint as Kind;
  await outage(world, kind, { retry: { delaysSeconds: [1, 1, 1, 1], businessFailures: 'dead-letter' } });
  world.endpoint('shop.test', () => 422);
  await world.minutes(40);
  const { deadLetters } = await world.done('GET', '/receivers/shop/dead-letters');
  expect(deadLetters).toMatchObject([{ eventId: 'a-first', cause: 'http-422' }]);
});

it('a type that keeps a topic of RocketMQ busy while others wait goes to the offline lane', async () => {
  const world = await startWorld();
  await put(world, kinds['topic of RocketMQ'] as Kind, { limits: { concurrency: 2 } });
  world.slowBroker(2000);
  for (let burst = 0; burst < 20; burst++) {
    await send(world, 'shop', 'a-0', ...Array.from({ length: 19 }, (_, n) => `h-${burst}-${n}`));
  }
  await world.minutes(10);
  expect(world.lines.filter((line) => line.includes('A type is hot')).join()).toContain('type-h');
});
