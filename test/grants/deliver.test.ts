import { expect, it } from 'vitest';
import { startWorld } from './world.ts';

/** A batch of the offline lane, as its mapping hands it over. */
const offline = (receiver: string, id: string) => ({
  Records: [
    {
      messageId: 'message-1',
      receiptHandle: 'handle-1',
      body: JSON.stringify({ specversion: '1.0', id, source: '/test', type: 'cooled', data: {} }),
      attributes: {
        ApproximateReceiveCount: '1',
        // Before its receiver was created it would be of an earlier one.
        SentTimestamp: String(Date.parse('2026-01-01T01:00:00Z')),
        SenderId: 'bus',
        ApproximateFirstReceiveTimestamp: '1',
      },
      messageAttributes: { type: { dataType: 'String', stringValue: 'cooled' } },
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:busbar-${receiver}-offline`,
      awsRegion: 'us-east-1',
    },
  ],
});

it('an event of a type that has cooled goes back to the online lane: endpoint', async () => {
  const world = await startWorld();
  await world.done('PUT', '/receivers/shop', { endpoint: 'http://shop.test/' });
  await world.invoke('deliver', offline('shop', 'back'));
  await world.minutes(1);
  expect(world.idsAt('shop.test')).toEqual(['back']);
});

it('an event of a type that has cooled goes back to the online lane: topic of RocketMQ', async () => {
  const world = await startWorld();
  world.broker.createTopic('Shop', 'normal');
  await world.done('PUT', '/receivers/shop', { rocketmq: { endpoint: 'mq.test:8081', topic: 'Shop' } });
  await world.invoke('deliver-rocketmq', offline('shop', 'back'));
  await world.minutes(1);
  expect(world.broker.messages('Shop').map(({ properties }) => properties.CE_id)).toEqual(['back']);
});
