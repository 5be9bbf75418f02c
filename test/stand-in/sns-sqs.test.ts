import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { createSns } from '../../lib/stand-in/engines/sns/index.ts';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';
import { queueArn, topicArn } from './sns-queues.ts';

/** SNS in front of the real SQS engine, each with its own SDK client. */
function account(store = memoryStore()) {
  const { sns, sqs, clock } = testAccount([createSns, createSqs], { store });
  const urlOf = (name: string) => `http://127.0.0.1:4566/000000000000/${name}`;
  return {
    sns,
    sqs,
    clock,
    createTopic: (Name: string, Attributes: Record<string, string> = {}) =>
      sns.send(new CreateTopicCommand({ Name, Attributes })),
    createQueue: (QueueName: string, Attributes: Record<string, string> = {}) =>
      sqs.send(new CreateQueueCommand({ QueueName, Attributes })),
    subscribe: (topic: string, queue: string, Attributes: Record<string, string> = {}) =>
      sns.send(
        new SubscribeCommand({
          TopicArn: topicArn(topic),
          Protocol: 'sqs',
          Endpoint: queueArn(queue),
          Attributes,
        }),
      ),
    receive: async (queue: string) => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: urlOf(queue),
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        }),
      );
      for (const { ReceiptHandle } of Messages) {
        await sqs.send(new DeleteMessageCommand({ QueueUrl: urlOf(queue), ReceiptHandle }));
      }
      return Messages;
    },
    deleteQueue: (queue: string) => sqs.send(new DeleteQueueCommand({ QueueUrl: urlOf(queue) })),
  };
}

test('a batch fans out to real queues, raw, in envelopes and filtered', async () => {
  const { sns, createTopic, createQueue, subscribe, receive } = account();
  await createTopic('orders');
  for (const queue of ['raw', 'envelope', 'paid']) await createQueue(queue);
  await subscribe('orders', 'raw', { RawMessageDelivery: 'true' });
  await subscribe('orders', 'envelope');
  await subscribe('orders', 'paid', {
    RawMessageDelivery: 'true',
    FilterPolicy: JSON.stringify({ kind: ['paid'] }),
  });
  await sns.send(
    new PublishBatchCommand({
      TopicArn: topicArn('orders'),
      PublishBatchRequestEntries: ['paid', 'sent'].map((kind, index) => ({
        Id: String(index),
        Message: `{"order":${index}}`,
        MessageGroupId: 'tenant',
        MessageAttributes: {
          kind: { DataType: 'String', StringValue: kind },
          photo: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
        },
      })),
    }),
  );
  const raw = await receive('raw');
  expect(raw.map(({ Body }) => Body)).toEqual(['{"order":0}', '{"order":1}']);
  expect(raw[0]?.Attributes?.MessageGroupId).toBe('tenant');
  expect(raw[0]?.MessageAttributes?.kind).toMatchObject({ DataType: 'String', StringValue: 'paid' });
  expect(Buffer.from(raw[0]?.MessageAttributes?.photo?.BinaryValue ?? [])).toEqual(Buffer.of(0, 255));
  const envelopes = (await receive('envelope')).map(({ Body }) => JSON.parse(Body ?? ''));
  expect(envelopes.map(({ Message }) => Message)).toEqual(['{"order":0}', '{"order":1}']);
  expect((await receive('paid')).map(({ Body }) => Body)).toEqual(['{"order":0}']);
});

test('a FIFO topic and a FIFO queue keep order and drop duplicates', async () => {
  const { sns, createTopic, createQueue, subscribe, receive } = account();
  await createTopic('orders.fifo', { FifoTopic: 'true', ContentBasedDeduplication: 'true' });
  await createQueue('billing.fifo', { FifoQueue: 'true' });
  await subscribe('orders.fifo', 'billing.fifo', { RawMessageDelivery: 'true' });
  for (const Message of ['one', 'two', 'one', 'three']) {
    await sns.send(new PublishCommand({ TopicArn: topicArn('orders.fifo'), Message, MessageGroupId: 'g' }));
  }
  expect((await receive('billing.fifo')).map(({ Body }) => Body)).toEqual(['one', 'two', 'three']);
});

test('a queue that was deleted sends its copies to the dead-letter queue of the subscription', async () => {
  const { sns, createTopic, createQueue, subscribe, receive, deleteQueue } = account();
  await createTopic('orders');
  await createQueue('billing');
  await createQueue('dead');
  await subscribe('orders', 'billing', {
    RawMessageDelivery: 'true',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead') }),
  });
  await deleteQueue('billing');
  const MessageAttributes = { kind: { DataType: 'String', StringValue: 'paid' } };
  await sns.send(new PublishCommand({ TopicArn: topicArn('orders'), Message: 'one', MessageAttributes }));
  const [dead] = await receive('dead');
  expect(dead?.Body).toBe('one');
  expect(dead?.MessageAttributes?.kind?.StringValue).toBe('paid');
});

test('a message published before a restart is in the queue after it', async () => {
  const store = memoryStore();
  const before = account(store);
  await before.createTopic('orders');
  await before.createQueue('billing');
  await before.subscribe('orders', 'billing', { RawMessageDelivery: 'true' });
  await before.sns.send(new PublishCommand({ TopicArn: topicArn('orders'), Message: 'one' }));
  const after = account(store);
  await after.sns.send(new PublishCommand({ TopicArn: topicArn('orders'), Message: 'two' }));
  expect((await after.receive('billing')).map(({ Body }) => Body)).toEqual(['one', 'two']);
});
