import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { arnOf, bodiesOf, handleOf, restarted, type SqsAccount, sqsAccount } from './sqs-queue.ts';

const fifo = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

/** Sends bodies such as `g1-m1` to the group that the body begins with. */
async function sendAll({ send }: SqsAccount, url: string, ...bodies: string[]) {
  for (const body of bodies) await send(url, body, { MessageGroupId: body.split('-')[0] });
}

/** Changes the visibility timeouts of several messages in one call. */
const hide = ({ sqs }: SqsAccount, url: string, ...entries: [Parameters<typeof handleOf>[0], number][]) =>
  sqs.send(
    new ChangeMessageVisibilityBatchCommand({
      QueueUrl: url,
      Entries: entries.map(([message, VisibilityTimeout], index) => ({
        Id: String(index),
        ReceiptHandle: handleOf(message),
        VisibilityTimeout,
      })),
    }),
  );

describe('what a FIFO queue requires of a message', () => {
  it('is a group and a deduplication id', async () => {
    const { create, send } = sqsAccount();
    const url = await create('a.fifo', { FifoQueue: 'true' });
    await expect(send(url, 'a', { MessageDeduplicationId: '1' })).rejects.toMatchObject({
      Code: 'MissingParameter',
      message: 'The request must contain the parameter MessageGroupId.',
    });
    await expect(send(url, 'a', { MessageGroupId: 'g' })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
      message:
        'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    });
  });

  it('is required of a batch as a whole', async () => {
    const { create, sqs, counts } = sqsAccount();
    const QueueUrl = await create('a.fifo', { FifoQueue: 'true' });
    const good = { Id: '1', MessageBody: 'a', MessageGroupId: 'g', MessageDeduplicationId: '1' };
    for (const bad of [
      { Id: '2', MessageBody: 'b', MessageDeduplicationId: '2' },
      { Id: '2', MessageBody: 'b', MessageGroupId: 'g' },
    ]) {
      await expect(
        sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [good, bad] })),
      ).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
    }
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it.each(['', 'with space', 'ü', 'a'.repeat(129)])('is not the token %j', async (token) => {
    const { create, send } = sqsAccount();
    const url = await create('a.fifo', fifo);
    await expect(send(url, 'a', { MessageGroupId: token })).rejects.toMatchObject({
      message: `Value ${token} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    });
    await expect(send(url, 'a', { MessageGroupId: 'g', MessageDeduplicationId: token })).rejects.toThrow(
      /MessageDeduplicationId can only include/,
    );
  });

  it('excludes a delay for one message, except an explicit 0', async () => {
    const { create, send } = sqsAccount();
    const url = await create('a.fifo', fifo);
    await expect(send(url, 'a', { MessageGroupId: 'g', DelaySeconds: 2 })).rejects.toMatchObject({
      message:
        'Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.',
    });
    await send(url, 'a', { MessageGroupId: 'g', DelaySeconds: 0 });
  });

  it('may not be sent to a standard queue: a deduplication id', async () => {
    const { create, send } = sqsAccount();
    const url = await create('a');
    await expect(send(url, 'a', { MessageDeduplicationId: '1' })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
  });
});

describe('deduplication', () => {
  it('accepts a duplicate for five minutes and delivers it once, even after a delete', async () => {
    const { create, send, receive, sqs, clock } = sqsAccount();
    const url = await create('a.fifo', { FifoQueue: 'true' });
    const more = { MessageGroupId: 'g', MessageDeduplicationId: '1' };
    const first = await send(url, 'first', more);
    const again = await send(url, 'second', more);
    expect(again.MessageId).toBe(first.MessageId);
    expect(again.SequenceNumber).toBe(first.SequenceNumber);
    const messages = await receive(url);
    expect(bodiesOf(messages)).toEqual(['first']);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(messages[0]) }));
    await clock.advance(299_999);
    await send(url, 'third', more);
    expect(await receive(url)).toEqual([]);
    await clock.advance(1);
    await send(url, 'fourth', more);
    expect(bodiesOf(await receive(url))).toEqual(['fourth']);
  });

  it('uses the digest of the body if the queue says so, and prefers a given id', async () => {
    const { create, send, counts, receive } = sqsAccount();
    const url = await create('a.fifo', fifo);
    await send(url, 'same', { MessageGroupId: 'g' });
    await send(url, 'same', { MessageGroupId: 'h' });
    expect(await counts(url)).toEqual([1, 0, 0]);
    await send(url, 'same', { MessageGroupId: 'g', MessageDeduplicationId: 'other' });
    expect(await counts(url)).toEqual([2, 0, 0]);
    const [message] = await receive(url, { MessageSystemAttributeNames: ['MessageDeduplicationId'] });
    expect(message?.Attributes?.MessageDeduplicationId).toBe(
      '0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5',
    );
  });

  it('counts within a group under high throughput', async () => {
    const { create, send, counts } = sqsAccount();
    const url = await create('a.fifo', { ...fifo, DeduplicationScope: 'messageGroup' });
    for (const MessageGroupId of ['g', 'h', 'g']) await send(url, 'same', { MessageGroupId });
    expect(await counts(url)).toEqual([2, 0, 0]);
  });

  it('starts again after a purge', async () => {
    const { create, send, receive, sqs } = sqsAccount();
    const QueueUrl = await create('a.fifo', fifo);
    await send(QueueUrl, 'a', { MessageGroupId: 'g' });
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    await send(QueueUrl, 'a', { MessageGroupId: 'g' });
    expect(bodiesOf(await receive(QueueUrl))).toEqual(['a']);
  });
});

describe('order', () => {
  it('returns many messages of a group at once, in order, and groups by turns', async () => {
    const account = sqsAccount();
    const url = await account.create('a.fifo', fifo);
    await sendAll(account, url, 'g1-m1', 'g2-m1', 'g1-m2', 'g1-m3');
    expect(bodiesOf(await account.receive(url))).toEqual(['g1-m1', 'g1-m2', 'g1-m3', 'g2-m1']);
  });

  it('sends a batch in order', async () => {
    const { create, sqs, receive } = sqsAccount();
    const QueueUrl = await create('a.fifo', fifo);
    const Entries = [...'abcdefghij'].map((MessageBody) => ({
      Id: MessageBody,
      MessageBody,
      MessageGroupId: 'g',
    }));
    const { Successful } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    const numbers = Successful?.map((result) => result.SequenceNumber ?? '') ?? [];
    expect(numbers).toEqual([...numbers].sort());
    expect(new Set(numbers).size).toBe(10);
    expect(numbers.every((number) => /^\d{20}$/.test(number))).toBe(true);
    expect(bodiesOf(await receive(QueueUrl)).join('')).toBe('abcdefghij');
  });

  it('holds a group back while its first messages are in flight', async () => {
    const account = sqsAccount();
    const { create, receive, sqs, counts, clock } = account;
    const url = await create('a.fifo', fifo);
    await sendAll(account, url, 'g1-m1', 'g1-m2', 'g1-m3', 'g2-m1');
    const [first, second] = await receive(url, { MaxNumberOfMessages: 2 });
    expect(bodiesOf(await receive(url))).toEqual(['g2-m1']);
    expect(await counts(url)).toEqual([1, 3, 0]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(first) }));
    expect(await receive(url)).toEqual([]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(second) }));
    expect(bodiesOf(await receive(url))).toEqual(['g1-m3']);
    await clock.advance(30_000);
    expect(bodiesOf(await receive(url)).sort()).toEqual(['g1-m3', 'g2-m1']);
  });

  it('brings a group back in order when its visibility timeout ends', async () => {
    const account = sqsAccount();
    const url = await account.create('a.fifo', { ...fifo, VisibilityTimeout: '1' });
    await sendAll(account, url, 'g1-m1', 'g1-m2', 'g1-m3', 'g1-m4', 'g2-m1', 'g3-m1');
    expect(bodiesOf(await account.receive(url, { MaxNumberOfMessages: 2 }))).toEqual(['g1-m1', 'g1-m2']);
    expect(bodiesOf(await account.receive(url, { MaxNumberOfMessages: 1 }))).toEqual(['g2-m1']);
    await account.clock.advance(2_000);
    // The order in recorded answers of AWS.
    const all = await account.receive(url, { VisibilityTimeout: 0 });
    expect(bodiesOf(all)).toEqual(['g3-m1', 'g1-m1', 'g1-m2', 'g1-m3', 'g1-m4', 'g2-m1']);
  });

  it('returns at once what was received with a visibility timeout of 0', async () => {
    const account = sqsAccount();
    const url = await account.create('a.fifo', fifo);
    await sendAll(account, url, 'g1-m1', 'g2-m1', 'g2-m2', 'g3-m1', 'g1-m2');
    const three = await account.receive(url, { MaxNumberOfMessages: 3, VisibilityTimeout: 0 });
    expect(bodiesOf(three)).toEqual(['g1-m1', 'g1-m2', 'g2-m1']);
    const all = await account.receive(url, { VisibilityTimeout: 0 });
    // The order in recorded answers of AWS.
    expect(bodiesOf(all)).toEqual(['g3-m1', 'g1-m1', 'g1-m2', 'g2-m1', 'g2-m2']);
  });

  it('keeps a message at the head of its group when its visibility timeout is ended', async () => {
    const account = sqsAccount();
    const { create, receive, sqs } = account;
    const url = await create('a.fifo', fifo);
    await sendAll(account, url, 'g-1', 'g-2');
    const [first] = await receive(url, { MaxNumberOfMessages: 1 });
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: handleOf(first),
        VisibilityTimeout: 0,
      }),
    );
    expect(bodiesOf(await receive(url))).toEqual(['g-1', 'g-2']);
  });

  it('holds a group back for its first message when only the later ones are made visible', async () => {
    const account = sqsAccount();
    const { create, receive, counts, clock } = account;
    const url = await create('a.fifo', fifo);
    await sendAll(account, url, 'g1-m1', 'g1-m2', 'g1-m3', 'g2-m1');
    const [first, second, third] = await receive(url, { MaxNumberOfMessages: 3 });
    await hide(account, url, [first, 60], [second, 0], [third, 0]);
    expect(await counts(url)).toEqual([3, 1, 0]);
    expect(bodiesOf(await receive(url))).toEqual(['g2-m1']);
    await clock.advance(59_999);
    expect(bodiesOf(await receive(url))).toEqual(['g2-m1']);
    await clock.advance(1);
    expect(bodiesOf(await receive(url))).toEqual(['g1-m1', 'g1-m2', 'g1-m3']);
  });

  it('receives a message again while those behind it in its group are in flight', async () => {
    const account = sqsAccount();
    const { create, receive, clock } = account;
    const url = await create('a.fifo', fifo);
    await sendAll(account, url, 'g1-m1', 'g1-m2', 'g2-m1');
    const [first] = await receive(url, { MaxNumberOfMessages: 2 });
    await hide(account, url, [first, 0]);
    // As recorded: nothing of the first group but the message that was made visible.
    expect(bodiesOf(await receive(url, { MaxNumberOfMessages: 3 }))).toEqual(['g2-m1', 'g1-m1']);
    await clock.advance(29_999);
    expect(await receive(url)).toEqual([]);
  });

  it.each([
    { kept: 0, received: [] },
    { kept: 1, received: ['g-1'] },
    { kept: 2, received: ['g-1', 'g-2'] },
  ])(
    'withholds what is behind message $kept of a group, which stays in flight',
    async ({ kept, received }) => {
      const account = sqsAccount();
      const { create, receive, clock } = account;
      const url = await create('a.fifo', { ...fifo, VisibilityTimeout: '1' });
      await sendAll(account, url, 'g-1', 'g-2', 'g-3');
      const batch = await receive(url);
      await hide(account, url, [batch[kept], 4]);
      await clock.advance(2_500);
      expect(bodiesOf(await receive(url))).toEqual(received);
      await clock.advance(1_500);
      expect(bodiesOf(await receive(url))).toEqual(['g-1', 'g-2', 'g-3']);
    },
  );

  it('takes nothing behind a message in flight together with what is before it', async () => {
    const account = sqsAccount();
    const url = await account.create('a.fifo', fifo);
    await sendAll(account, url, 'g-1', 'g-2', 'g-3');
    const [first, , third] = await account.receive(url);
    await hide(account, url, [first, 0], [third, 0]);
    expect(await account.counts(url)).toEqual([2, 1, 0]);
    expect(bodiesOf(await account.receive(url))).toEqual(['g-1']);
  });

  it('holds a group back over a restart, when its first message was hidden', async () => {
    const before = sqsAccount();
    const url = await before.create('a.fifo', fifo);
    await sendAll(before, url, 'g1-m1', 'g1-m2', 'g2-m1');
    const [first, second] = await before.receive(url, { MaxNumberOfMessages: 2 });
    await hide(before, url, [first, 60], [second, 0]);
    const after = await restarted(before);
    expect(bodiesOf(await after.receive(url, { VisibilityTimeout: 1 }))).toEqual(['g2-m1']);
    await after.clock.advance(60_000);
    expect(bodiesOf(await after.receive(url)).sort()).toEqual(['g1-m1', 'g1-m2', 'g2-m1']);
  });

  it('wakes a long poll when a delete frees a group', async () => {
    const account = sqsAccount();
    const { create, receive, sqs, clock } = account;
    const url = await create('a.fifo', fifo);
    await sendAll(account, url, 'g-1', 'g-2');
    const [first] = await receive(url, { MaxNumberOfMessages: 1 });
    const poll = receive(url, { WaitTimeSeconds: 20 });
    await clock.advance(1_000);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(first) }));
    expect(bodiesOf(await poll)).toEqual(['g-2']);
  });

  it('delays by the queue, and applies a changed delay to the messages that are there', async () => {
    const account = sqsAccount();
    const { create, set, receive, counts, clock } = account;
    const url = await create('a.fifo', { ...fifo, DelaySeconds: '60' });
    await sendAll(account, url, 'g-1', 'g-2');
    await clock.advance(10_000);
    expect(await counts(url)).toEqual([0, 0, 2]);
    await set(url, { DelaySeconds: '20' });
    await clock.advance(9_999);
    expect(await receive(url)).toEqual([]);
    await clock.advance(1);
    expect(bodiesOf(await receive(url))).toEqual(['g-1', 'g-2']);
  });
});

describe('receipt handles of a FIFO queue', () => {
  it('are rejected once their visibility timeout is over', async () => {
    const { create, send, receive, sqs, clock } = sqsAccount();
    const url = await create('a.fifo', fifo);
    await send(url, 'a', { MessageGroupId: 'g' });
    const [message] = await receive(url);
    await clock.advance(30_000);
    const ReceiptHandle = handleOf(message);
    await expect(sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }))).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
      message: `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
    });
    const change = () =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 5 }));
    await expect(change()).rejects.toMatchObject({
      name: 'MessageNotInflight',
      Code: 'AWS.SimpleQueueService.MessageNotInflight',
    });
    const [again] = await receive(url);
    await expect(change()).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(again) }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(again) }));
  });
});

