import type { KindOption } from '../../../cli/support/kind-option.ts';

export const rocketMqOption: KindOption = {
  field: 'rocketmq',
  description: 'send events to this topic of RocketMQ instead: {endpoint, topic, …}, or @file',
  what: 'a topic of RocketMQ',
  example: '{"endpoint": "mq.example.com:8081", "topic": "Orders"}',
};
