import { describe, expect, it } from 'vitest';
import type { RocketMq, RocketMqConsumer } from '../../../lib/connectors/rocketmq/client.ts';
import type { Service } from '../../../lib/stand-in/engines/engine.ts';
import { admin } from '../bus.ts';
import { listRefused } from '../calls.ts';
import { type BridgeBus, bridge, bridgeBus } from './bridge-bus.ts';

/**
 * A run is killed at each of its steps in turn: a call of RocketMQ or of AWS that never answers, before it is done or
 * after, and no step follows. Then the next run comes, minutes later, as a new instance.
 */

const operations: readonly `${Service}.${string}`[] = [
  'dynamodb.GetItem',
  'dynamodb.PutItem',
  'dynamodb.BatchWriteItem',
  'dynamodb.Query',
  'sns.PublishBatch',
];

/** Lets steps through until one number, and nothing from there on. */
function killedAt(bus: BridgeBus, at: number, when: 'before' | 'after') {
  let count = 0;
  const forever = () => new Promise<never>(() => {});
  async function step<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    const number = count++;
    if (number > at || (number === at && when === 'before')) return await forever();
    const value = await work();
    return number === at ? await forever() : value;
  }
  for (const operation of operations) bus.intercept(operation, (_input, next) => step(() => next()));
  const wrap = (consumer: RocketMqConsumer): RocketMqConsumer => ({
    receive: (request) => step(() => consumer.receive(request)),
    ack: (message) => step(() => consumer.ack(message)),
    changeInvisible: (message, seconds) => step(() => consumer.changeInvisible(message, seconds)),
    close: () => step(() => consumer.close()),
  });
  const rocketmq: RocketMq = {
    openProducer: (access, options) => bus.broker.openProducer(access, options),
    openConsumer: (access, options) =>
      step(async () => {
        const opened = await bus.broker.openConsumer(access, options);
        return opened.kind === 'open' ? { ...opened, consumer: wrap(opened.consumer) } : opened;
      }),
  };
  return {
    rocketmq,
    steps: () => count,
    heal: () => {
      for (const operation of operations) bus.restore(operation);
    },
  };
}

const small = { ...bridge, parallel: 2, batch: 4 };

async function walk(at: number, when: 'before' | 'after') {
  const bus = await bridgeBus();
  const schema = { type: 'object', required: ['n'] };
  await bus.tools.registry.changeTopic('shop', (topic) => ({ ...topic, schema }) as never);
  const ids = Array.from({ length: 9 }, (_, n) => bus.put(`{"n":${n}}`));
  const poison = bus.put('{"m":1}');
  const kill = killedAt(bus, at, when);
  const tools = { ...bus.newBridgeTools(), rocketmq: kill.rocketmq };
  const killed = bus.runBridge(small, tools).catch((error: Error) => error.message);
  // The run never ends once it is killed, and the clock goes on all the same.
  const ended = await killed;
  const steps = kill.steps();
  kill.heal();
  await bus.clock.advance(200_000);
  const second = bus.newBridgeTools();
  for (let round = 0; round < 4 && bus.broker.unacknowledged('busbar', 'orders').length > 0; round++) {
    await bus.runBridge(small, second);
  }
  const events = await bus.published();
  const { refused } = await listRefused({ ...second, outbox: bus.tools.outbox }, admin, {});
  return { bus, ids, poison, events, refused, steps, ended };
}

describe('a bridge that is killed', () => {
  it('at any step loses no message, repeats none but under its id, and keeps the poisoned one once', async () => {
    const { steps, ended } = await walk(Number.POSITIVE_INFINITY, 'before');
    expect(ended).toMatchObject({ brought: 9, refused: 1 });
    // It receives again and again at the end; the steps that matter come before.
    const numbers = Array.from({ length: Math.min(steps, 34) }, (_, n) => n);
    let repeated = 0;
    let cut = 0;
    for (const at of numbers) {
      for (const when of ['before', 'after'] as const) {
        const { bus, ids, poison, events, refused, ended: outcome } = await walk(at, when);
        if (typeof outcome === 'string') cut += 1;
        const arrived = events.map(({ id }) => String(id));
        expect([...new Set(arrived)].sort(), `killed ${when} step ${at}`).toEqual([...ids].sort());
        repeated += arrived.length - ids.length;
        expect(bus.broker.unacknowledged('busbar', 'orders'), `killed ${when} step ${at}`).toEqual([]);
        expect(
          refused.map(({ eventId }) => eventId),
          `killed ${when} step ${at}`,
        ).toEqual([poison]);
      }
    }
    // The walk was cut off every time, and there are steps behind which a message comes twice.
    expect(cut).toBe(2 * numbers.length);
    expect(repeated).toBeGreaterThan(0);
  }, 120_000);
});
