import { bus } from '../../core/kernel/limits.ts';
import type { Sink } from '../kind.ts';
import type { RocketMqReceiver } from './receiver.ts';
import { rocketMqRetry } from './target.ts';

/** Receivers that are topics of RocketMQ 5: their events are sent by a producer. */
export const rocketMq: Sink<RocketMqReceiver> = {
  field: 'rocketmq',
  deliveredBy: 'deliver-rocketmq',
  probedBy: 'deliver-rocketmq',
  // The client is opened, sends and is closed within one invocation.
  sendSecondsMax: (receiver) => timeoutSeconds(receiver) * bus.rocketMqTimeoutsMax,
  retryPolicy: ({ retry }) => rocketMqRetry(retry),
};

/** How long one request to RocketMQ may take. */
export const timeoutSeconds = (receiver: RocketMqReceiver): number =>
  receiver.timeoutSeconds ?? bus.rocketMqTimeoutSecondsDefault;
