import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { queueArn, snsAccount, topicArn, unavailable } from './sns-queues.ts';

const TopicArn = topicArn('orders.fifo');
const publishTo = (account: ReturnType<typeof snsAccount>) => (input: Partial<PublishCommandInput>) =>
  account.sns.send(new PublishCommand({ TopicArn, Message: 'hello', MessageGroupId: 'g', ...input }));

async function fifoTopic(attributes: Record<string, string> = {}, store = memoryStore()) {
  const account = snsAccount({ store });
  const { sns } = account;
  await sns.send(
    new CreateTopicCommand({ Name: 'orders.fifo', Attributes: { FifoTopic: 'true', ...attributes } }),
  );
  const subscribe = async (queue: string) => {
    const Attributes = { RawMessageDelivery: 'true' };
    const { SubscriptionArn } = await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn(queue), Attributes }),
    );
    return SubscriptionArn;
  };
  const subscriptionArn = await subscribe('billing.fifo');
  return { ...account, store, subscribe, subscriptionArn, publish: publishTo(account) };
}

test('a FIFO topic passes group and deduplication id to a FIFO queue and counts its messages', async () => {
  const { publish, queues, meter } = await fifoTopic();
  const first = await publish({ MessageDeduplicationId: 'd1' });
  const second = await publish({ MessageDeduplicationId: 'd2' });
  expect(first.SequenceNumber).toMatch(/^\d{20}$/);
  expect(String(second.SequenceNumber) > String(first.SequenceNumber)).toBe(true);
  expect(queues.sent.map(({ input }) => [input.MessageGroupId, input.MessageDeduplicationId])).toEqual([
    ['g', 'd1'],
    ['g', 'd2'],
  ]);
  const bytes = Buffer.byteLength(String(queues.sent[0]?.input.MessageBody));
  expect(meter.counts()).toMatchObject({
    'sns.fifo-requests': 2,
    'sns.fifo-deliveries-sqs': 2,
    'sns.fifo-delivered-bytes': 2 * bytes,
  });
  expect(meter.counts()['sns.fifo-payload-bytes']).toBeGreaterThan(0);
  expect(meter.counts()).not.toHaveProperty('sns.deliveries-sqs');
});

test('a standard queue of a FIFO topic gets the message without group and deduplication id', async () => {
  const { publish, subscribe, queues } = await fifoTopic();
  await subscribe('audit');
  await publish({ MessageDeduplicationId: 'd1' });
  const input = queues.sent.find(({ queue }) => queue === 'audit')?.input;
  expect(Object.keys(input ?? {})).toEqual(['QueueUrl', 'MessageBody']);
});

test('the envelope of a FIFO topic has a sequence number and no signature', async () => {
  const { publish, sns, subscriptionArn, queues } = await fifoTopic();
  await sns.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn: subscriptionArn,
      AttributeName: 'RawMessageDelivery',
      AttributeValue: 'false',
    }),
  );
  const { SequenceNumber } = await publish({ MessageDeduplicationId: 'd1' });
  const envelope = JSON.parse(String(queues.bodies('billing.fifo')[0]));
  expect(Object.keys(envelope)).toEqual([
    'Type',
    'MessageId',
    'SequenceNumber',
    'TopicArn',
    'Message',
    'Timestamp',
    'UnsubscribeURL',
  ]);
  expect(envelope.SequenceNumber).toBe(SequenceNumber);
});

test('a message needs a group, and a deduplication id or one from its content', async () => {
  const { publish, sns } = await fifoTopic();
  await expect(publish({ MessageGroupId: undefined })).rejects.toMatchObject({
    Code: 'InvalidParameter',
    message: 'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
  });
  const noId = {
    Code: 'InvalidParameter',
    message:
      'Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  };
  await expect(publish({})).rejects.toMatchObject(noId);
  await expect(
    sns.send(
      new PublishBatchCommand({
        TopicArn,
        PublishBatchRequestEntries: [
          { Id: '1', Message: 'a', MessageGroupId: 'g', MessageDeduplicationId: 'd' },
          { Id: '2', Message: 'b', MessageGroupId: 'g' },
        ],
      }),
    ),
  ).rejects.toMatchObject(noId);
  const structured = { Id: '1', Message: '{"sqs":"a"}', MessageStructure: 'json' };
  await expect(
    sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [structured] })),
  ).rejects.toMatchObject({
    message: 'Invalid parameter: Message Structure - No default entry in JSON message body',
  });
  await expect(publish({ MessageGroupId: 'a b', MessageDeduplicationId: 'd' })).rejects.toMatchObject({
    Code: 'InvalidParameter',
  });
});

