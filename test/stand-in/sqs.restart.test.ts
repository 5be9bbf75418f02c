import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ListMessageMoveTasksCommand,
  ListQueueTagsCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
} from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { arnOf, bodiesOf, handleOf, restarted, sqsAccount } from './sqs-queue.ts';

it('keeps queues, their attributes and their tags over a restart', async () => {
  const account = sqsAccount();
  const QueueUrl = await account.create('orders', { VisibilityTimeout: '7' });
  await account.sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: 'a' } }));
  const gone = await account.create('gone');
  await account.sqs.send(new DeleteQueueCommand({ QueueUrl: gone }));
  const before = await account.attributes(QueueUrl);
  const again = await restarted(account);
  expect(await again.attributes(QueueUrl)).toEqual(before);
  expect((await again.sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: 'a' });
  await expect(again.send(gone, 'a')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
});

it('keeps messages, their order and their delays over a restart', async () => {
  const account = sqsAccount();
  const url = await account.create('orders');
  await account.send(url, 'delayed', { DelaySeconds: 10 });
  await account.send(url, 'first', {
    MessageAttributes: { raw: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2) } },
  });
  await account.send(url, 'second');
  await account.clock.advance(4_000);
  const again = await restarted(account);
  await again.send(url, 'third');
  expect(await again.counts(url)).toEqual([3, 0, 1]);
  const messages = await again.receive(url, { MessageAttributeNames: ['All'], AttributeNames: ['All'] });
  expect(bodiesOf(messages)).toEqual(['first', 'second', 'third']);
  expect([...(messages[0]?.MessageAttributes?.raw?.BinaryValue ?? [])]).toEqual([1, 2]);
  expect(messages[0]?.Attributes?.SentTimestamp).toBe('1767225600000');
  await again.clock.advance(5_999);
  expect(await again.receive(url)).toEqual([]);
  await again.clock.advance(1);
  expect(bodiesOf(await again.receive(url))).toEqual(['delayed']);
});

it('makes messages in flight visible at once, with the receive count that was last written', async () => {
  const account = sqsAccount();
  const url = await account.create('orders', { VisibilityTimeout: '600' });
  await account.send(url, 'a');
  const [message] = await account.receive(url);
  const again = await restarted(account);
  expect(await again.counts(url)).toEqual([1, 0, 0]);
  const [second] = await again.receive(url, { MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
  expect(second?.Attributes).toEqual({ ApproximateReceiveCount: '1' });
  // A handle of before is one of an older receive, which still deletes.
  await again.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) }));
  expect(await again.counts(url)).toEqual([0, 0, 0]);
});

it('still deletes by an earlier handle, as long as nobody received the message again', async () => {
  const account = sqsAccount();
  const url = await account.create('orders');
  await account.send(url, 'a');
  const [message] = await account.receive(url);
  const again = await restarted(account);
  await again.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) }));
  expect(await again.counts(url)).toEqual([0, 0, 0]);
});

it('never applies an earlier handle to a message that was sent later', async () => {
  const account = sqsAccount();
  const url = await account.create('orders');
  await account.send(url, 'deleted');
  const [message] = await account.receive(url);
  const remove = new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) });
  await account.sqs.send(remove);
  const again = await restarted(account);
  await again.send(url, 'new');
  await again.sqs.send(remove);
  expect(await again.counts(url)).toEqual([1, 0, 0]);
});

it('keeps a changed visibility, and the receive count with it', async () => {
  const account = sqsAccount();
  const url = await account.create('orders');
  await account.send(url, 'a');
  const [message] = await account.receive(url);
  const change = (timeoutSeconds: number) =>
    new ChangeMessageVisibilityCommand({
      QueueUrl: url,
      ReceiptHandle: handleOf(message),
      VisibilityTimeout: timeoutSeconds,
    });
  await account.sqs.send(change(7_200));
  const again = await restarted(account);
  expect(await again.counts(url)).toEqual([0, 1, 0]);
  await again.clock.advance(3_600_000);
  await expect(again.sqs.send(change(43_200))).rejects.toThrow(/beyond the limit/);
  await again.sqs.send(change(3_600));
  await again.clock.advance(3_600_000);
  const [second] = await again.receive(url, { MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
  expect(second?.Attributes).toEqual({ ApproximateReceiveCount: '2' });
});

it('keeps deleted messages deleted, and dead letters in their queue', async () => {
  const account = sqsAccount();
  const dead = await account.create('dead');
  const url = await account.create('orders', {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 }),
  });
  await account.send(url, 'deleted');
  const [message] = await account.receive(url);
  await account.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) }));
  await account.send(url, 'poison');
  for (let attempt = 0; attempt < 2; attempt++) await account.receive(url, { VisibilityTimeout: 0 });
  const again = await restarted(account);
  expect(await again.counts(url)).toEqual([0, 0, 0]);
  const [letter] = await again.receive(dead, { AttributeNames: ['All'] });
  expect(letter).toMatchObject({
    Body: 'poison',
    Attributes: { DeadLetterQueueSourceArn: arnOf('orders'), ApproximateReceiveCount: '2' },
  });
});

it('keeps the order, the sequence and the deduplication of a FIFO queue', async () => {
  const account = sqsAccount();
  const url = await account.create('a.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const first = await account.send(url, 'a', { MessageGroupId: 'g' });
  await account.send(url, 'b', { MessageGroupId: 'g' });
  const again = await restarted(account);
  const duplicate = await again.send(url, 'a', { MessageGroupId: 'g' });
  expect(duplicate.MessageId).toBe(first.MessageId);
  const last = await again.send(url, 'c', { MessageGroupId: 'g' });
  expect(BigInt(last.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(first.SequenceNumber ?? 0));
  expect(bodiesOf(await again.receive(url))).toEqual(['a', 'b', 'c']);
  await again.clock.advance(300_000);
  const later = await again.send(url, 'a', { MessageGroupId: 'g' });
  expect(later.MessageId).not.toBe(first.MessageId);
});

it('continues a move task', async () => {
  const account = sqsAccount();
  const dead = await account.create('dead');
  await account.create('orders', {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 }),
  });
  const other = await account.create('others');
  for (const body of ['a', 'b', 'c']) await account.send(dead, body);
  const task = { SourceArn: arnOf('dead'), DestinationArn: arnOf('others'), MaxNumberOfMessagesPerSecond: 1 };
  await account.sqs.send(new StartMessageMoveTaskCommand(task));
  await account.clock.advance(500);
  expect(await account.counts(other)).toEqual([1, 0, 0]);
  const again = await restarted(account);
  await again.clock.advance(2_000);
  expect(await again.counts(other)).toEqual([3, 0, 0]);
  const { Results } = await again.sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arnOf('dead') }));
  expect(Results).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 3 }]);
});
