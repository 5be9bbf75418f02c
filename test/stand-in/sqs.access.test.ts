import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ListQueuesCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { AwsError, type Permission, root } from '../../lib/stand-in/engines/engine.ts';
import { arnOf, handleOf, sqsAccount } from './sqs-queue.ts';

describe('permissions', () => {
  const QueueUrl = 'http://127.0.0.1:4566/000000000000/orders';
  const onQueue = (action: string) => [{ action, resource: arnOf('orders') }];

  it.each([
    ['SendMessage', { QueueUrl }, onQueue('sqs:SendMessage')],
    ['SendMessageBatch', { QueueUrl }, onQueue('sqs:SendMessage')],
    ['ReceiveMessage', { QueueUrl }, onQueue('sqs:ReceiveMessage')],
    ['DeleteMessage', { QueueUrl }, onQueue('sqs:DeleteMessage')],
    ['DeleteMessageBatch', { QueueUrl }, onQueue('sqs:DeleteMessage')],
    ['ChangeMessageVisibility', { QueueUrl }, onQueue('sqs:ChangeMessageVisibility')],
    ['ChangeMessageVisibilityBatch', { QueueUrl }, onQueue('sqs:ChangeMessageVisibility')],
    ['GetQueueAttributes', { QueueUrl }, onQueue('sqs:GetQueueAttributes')],
    ['SetQueueAttributes', { QueueUrl }, onQueue('sqs:SetQueueAttributes')],
    ['PurgeQueue', { QueueUrl }, onQueue('sqs:PurgeQueue')],
    ['DeleteQueue', { QueueUrl }, onQueue('sqs:DeleteQueue')],
    ['TagQueue', { QueueUrl }, onQueue('sqs:TagQueue')],
    ['UntagQueue', { QueueUrl }, onQueue('sqs:UntagQueue')],
    ['ListQueueTags', { QueueUrl }, onQueue('sqs:ListQueueTags')],
    ['ListDeadLetterSourceQueues', { QueueUrl }, onQueue('sqs:ListDeadLetterSourceQueues')],
    ['GetQueueUrl', { QueueName: 'orders' }, onQueue('sqs:GetQueueUrl')],
    ['CreateQueue', { QueueName: 'orders' }, onQueue('sqs:CreateQueue')],
    [
      'CreateQueue',
      { QueueName: 'orders', tags: {} },
      [...onQueue('sqs:CreateQueue'), ...onQueue('sqs:TagQueue')],
    ],
    ['ListQueues', {}, [{ action: 'sqs:ListQueues', resource: '*' }]],
    ['SendMessage', { QueueUrl: 17 }, [{ action: 'sqs:SendMessage', resource: arnOf('*') }]],
  ])('%s with %j', (action, input, wanted) => {
    const { aws } = sqsAccount();
    expect(aws.engines.get('sqs')?.operations[action]?.permissions(input)).toEqual(wanted);
  });

  it('of a move task are those of its work, on each queue that it may move to', async () => {
    const { create, aws } = sqsAccount();
    await create('dead');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 });
    for (const name of ['a', 'b']) await create(name, { RedrivePolicy });
    const operation = aws.engines.get('sqs')?.operations.StartMessageMoveTask;
    const work = ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map(
      (name) => ({
        action: `sqs:${name}`,
        resource: arnOf('dead'),
      }),
    );
    const sendTo = (name: string) => ({ action: 'sqs:SendMessage', resource: arnOf(name) });
    expect(operation?.permissions({ SourceArn: arnOf('dead') })).toEqual([...work, sendTo('a'), sendTo('b')]);
    expect(operation?.permissions({ SourceArn: arnOf('dead'), DestinationArn: arnOf('c') })).toEqual([
      ...work,
      sendTo('c'),
    ]);
  });

  it('are checked before anything happens', async () => {
    const asked: Permission[] = [];
    const { sqs } = sqsAccount({
      authorize(_caller, permissions) {
        asked.push(...permissions);
        throw new AwsError('AccessDenied', 'No.', { status: 403 });
      },
    });
    await expect(sqs.send(new CreateQueueCommand({ QueueName: 'orders' }))).rejects.toThrow('No.');
    expect(asked).toEqual(onQueue('sqs:CreateQueue'));
  });
});

