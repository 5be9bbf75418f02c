import type { RocketMq } from '../../../lib/connectors/rocketmq/client.ts';
import { virtualClock } from '../../../lib/stand-in/clock.ts';
import { rocketMqContract } from '../../rocketmq/contract.ts';
import { MemoryBroker } from '../../rocketmq/memory-broker.ts';

rocketMqContract('the stand-in', async () => {
  const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const broker = new MemoryBroker(clock);
  const guarded = new MemoryBroker(clock);
  guarded.createTopic('orders');
  guarded.createGroup('orders-group');
  guarded.requireCredentials('key', 'secret');

  /** Moves the clock for as long as somebody waits. */
  async function moving<Value>(work: Promise<Value>): Promise<Value> {
    let done = false;
    const settled = work.finally(() => {
      done = true;
    });
    await clock.until(() => done, 60_000);
    return await settled;
  }

  const rocketmq: RocketMq = {
    async openConsumer(access, options) {
      const opened = await (access.endpoint === 'guarded' ? guarded : broker).openConsumer(access, options);
      if (opened.kind !== 'open') return opened;
      const { consumer } = opened;
      return {
        kind: 'open',
        consumer: { ...consumer, receive: (request) => moving(consumer.receive(request)) },
      };
    },
    async openProducer(access, options) {
      if (access.endpoint === '127.0.0.1:1') broker.stop();
      const opened = await (access.endpoint === 'guarded' ? guarded : broker).openProducer(access, options);
      broker.start();
      return opened;
    },
  };
  return {
    rocketmq,
    access: { endpoint: 'memory' },
    guarded: {
      access: { endpoint: 'guarded', credentials: { accessKey: 'key', secretKey: 'secret' } },
      refused: { endpoint: 'guarded', credentials: { accessKey: 'key', secretKey: 'wrong-secret' } },
    },
    async createTopic(topic, group, type) {
      broker.createTopic(topic, type);
      broker.createGroup(group, { orderly: type === 'fifo' });
    },
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
    close: async () => {},
  };
});