test('the same message within five minutes is accepted but not delivered', async () => {
  const { publish, queues, clock } = await fifoTopic({ ContentBasedDeduplication: 'true' });
  const first = await publish({ Message: 'Test' });
  const again = await publish({ Message: 'Test', MessageGroupId: 'other' });
  expect([again.MessageId, again.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
  expect(queues.sent.map(({ input }) => input.MessageDeduplicationId)).toEqual([
    // The SHA-256 of the body, as AWS was recorded sending it.
    '532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25',
  ]);
  await clock.advance(5 * 60_000 - 1);
  await publish({ Message: 'Test' });
  expect(queues.sent).toHaveLength(1);
  await clock.advance(1);
  await publish({ Message: 'Test' });
  expect(queues.sent).toHaveLength(2);
});

test('an explicit deduplication id takes precedence over the content', async () => {
  const { publish, queues } = await fifoTopic({ ContentBasedDeduplication: 'true' });
  await publish({ Message: 'same', MessageDeduplicationId: 'd1' });
  await publish({ Message: 'same', MessageDeduplicationId: 'd2' });
  await publish({ Message: 'other', MessageDeduplicationId: 'd2' });
  expect(queues.bodies('billing.fifo')).toEqual(['same', 'same']);
});

test('with a throughput scope of the group, groups do not share deduplication ids', async () => {
  const { publish, queues } = await fifoTopic({ FifoThroughputScope: 'MessageGroup' });
  await publish({ MessageGroupId: 'a', MessageDeduplicationId: 'd' });
  await publish({ MessageGroupId: 'b', MessageDeduplicationId: 'd' });
  await publish({ MessageGroupId: 'b', MessageDeduplicationId: 'd' });
  expect(queues.sent.map(({ input }) => input.MessageGroupId)).toEqual(['a', 'b']);
});

test('deduplication and counting continue after a restart', async () => {
  const { publish, store, clock } = await fifoTopic();
  const first = await publish({ MessageDeduplicationId: 'd1' });
  const account = snsAccount({ store, startMs: clock.now() + 60_000 });
  const publishAgain = publishTo(account);
  expect((await publishAgain({ MessageDeduplicationId: 'd1' })).MessageId).toBe(first.MessageId);
  const next = await publishAgain({ MessageDeduplicationId: 'd2' });
  expect(account.queues.sent).toHaveLength(1);
  expect(BigInt(next.SequenceNumber ?? 0) - BigInt(first.SequenceNumber ?? 0)).toBe(1n);
});

test('a failed message holds up its group and no other, even over a restart', async () => {
  const { publish, queues, clock, store } = await fifoTopic();
  queues.reject('billing.fifo', unavailable());
  await publish({ Message: 'a1', MessageGroupId: 'a', MessageDeduplicationId: '1' });
  queues.heal('billing.fifo');
  await publish({ Message: 'a2', MessageGroupId: 'a', MessageDeduplicationId: '2' });
  await publish({ Message: 'b1', MessageGroupId: 'b', MessageDeduplicationId: '3' });
  expect(queues.bodies('billing.fifo')).toEqual(['b1']);

  const after = snsAccount({ store, startMs: clock.now() });
  await publishTo(after)({ Message: 'a3', MessageGroupId: 'a', MessageDeduplicationId: '4' });
  expect(after.queues.bodies('billing.fifo')).toEqual([]);
  await after.clock.advance(0);
  expect(after.queues.bodies('billing.fifo')).toEqual(['a1', 'a2', 'a3']);
});

test('a long line of waiting messages is delivered in order', async () => {
  const { aws, queues, clock } = await fifoTopic();
  queues.reject('billing.fifo', unavailable());
  const bodies = Array.from({ length: 20_000 }, (_, index) => `m${index}`);
  for (const Message of bodies) {
    await aws.call(
      'sns',
      'Publish',
      { TopicArn, Message, MessageGroupId: 'g', MessageDeduplicationId: Message },
      { kind: 'root' },
    );
  }
  queues.heal('billing.fifo');
  await clock.advance(0);
  expect(queues.bodies('billing.fifo')).toEqual(bodies);
});