describe('the policy of a queue', () => {
  const statement = {
    Sid: 'topic',
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arnOf('orders'),
    Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:us-east-1:000000000000:orders' } },
  };
  const policy = (...statements: object[]) =>
    JSON.stringify({ Version: '2012-10-17', Statement: statements });

  it('is returned as set, and parsed to check access', async () => {
    const { create, set, attributes, aws } = sqsAccount();
    const url = await create('orders');
    const engine = aws.engines.get('sqs');
    expect(engine?.resourcePolicy?.(arnOf('orders'))).toBeUndefined();
    await set(url, { Policy: policy(statement) });
    expect(await attributes(url, ['Policy'])).toEqual({ Policy: policy(statement) });
    expect(engine?.resourcePolicy?.(arnOf('orders'))).toEqual({
      Version: '2012-10-17',
      Statement: [statement],
    });
    expect(engine?.resourcePolicy?.(arnOf('others'))).toBeUndefined();
    await set(url, { Policy: '' });
    expect(engine?.resourcePolicy?.(arnOf('orders'))).toBeUndefined();
  });

  it.each([
    ['a statement without a principal', { ...statement, Principal: undefined }],
    ['a statement without an action', { ...statement, Action: undefined }],
    ['a statement without a resource', { ...statement, Resource: undefined }],
    ['an unknown effect', { ...statement, Effect: 'Maybe' }],
    ['an unknown member', { ...statement, Colour: 'red' }],
    ['a condition that is not a map', { ...statement, Condition: 'always' }],
  ])('is rejected with %s', async (_what, wrong) => {
    const { create } = sqsAccount();
    await expect(create('orders', { Policy: policy(wrong) })).rejects.toMatchObject({
      name: 'InvalidAttributeValue',
    });
  });

  it('is rejected with NotPrincipal, which the evaluator does not support', async () => {
    const { create } = sqsAccount();
    const wrong = { ...statement, Principal: undefined, NotPrincipal: '*' };
    await expect(create('orders', { Policy: policy(wrong) })).rejects.toThrow(/NotPrincipal/);
  });

  it.each([
    ['statements', Array(21).fill({ ...statement, Condition: undefined })],
    ['conditions', Array(11).fill(statement)],
    ['actions', [{ ...statement, Action: Array(8).fill('sqs:SendMessage') }]],
    ['principals', [{ ...statement, Principal: { AWS: Array(51).fill('000000000000') } }]],
    ['bytes', [{ ...statement, Sid: 'x'.repeat(8_192) }]],
  ])('is rejected with more %s than a queue policy may have', async (_what, statements) => {
    const { create } = sqsAccount();
    await expect(create('orders', { Policy: policy(...statements) })).rejects.toMatchObject({
      name: 'OverLimit',
    });
  });
});

describe('the meter', () => {
  it('counts one request for each started 64 KB, a batch by its total', async () => {
    const { create, send, receive, meter, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    meter.reset();
    await send(QueueUrl, 'x'.repeat(65_536));
    expect(meter.counts()).toEqual({ 'sqs.requests': 1 });
    await send(QueueUrl, 'x'.repeat(65_537));
    expect(meter.counts()).toEqual({ 'sqs.requests': 3 });
    meter.reset();
    const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: 'x'.repeat(40_000) }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(meter.counts()).toEqual({ 'sqs.requests': 2 });
    meter.reset();
    const messages = await receive(QueueUrl);
    expect(meter.counts()).toEqual({ 'sqs.requests': Math.ceil((65_536 + 65_537 + 120_000) / 65_536) });
    meter.reset();
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: messages.map((message, index) => ({ Id: `${index}`, ReceiptHandle: handleOf(message) })),
      }),
    );
    await receive(QueueUrl);
    await sqs.send(new ListQueuesCommand({}));
    expect(meter.counts()).toEqual({ 'sqs.requests': 3 });
  });

  it('counts FIFO queues, fair queues and requests by SNS separately', async () => {
    const { create, send, aws, meter } = sqsAccount();
    const fifo = await create('a.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
    const standard = await create('orders');
    meter.reset();
    await send(fifo, 'a', { MessageGroupId: 'g' });
    expect(meter.counts()).toEqual({ 'sqs.fifo-requests': 1 });
    meter.reset();
    await send(standard, 'a', { MessageGroupId: 'g' });
    expect(meter.counts()).toEqual({ 'sqs.fair-requests': 1, 'sqs.requests': 1 });
    meter.reset();
    const sns = { kind: 'service', service: 'sns.amazonaws.com', sourceArn: 'arn:aws:sns:…:orders' } as const;
    await aws.call('sqs', 'SendMessage', { QueueUrl: standard, MessageBody: 'a' }, sns);
    expect(meter.counts()).toEqual({ 'sqs.requests-from-sns': 1 });
  });

  it('does not count a request that is rejected', async () => {
    const { create, aws, meter } = sqsAccount();
    const QueueUrl = await create('orders');
    meter.reset();
    expect(() => aws.call('sqs', 'SendMessage', { QueueUrl, MessageBody: '' }, root)).toThrow(AwsError);
    expect(meter.counts()).toEqual({});
  });
});
