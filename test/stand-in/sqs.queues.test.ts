import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type ListQueuesCommandInput,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  type QueueAttributeName,
  SendMessageCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { arnOf, handleOf, sqsAccount } from './sqs-queue.ts';

describe('CreateQueue', () => {
  it('returns a URL of the endpoint, the account and the name', async () => {
    const { create } = sqsAccount();
    expect(await create('orders')).toBe('http://127.0.0.1:4566/000000000000/orders');
  });

  it('returns the same queue when the given attributes are the same', async () => {
    const { create } = sqsAccount();
    const first = await create('orders', { VisibilityTimeout: '60', DelaySeconds: '5' });
    expect(await create('orders', { DelaySeconds: '5' })).toBe(first);
    expect(await create('orders')).toBe(first);
  });

  it('rejects an existing name with a different attribute value, and names the attribute', async () => {
    const { create } = sqsAccount();
    await create('orders', { DelaySeconds: '5' });
    await expect(create('orders', { DelaySeconds: '6' })).rejects.toMatchObject({
      name: 'QueueNameExists',
      Code: 'QueueAlreadyExists',
      message: 'A queue already exists with the same name and a different value for attribute DelaySeconds',
    });
  });

  it('compares JSON attributes by content', async () => {
    const { create } = sqsAccount();
    await create('dead');
    const url = await create('orders', {
      RedrivePolicy: `{"deadLetterTargetArn":"${arnOf('dead')}","maxReceiveCount":3}`,
    });
    const reordered = {
      RedrivePolicy: `{ "maxReceiveCount": 3, "deadLetterTargetArn": "${arnOf('dead')}" }`,
    };
    expect(await create('orders', reordered)).toBe(url);
  });

  it.each([
    ['', 'an empty name'],
    ['a b', 'a space'],
    ['a'.repeat(81), '81 characters'],
    ['orders.fifo', 'the FIFO suffix on a standard queue'],
  ])('rejects the name %j: %s', async (name) => {
    const { create } = sqsAccount();
    await expect(create(name)).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
  });

  it('rejects a FIFO queue whose name lacks the suffix', async () => {
    const { create } = sqsAccount();
    await expect(create('orders', { FifoQueue: 'true' })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
  });

  it('rejects a name for 60 s after its queue was deleted', async () => {
    const { create, sqs, clock } = sqsAccount();
    const QueueUrl = await create('orders');
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await expect(create('orders')).rejects.toMatchObject({ name: 'QueueDeletedRecently' });
    await clock.advance(60_000);
    expect(await create('orders')).toBe(QueueUrl);
  });

  it('rejects an unsupported member', async () => {
    const { aws } = sqsAccount();
    expect(() => aws.call('sqs', 'CreateQueue', { QueueName: 'a', Color: 'red' }, { kind: 'root' })).toThrow(
      /Color/,
    );
  });
});

describe('queue attributes', () => {
  it('has the defaults of AWS', async () => {
    const { create, attributes } = sqsAccount();
    expect(await attributes(await create('orders'))).toEqual({
      QueueArn: arnOf('orders'),
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      CreatedTimestamp: '1767225600',
      LastModifiedTimestamp: '1767225600',
      VisibilityTimeout: '30',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      DelaySeconds: '0',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true',
    });
  });

  it('has the defaults of a FIFO queue', async () => {
    const { create, attributes } = sqsAccount();
    expect(await attributes(await create('orders.fifo', { FifoQueue: 'True' }))).toMatchObject({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'false',
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    });
  });

  it('returns only the named attributes', async () => {
    const { create, attributes } = sqsAccount();
    const url = await create('orders');
    expect(await attributes(url, ['DelaySeconds', 'Policy'])).toEqual({ DelaySeconds: '0' });
    expect(await attributes(url, [])).toEqual({});
  });

  it('changes attributes, and the time of the last change with them', async () => {
    const { create, attributes, set, clock } = sqsAccount();
    const url = await create('orders');
    await clock.advance(90_000);
    await set(url, { VisibilityTimeout: '69', DelaySeconds: '420' });
    expect(await attributes(url)).toMatchObject({
      VisibilityTimeout: '69',
      DelaySeconds: '420',
      CreatedTimestamp: '1767225600',
      LastModifiedTimestamp: '1767225690',
    });
  });

  it.each([
    ['VisibilityTimeout', '43201'],
    ['VisibilityTimeout', '-1'],
    ['VisibilityTimeout', 'soon'],
    ['DelaySeconds', '901'],
    ['MessageRetentionPeriod', '59'],
    ['MessageRetentionPeriod', '1209601'],
    ['MaximumMessageSize', '1023'],
    ['MaximumMessageSize', '1048577'],
    ['ReceiveMessageWaitTimeSeconds', '21'],
    ['ReceiveMessageWaitTimeSeconds', '1.5'],
    ['KmsDataKeyReusePeriodSeconds', '59'],
    ['SqsManagedSseEnabled', 'maybe'],
    ['Policy', 'not json'],
    ['Policy', '{"Statement":[{"Effect":"Allow"}]}'],
  ] as const)('rejects the value %s=%s, and changes nothing', async (name, value) => {
    const { create, attributes, set } = sqsAccount();
    const url = await create('orders');
    const before = await attributes(url);
    await expect(set(url, { DelaySeconds: '7', [name]: value })).rejects.toMatchObject({
      name: 'InvalidAttributeValue',
    });
    expect(await attributes(url)).toEqual(before);
  });

  it.each(['Colour', 'QueueArn', 'ApproximateNumberOfMessages', 'CreatedTimestamp'])(
    'rejects setting the attribute %s',
    async (name) => {
      const { create, set } = sqsAccount();
      const url = await create('orders');
      const error = { name: 'InvalidAttributeName', message: `Unknown Attribute ${name}.` };
      await expect(set(url, { [name]: '1' })).rejects.toMatchObject(error);
      await expect(create('others', { [name]: '1' })).rejects.toMatchObject(error);
    },
  );

  it('rejects reading an unknown attribute', async () => {
    const { create, attributes } = sqsAccount();
    const url = await create('orders');
    // A typo can reach the service, because the client does not check names.
    await expect(attributes(url, ['Colour' as QueueAttributeName])).rejects.toMatchObject({
      name: 'InvalidAttributeName',
    });
  });

  it('rejects FIFO attributes on a standard queue, and changes of the queue type', async () => {
    const { create, set } = sqsAccount();
    const standard = await create('orders');
    const fifo = await create('orders.fifo', { FifoQueue: 'true' });
    await expect(set(standard, { FifoQueue: 'true' })).rejects.toMatchObject({
      name: 'InvalidAttributeName',
      message: 'Unknown Attribute FifoQueue.',
    });
    await expect(set(standard, { DeduplicationScope: 'queue' })).rejects.toMatchObject({
      message: 'You can specify the DeduplicationScope only when FifoQueue is set to true.',
    });
    await set(fifo, { FifoQueue: 'true' });
    await expect(set(fifo, { FifoQueue: 'false' })).rejects.toMatchObject({
      name: 'InvalidAttributeValue',
      message: 'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
    });
  });

  it('accepts the high throughput attributes only together', async () => {
    const { create, set, attributes } = sqsAccount();
    const url = await create('orders.fifo', { FifoQueue: 'true' });
    await expect(set(url, { FifoThroughputLimit: 'perMessageGroupId' })).rejects.toMatchObject({
      name: 'InvalidAttributeValue',
    });
    await set(url, { FifoThroughputLimit: 'perMessageGroupId', DeduplicationScope: 'messageGroup' });
    expect(await attributes(url)).toMatchObject({ FifoThroughputLimit: 'perMessageGroupId' });
  });

  it('stores either kind of encryption, but not both', async () => {
    const { create, set, attributes } = sqsAccount();
    const url = await create('orders', { KmsMasterKeyId: 'alias/orders' });
    expect(await attributes(url)).toMatchObject({
      KmsMasterKeyId: 'alias/orders',
      KmsDataKeyReusePeriodSeconds: '300',
      SqsManagedSseEnabled: 'false',
    });
    await expect(set(url, { SqsManagedSseEnabled: 'true' })).rejects.toMatchObject({
      name: 'InvalidAttributeName',
    });
    await set(url, { KmsMasterKeyId: '', SqsManagedSseEnabled: 'true' });
    const after = await attributes(url);
    expect(after.SqsManagedSseEnabled).toBe('true');
    expect(after).not.toHaveProperty('KmsMasterKeyId');
  });
});

describe('finding queues', () => {
  it('finds the URL of a queue of this account', async () => {
    const { create, sqs } = sqsAccount();
    const url = await create('orders');
    const found = await sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }));
    expect(found.QueueUrl).toBe(url);
    const foreign = new GetQueueUrlCommand({ QueueName: 'orders', QueueOwnerAWSAccountId: '111111111111' });
    await expect(sqs.send(foreign)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('rejects an unknown queue, with the older code beside the newer', async () => {
    const { sqs } = sqsAccount();
    const QueueUrl = 'http://127.0.0.1:4566/000000000000/nowhere';
    const error = {
      name: 'QueueDoesNotExist',
      Code: 'AWS.SimpleQueueService.NonExistentQueue',
      $metadata: { httpStatusCode: 400 },
    };
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'nowhere' }))).rejects.toMatchObject(error);
    await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }))).rejects.toMatchObject(
      error,
    );
    await expect(sqs.send(new GetQueueAttributesCommand({ QueueUrl }))).rejects.toMatchObject(error);
  });

  it('accepts the name of a queue of this account in place of its URL', async () => {
    const { create, send, counts, receive, sqs } = sqsAccount();
    const url = await create('orders');
    await send('orders', 'hello');
    expect(await counts(url)).toEqual([1, 0, 0]);
    const [message] = await receive('orders');
    await sqs.send(new DeleteMessageCommand({ QueueUrl: 'orders', ReceiptHandle: handleOf(message) }));
    expect(await counts(url)).toEqual([0, 0, 0]);
    await expect(send('nowhere', 'hello')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('accepts a queue URL with any host, because only the path counts', async () => {
    const { create, send, counts } = sqsAccount();
    const url = await create('orders');
    await send('https://sqs.us-east-1.amazonaws.com/000000000000/orders', 'hello');
    expect(await counts(url)).toEqual([1, 0, 0]);
    await expect(send('http://127.0.0.1:4566/111111111111/orders', 'a')).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
    await expect(send('http://127.0.0.1:4566/orders', 'a')).rejects.toMatchObject({ name: 'InvalidAddress' });
  });

  it('lists queues by prefix, and page by page when asked to', async () => {
    const { create, sqs } = sqsAccount();
    for (const name of ['c', 'a2', 'b', 'a1', 'a3']) await create(name);
    const names = async (input: ListQueuesCommandInput) => {
      const { QueueUrls, NextToken } = await sqs.send(new ListQueuesCommand(input));
      return { names: QueueUrls?.map((url) => url.split('/').at(-1)), NextToken };
    };
    expect(await names({})).toEqual({ names: ['a1', 'a2', 'a3', 'b', 'c'], NextToken: undefined });
    expect(await names({ QueueNamePrefix: 'x' })).toEqual({ names: undefined, NextToken: undefined });
    const first = await names({ QueueNamePrefix: 'a', MaxResults: 2 });
    expect(first.names).toEqual(['a1', 'a2']);
    const second = await names({ QueueNamePrefix: 'a', MaxResults: 2, NextToken: first.NextToken });
    expect(second).toEqual({ names: ['a3'], NextToken: undefined });
    await expect(names({ MaxResults: 1001 })).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
    await expect(names({ NextToken: 'garbage' })).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
  });

  it('deletes a queue with its messages', async () => {
    const { create, send, sqs, clock, counts } = sqsAccount();
    const QueueUrl = await create('orders');
    await send(QueueUrl, 'hello');
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await expect(send(QueueUrl, 'hello')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    await clock.advance(60_000);
    await create('orders');
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
  });
});

describe('tags', () => {
  it('adds, overwrites, lists and removes tags', async () => {
    const { sqs } = sqsAccount();
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: 'orders', tags: { team: 'a', cost: '1' } }),
    );
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: 'b', empty: '' } }));
    const list = async () => (await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags;
    expect(await list()).toEqual({ team: 'b', cost: '1', empty: '' });
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['team', 'cost', 'unknown'] }));
    expect(await list()).toEqual({ empty: '' });
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['empty'] }));
    expect(await list()).toBeUndefined();
  });

  it('rejects more than 50 tags', async () => {
    const { create, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    const Tags = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag${index}`, '']));
    await expect(sqs.send(new TagQueueCommand({ QueueUrl, Tags }))).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
  });
});

describe('PurgeQueue', () => {
  it('deletes what is visible, in flight and delayed, at most once a minute', async () => {
    const { create, send, receive, counts, sqs, clock } = sqsAccount();
    const QueueUrl = await create('orders');
    await send(QueueUrl, 'in flight');
    await receive(QueueUrl);
    await send(QueueUrl, 'visible');
    await send(QueueUrl, 'delayed', { DelaySeconds: 5 });
    expect(await counts(QueueUrl)).toEqual([1, 1, 1]);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
    await expect(sqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toMatchObject({
      name: 'PurgeQueueInProgress',
      $metadata: { httpStatusCode: 403 },
    });
    await clock.advance(60_000);
    expect(await receive(QueueUrl)).toEqual([]);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  });
});
