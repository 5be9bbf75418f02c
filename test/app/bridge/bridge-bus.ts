import { runBridge } from '../../../lib/app/bridge/bridge.ts';
import { bridgeSchema } from '../../../lib/connectors/rocketmq/bridge.ts';
import type { RocketMq, RocketMqOutgoing } from '../../../lib/connectors/rocketmq/client.ts';
import { sourceOf } from '../../../lib/connectors/rocketmq/reader.ts';
import { busId } from '../../../lib/core/event/hops.ts';
import { MemoryBroker } from '../../rocketmq/memory-broker.ts';
import { outboxBus } from '../relay/outbox-bus.ts';

export const bridge = bridgeSchema.parse({
  endpoint: 'mq.example.com:8081',
  group: 'busbar',
  topics: { orders: 'shop' },
});

/** The test bus, with a RocketMQ beside it and a bridge from its `orders` to the topic `shop`. */
export async function bridgeBus() {
  const bus = await outboxBus();
  const broker = new MemoryBroker(bus.clock);
  broker.createTopic('orders');
  broker.createGroup('busbar');
  await bus.topic('shop');
  await bus.receiver('billing');
  bus.endpoint('https://billing.example.com/events', () => 204);
  await bus.subscription('shop', 'billing');
  /** As a new instance of the function has them. */
  const newBridgeTools = () => ({
    ...bus.newTools(),
    rocketmq: broker as RocketMq,
    readSecret: async (secret: string): Promise<string> => {
      throw new Error(`The test has no secret ${secret}`);
    },
    busId: busId(bus.config),
  });

  return {
    ...bus,
    broker,
    newBridgeTools,
    put: (text: string, more: Partial<RocketMqOutgoing> & { id?: string; corrupted?: boolean } = {}) =>
      broker.put({ topic: 'orders', keys: [], properties: {}, body: Buffer.from(text), ...more }),
    /** One run, with the clock moved until it is over. */
    async runBridge(with_ = bridge, tools: ReturnType<typeof newBridgeTools> = newBridgeTools()) {
      let done = false;
      const run = runBridge(tools, 'legacy', sourceOf(tools, 'legacy', with_), 90_000).finally(() => {
        done = true;
      });
      // Whoever waits for the run sees it fail; the clock goes on until then.
      run.catch(() => {});
      await bus.clock.until(() => done, 120_000);
      return await run;
    },
    /** What is in the lane of the receiver, and was published so far. */
    async published(): Promise<Record<string, unknown>[]> {
      const events: Record<string, unknown>[] = [];
      for (;;) {
        const messages = await bus.receive(bus.urlOf('billing', 'online'));
        if (messages.length === 0) return events;
        for (const { body } of messages) {
          const { event } = JSON.parse(body);
          events.push(typeof event === 'string' ? JSON.parse(event) : (event ?? JSON.parse(body)));
        }
      }
    },
  };
}

export type BridgeBus = Awaited<ReturnType<typeof bridgeBus>>;