describe('dead letters of a FIFO queue', () => {
  it('unblock their group, and use the message id as deduplication id', async () => {
    const { create, send, receive } = sqsAccount();
    const dead = await create('dead.fifo', fifo);
    const url = await create('a.fifo', {
      ...fifo,
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead.fifo'), maxReceiveCount: 2 }),
    });
    const sent = await send(url, 'poison', { MessageGroupId: 'g' });
    await send(url, 'healthy', { MessageGroupId: 'g' });
    for (let attempt = 0; attempt < 2; attempt++) {
      await receive(url, { MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
    }
    expect(bodiesOf(await receive(url))).toEqual(['healthy']);
    const [letter] = await receive(dead, { MessageSystemAttributeNames: ['All'] });
    expect(letter).toMatchObject({
      MessageId: sent.MessageId,
      Body: 'poison',
      Attributes: {
        MessageGroupId: 'g',
        MessageDeduplicationId: sent.MessageId,
        DeadLetterQueueSourceArn: arnOf('a.fifo'),
        ApproximateReceiveCount: '3',
      },
    });
  });

  it('restart their retention, unlike those of a standard queue', async () => {
    const { create, send, receive, counts, clock } = sqsAccount();
    const dead = await create('dead.fifo', { ...fifo, MessageRetentionPeriod: '60' });
    const url = await create('a.fifo', {
      ...fifo,
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead.fifo'), maxReceiveCount: 1 }),
    });
    await send(url, 'poison', { MessageGroupId: 'g' });
    await receive(url, { VisibilityTimeout: 0 });
    await clock.advance(50_000);
    await receive(url);
    await clock.advance(59_999);
    expect(await counts(dead)).toEqual([1, 0, 0]);
    await clock.advance(1);
    expect(await counts(dead)).toEqual([0, 0, 0]);
  });
});
