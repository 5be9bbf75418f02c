import {
  CancelMessageMoveTaskCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { arnOf, bodiesOf, handleOf, type SqsAccount, sqsAccount } from './sqs-queue.ts';

const redriveTo = (name: string, maxReceiveCount: number | string = 1) => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf(name), maxReceiveCount }),
});

/** Queues `orders` and `dead`, and for each body a message that moved from the first to the second. */
async function withDeadLetters(account: SqsAccount, ...bodies: string[]) {
  const dead = await account.create('dead');
  const source = await account.create('orders', redriveTo('dead'));
  for (const body of bodies) await account.send(source, body);
  for (let round = 0; round < 2 * bodies.length; round++) {
    await account.receive(source, { VisibilityTimeout: 0 });
  }
  return { dead, source };
}

describe('a redrive policy', () => {
  it('moves a message unchanged on the receive that would exceed the maximum', async () => {
    const { create, send, receive, counts, clock } = sqsAccount();
    const dead = await create('dead');
    const url = await create('orders', redriveTo('dead', 2));
    const sent = await send(url, 'poison', {
      MessageAttributes: { kind: { DataType: 'String', StringValue: 'bad' } },
    });
    await clock.advance(5_000);
    for (let attempt = 1; attempt <= 2; attempt++) {
      const [message] = await receive(url, { VisibilityTimeout: 0, AttributeNames: ['All'] });
      expect(message?.Attributes?.ApproximateReceiveCount).toBe(String(attempt));
      expect(message?.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
    }
    expect(await counts(dead)).toEqual([0, 0, 0]);
    expect(await receive(url)).toEqual([]);
    expect(await counts(url)).toEqual([0, 0, 0]);
    const [letter] = await receive(dead, { AttributeNames: ['All'], MessageAttributeNames: ['All'] });
    expect(letter).toMatchObject({
      MessageId: sent.MessageId,
      Body: 'poison',
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      Attributes: {
        SentTimestamp: '1767225600000',
        ApproximateFirstReceiveTimestamp: '1767225605000',
        // The receives of all queues count; the move is not a receive.
        ApproximateReceiveCount: '3',
        DeadLetterQueueSourceArn: arnOf('orders'),
      },
    });
  });

  it('fills up the receive that moved a message with the next ones', async () => {
    const { create, send, receive } = sqsAccount();
    await create('dead');
    const url = await create('orders', redriveTo('dead'));
    await send(url, 'poison');
    await receive(url, { VisibilityTimeout: 0 });
    await send(url, 'healthy');
    expect(bodiesOf(await receive(url, { MaxNumberOfMessages: 1 }))).toEqual(['healthy']);
  });

  it('wakes a long poll on the dead-letter queue', async () => {
    const { create, send, receive, clock } = sqsAccount();
    const dead = await create('dead');
    const url = await create('orders', redriveTo('dead'));
    await send(url, 'poison');
    await receive(url, { VisibilityTimeout: 0 });
    const poll = receive(dead, { WaitTimeSeconds: 20 });
    await clock.advance(1_000);
    await receive(url);
    expect(bodiesOf(await poll)).toEqual(['poison']);
  });

  it('counts the retention of a dead letter from when it was first sent', async () => {
    const { create, send, receive, counts, clock } = sqsAccount();
    const dead = await create('dead', { MessageRetentionPeriod: '60' });
    const url = await create('orders', redriveTo('dead'));
    await send(url, 'poison');
    await receive(url, { VisibilityTimeout: 0 });
    await clock.advance(50_000);
    await receive(url);
    expect(await counts(dead)).toEqual([1, 0, 0]);
    await clock.advance(10_000);
    expect(await counts(dead)).toEqual([0, 0, 0]);
  });

  it('ignores the old handle of a moved message', async () => {
    const { create, send, receive, counts, sqs } = sqsAccount();
    const dead = await create('dead');
    const url = await create('orders', redriveTo('dead'));
    await send(url, 'poison');
    const [message] = await receive(url, { VisibilityTimeout: 0 });
    await receive(url);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) }));
    expect(await counts(dead)).toEqual([1, 0, 0]);
  });

  it('keeps delivering when the dead-letter queue was deleted', async () => {
    const { create, send, receive, sqs } = sqsAccount();
    const dead = await create('dead');
    const url = await create('orders', redriveTo('dead'));
    await send(url, 'poison');
    await sqs.send(new DeleteQueueCommand({ QueueUrl: dead }));
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(bodiesOf(await receive(url, { VisibilityTimeout: 0 }))).toEqual(['poison']);
    }
  });

  it('is removed by the empty string, and accepts the count as text too', async () => {
    const { create, set, attributes } = sqsAccount();
    await create('dead');
    const url = await create('orders', redriveTo('dead', '42'));
    expect(await attributes(url, ['RedrivePolicy'])).toEqual(redriveTo('dead', '42'));
    await set(url, { RedrivePolicy: '' });
    expect(await attributes(url, ['RedrivePolicy'])).toEqual({});
  });

  it.each([
    ['{"deadLetterTargetArn":"dummy","maxReceiveCount":42}', 'Invalid value for deadLetterTargetArn.'],
    [`{"deadLetterTargetArn":"${arnOf('nowhere')}","maxReceiveCount":1}`, 'does not exist'],
    [`{"deadLetterTargetArn":"${arnOf('dead.fifo')}","maxReceiveCount":1}`, 'must be same type'],
    [`{"deadLetterTargetArn":"${arnOf('dead')}","maxReceiveCount":0}`, 'valid values are from 1 to 1000'],
    [`{"deadLetterTargetArn":"${arnOf('dead')}","maxReceiveCount":1001}`, 'valid values are from 1 to 1000'],
    [`{"deadLetterTargetArn":"${arnOf('dead')}"}`, 'mandatory attribute: maxReceiveCount'],
    ['{"maxReceiveCount":1}', 'mandatory attribute: deadLetterTargetArn'],
    ['[]', 'not a valid JSON map'],
    ['nonsense', 'not a valid JSON map'],
  ])('rejects %s', async (RedrivePolicy, words) => {
    const { create, set } = sqsAccount();
    await create('dead');
    await create('dead.fifo', { FifoQueue: 'true' });
    const url = await create('orders');
    await expect(set(url, { RedrivePolicy })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
      message: expect.stringContaining(words),
    });
    await expect(create('others', { RedrivePolicy })).rejects.toThrow(words);
  });

  it('needs the permission of the dead-letter queue', async () => {
    const { create, set } = sqsAccount();
    const dead = await create('dead', { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' });
    await expect(create('orders', redriveTo('dead'))).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
    await set(dead, {
      RedriveAllowPolicy: JSON.stringify({
        redrivePermission: 'byQueue',
        sourceQueueArns: [arnOf('orders')],
      }),
    });
    await create('orders', redriveTo('dead'));
    await expect(create('others', redriveTo('dead'))).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
    for (const RedriveAllowPolicy of [
      '{"redrivePermission":"some"}',
      '{"redrivePermission":"byQueue","sourceQueueArns":[]}',
      `{"redrivePermission":"allowAll","sourceQueueArns":["${arnOf('orders')}"]}`,
      JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: Array(11).fill(arnOf('orders')) }),
    ]) {
      await expect(set(dead, { RedriveAllowPolicy })).rejects.toMatchObject({
        Code: 'InvalidParameterValue',
      });
    }
  });

  it('lists the source queues of a dead-letter queue', async () => {
    const { create, sqs } = sqsAccount();
    const dead = await create('dead');
    const urls = [await create('a', redriveTo('dead')), await create('b', redriveTo('dead'))];
    await create('c');
    const list = (more: { MaxResults?: number; NextToken?: string | undefined }) =>
      sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead, ...more }));
    expect((await list({})).queueUrls).toEqual(urls);
    const first = await list({ MaxResults: 1 });
    expect(first.queueUrls).toEqual([urls[0]]);
    expect((await list({ MaxResults: 1, NextToken: first.NextToken })).queueUrls).toEqual([urls[1]]);
  });
});

