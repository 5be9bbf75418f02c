import { expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { why } from '../../../lib/app/why/why.ts';
import type { Bridge } from '../../../lib/connectors/rocketmq/bridge.ts';
import { MemoryBroker } from '../../rocketmq/memory-broker.ts';
import { admin, shorthand } from '../bus.ts';
import { putReceiver } from '../calls.ts';
import { bridge, bridgeBus } from './bridge-bus.ts';

const billing = 'https://billing.example.com/events';

/** A bus that takes from RocketMQ and gives to it: `orders` there and `shop` here mirror each other. */
async function mirrored() {
  const bus = await bridgeBus();
  const { rocketmq } = bus.runtime;
  if (!(rocketmq instanceof MemoryBroker)) throw new Error('The test bus has its broker in memory.');
  rocketmq.createTopic('orders');
  rocketmq.createGroup('busbar');
  await putReceiver(
    bus.tools,
    admin,
    'mirror',
    { rocketmq: { endpoint: bridge.endpoint, topic: 'orders' } },
    [],
  );
  await bus.subscription('shop', 'mirror');
  bus.run();
  const tools = () => ({ ...bus.newBridgeTools(), rocketmq });
  return {
    ...bus,
    rocketmq,
    bridgeOnce: (with_: Bridge = bridge) => bus.runBridge(with_, tools()),
    /** The ids of what the consumer on the bus got, and of what lies in the topic of RocketMQ. */
    sides: () => ({
      bus: bus.requests.filter(({ url }) => url === billing).map(({ body }) => JSON.parse(String(body)).id),
      rocketmq: rocketmq.messages('orders').map(({ id, properties }) => properties.CE_id ?? id),
    }),
    async settle() {
      for (let round = 0; round < 40; round++) await bus.clock.advance(500);
    },
  };
}

it('two topics that mirror each other deliver each event once to every receiver', async () => {
  const bus = await mirrored();
  await publish(
    bus.tools,
    admin,
    { topic: 'shop' },
    shorthand([{ type: 't', id: 'from-the-bus', data: {} }]),
  );
  const fromRocketMq = bus.rocketmq.put({
    topic: 'orders',
    tag: 'created',
    keys: ['1'],
    properties: {},
    body: Buffer.from('{"id":1}'),
  });
  let stopped = 0;
  for (let round = 0; round < 4; round++) {
    await bus.settle();
    stopped += (await bus.bridgeOnce()).stopped;
  }
  await bus.settle();
  const { bus: here, rocketmq: there } = bus.sides();
  expect([...here].sort()).toEqual([fromRocketMq, 'from-the-bus'].sort());
  expect([...there].sort()).toEqual([fromRocketMq, 'from-the-bus'].sort());
  // What the bus sent came by the bridge once, and was left out.
  expect(stopped).toBe(1);
  expect(bus.rocketmq.unacknowledged('busbar', 'orders')).toEqual([]);
  // What RocketMQ had first was not sent back, and that can be seen.
  const answer = await why(bus.tools, admin, { id: fromRocketMq, source: undefined, sinceMs: undefined });
  expect(answer.events[0]?.receivers.find(({ receiver }) => receiver === 'mirror')).toMatchObject({
    state: 'stopped',
    note: expect.stringContaining('rocketmq:mq.example.com:8081/orders'),
  });
}, 60_000);

it('a cluster that has two names lets an event round once more, and no further', async () => {
  const bus = await mirrored();
  const otherName = { ...bridge, endpoint: 'mq-by-another-name.example.com:8081' };
  bus.rocketmq.put({ topic: 'orders', keys: [], properties: {}, body: Buffer.from('{}') });
  for (let round = 0; round < 6; round++) {
    await bus.bridgeOnce(otherName);
    await bus.settle();
  }
  // The first message, and the one copy that the bus took for another topic's.
  expect(bus.rocketmq.messages('orders')).toHaveLength(2);
  expect(bus.sides().bus).toHaveLength(1);
}, 60_000);

it('keeps what an event is called through both directions', async () => {
  const bus = await mirrored();
  await bus.topic('copy', { trace: 'all' });
  await publish(
    bus.tools,
    admin,
    { topic: 'shop' },
    shorthand([{ type: 'order.placed', id: 'x/1', source: '/shop', subject: 's', data: { n: 1 } }]),
  );
  await bus.settle();
  await bus.bridgeOnce({ ...bridge, topics: { orders: { topic: 'copy' } } });
  const answer = await why(bus.tools, admin, { id: 'x/1', source: '/shop', sinceMs: undefined });
  // Of its first topic nothing is traced but failures.
  expect(answer.events).toMatchObject([{ id: 'x/1', source: '/shop', type: 'order.placed', topic: 'copy' }]);
}, 60_000);
