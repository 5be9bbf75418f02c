import type { Log } from '../../runtime/log.ts';
import type { RocketMq, RocketMqClients } from './client.ts';

/**
 * RocketMQ by its client. Apart from the client, and loading it only when something is opened, so that a function
 * that may speak to RocketMQ but does not starts as fast as any other.
 */
export function systemRocketMq(log: Log): RocketMq {
  return {
    async openConsumer(access, options) {
      const { openConsumer } = await import('./consumer.ts');
      return await openConsumer(log, access, options);
    },
    async openProducer(access, options) {
      const { openProducer } = await import('./producer.ts');
      return await openProducer(log, access, options);
    },
  };
}

export const rocketMqClients = (log: Log): RocketMqClients => ({ rocketmq: systemRocketMq(log) });