describe('a message move task', () => {
  const start = (
    { sqs }: SqsAccount,
    more: { DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number } = {},
  ) => sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('dead'), ...more }));
  const list = async ({ sqs }: SqsAccount, MaxResults?: number) => {
    const input = { SourceArn: arnOf('dead'), ...(MaxResults === undefined ? {} : { MaxResults }) };
    return (await sqs.send(new ListMessageMoveTasksCommand(input))).Results ?? [];
  };

  it('moves each dead letter back to its source, as a new message', async () => {
    const account = sqsAccount();
    const { source, dead } = await withDeadLetters(account, 'a', 'b');
    const [before] = await account.receive(dead, { MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
    await account.clock.advance(5_000);
    await start(account);
    expect(await list(account)).toMatchObject([{ Status: 'RUNNING', ApproximateNumberOfMessagesToMove: 2 }]);
    await account.clock.advance(0);
    expect(await list(account)).toEqual([
      {
        Status: 'COMPLETED',
        SourceArn: arnOf('dead'),
        ApproximateNumberOfMessagesMoved: 2,
        ApproximateNumberOfMessagesToMove: 2,
        StartedTimestamp: 1767225605000,
      },
    ]);
    expect(await account.counts(dead)).toEqual([0, 0, 0]);
    const moved = await account.receive(source, { AttributeNames: ['All'] });
    expect(bodiesOf(moved).sort()).toEqual(['a', 'b']);
    expect(moved.map((message) => message.MessageId)).not.toContain(before?.MessageId);
    expect(moved[0]?.Attributes).toMatchObject({
      ApproximateReceiveCount: '1',
      SentTimestamp: '1767225605000',
    });
    expect(moved[0]?.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
  });

  it('moves to a chosen queue, at the requested rate', async () => {
    const account = sqsAccount();
    const { dead } = await withDeadLetters(account, 'a', 'b', 'c');
    const other = await account.create('others');
    await start(account, { DestinationArn: arnOf('others'), MaxNumberOfMessagesPerSecond: 1 });
    await account.clock.advance(1_999);
    expect(await account.counts(other)).toEqual([2, 0, 0]);
    expect(await list(account)).toMatchObject([
      {
        Status: 'RUNNING',
        DestinationArn: arnOf('others'),
        MaxNumberOfMessagesPerSecond: 1,
        ApproximateNumberOfMessagesMoved: 2,
      },
    ]);
    await account.clock.advance(1_001);
    expect(await account.counts(other)).toEqual([3, 0, 0]);
    expect(await account.counts(dead)).toEqual([0, 0, 0]);
    expect(await list(account)).toMatchObject([{ Status: 'COMPLETED' }]);
  });

  it('can be cancelled once, without undoing what it moved', async () => {
    const account = sqsAccount();
    const { dead, source } = await withDeadLetters(account, 'a', 'b', 'c');
    const { TaskHandle } = await start(account, { MaxNumberOfMessagesPerSecond: 1 });
    await account.clock.advance(1_000);
    const cancel = () => account.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect((await cancel()).ApproximateNumberOfMessagesMoved).toBe(2);
    await account.clock.advance(60_000);
    expect(await account.counts(dead)).toEqual([1, 0, 0]);
    expect(await account.counts(source)).toEqual([2, 0, 0]);
    expect(await list(account)).toMatchObject([{ Status: 'CANCELLED' }]);
    await expect(cancel()).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
  });

  it('is the only one of its queue, and the newest ten are listed', async () => {
    const account = sqsAccount();
    await withDeadLetters(account, 'a', 'b');
    await start(account, { MaxNumberOfMessagesPerSecond: 1 });
    await expect(start(account)).rejects.toMatchObject({
      message:
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    });
    await account.clock.advance(2_000);
    for (let index = 0; index < 12; index++) {
      await start(account, { MaxNumberOfMessagesPerSecond: index + 1 });
      await account.clock.advance(0);
    }
    expect(await list(account)).toHaveLength(1);
    const rates = (await list(account, 10)).map((task) => task.MaxNumberOfMessagesPerSecond);
    expect(rates).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  });

  it('fails when its destination is deleted, and says why', async () => {
    const account = sqsAccount();
    await withDeadLetters(account, 'a', 'b', 'c');
    const other = await account.create('others');
    await start(account, { DestinationArn: arnOf('others'), MaxNumberOfMessagesPerSecond: 1 });
    await account.clock.advance(1_000);
    await account.sqs.send(new DeleteQueueCommand({ QueueUrl: other }));
    await account.clock.advance(1_000);
    expect(await list(account)).toMatchObject([
      {
        Status: 'FAILED',
        FailureReason: 'AWS.SimpleQueueService.NonExistentQueue',
        ApproximateNumberOfMessagesMoved: 2,
      },
    ]);
  });

  it('fails on a message with an unknown source, which stays', async () => {
    const account = sqsAccount();
    const { dead } = await withDeadLetters(account);
    await account.send(dead, 'sent by hand');
    await start(account);
    await account.clock.advance(0);
    expect(await list(account)).toMatchObject([
      { Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' },
    ]);
    expect(await account.counts(dead)).toEqual([1, 0, 0]);
  });

  it('rejects what AWS rejects', async () => {
    const account = sqsAccount();
    const { sqs } = account;
    await withDeadLetters(account);
    await expect(
      sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('orders') })),
    ).rejects.toMatchObject({ message: 'Source queue must be configured as a Dead Letter Queue.' });
    await expect(
      sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('nowhere') })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "The resource that you specified for the SourceArn parameter doesn't exist.",
      $metadata: { httpStatusCode: 404 },
    });
    await expect(start(account, { DestinationArn: arnOf('nowhere') })).rejects.toMatchObject({
      message: "The resource that you specified for the DestinationArn parameter doesn't exist.",
    });
    await expect(start(account, { DestinationArn: arnOf('dead') })).rejects.toThrow(/can't be the same/);
    await expect(start(account, { MaxNumberOfMessagesPerSecond: 501 })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
    const cancel = (TaskHandle: string) => sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    await expect(cancel('foobared')).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
      message: 'Value for parameter TaskHandle is invalid.',
    });
    const handle = (sourceArn: string) =>
      Buffer.from(JSON.stringify({ taskId: 'none', sourceArn })).toString('base64');
    await expect(cancel(handle(arnOf('nowhere')))).rejects.toThrow(/SourceArn parameter doesn't exist/);
    await expect(cancel(handle(arnOf('dead')))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Task does not exist.',
    });
  });
});
