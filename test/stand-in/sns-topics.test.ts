import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import type { Permission } from '../../lib/stand-in/engines/engine.ts';
import { queueArn, snsAccount, topicArn } from './sns-queues.ts';

const rejected = (Code: string, message: string | RegExp) => ({
  Code,
  message: typeof message === 'string' ? message : expect.stringMatching(message),
});

describe('CreateTopic', () => {
  test('returns the same topic when the request asks for nothing different', async () => {
    const { sns } = snsAccount();
    const wanted = {
      Name: 'orders',
      Attributes: { DisplayName: 'Orders' },
      Tags: [{ Key: 'team', Value: 'shop' }],
    };
    const first = await sns.send(new CreateTopicCommand(wanted));
    expect(first.TopicArn).toBe(topicArn('orders'));
    expect((await sns.send(new CreateTopicCommand(wanted))).TopicArn).toBe(first.TopicArn);
    expect((await sns.send(new CreateTopicCommand({ Name: 'orders' }))).TopicArn).toBe(first.TopicArn);
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn: first.TopicArn }]);
  });

  test('rejects a topic that exists with other attributes or tags', async () => {
    const { sns } = snsAccount();
    await sns.send(new CreateTopicCommand({ Name: 'orders', Attributes: { DisplayName: 'Orders' } }));
    await expect(
      sns.send(new CreateTopicCommand({ Name: 'orders', Attributes: { DisplayName: 'Other' } })),
    ).rejects.toMatchObject(
      rejected(
        'InvalidParameter',
        'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
      ),
    );
    await expect(
      sns.send(new CreateTopicCommand({ Name: 'orders', Tags: [{ Key: 'a', Value: 'b' }] })),
    ).rejects.toMatchObject(
      rejected(
        'InvalidParameter',
        'Invalid parameter: Tags Reason: Topic already exists with different tags',
      ),
    );
  });

  test.each([
    ['', {}],
    ['a b', {}],
    ['a.b', {}],
    ['x'.repeat(257), {}],
    ['orders.fifo', {}],
    ['orders', { FifoTopic: 'true' }],
    ['.fifo', { FifoTopic: 'true' }],
  ])('rejects the name %j with attributes %j', async (Name, Attributes) => {
    const { sns } = snsAccount();
    await expect(sns.send(new CreateTopicCommand({ Name, Attributes }))).rejects.toMatchObject(
      rejected('InvalidParameter', 'Invalid parameter: Topic Name'),
    );
  });

  test('rejects by name what AWS knows and the engine does not model', async () => {
    const { sns } = snsAccount();
    await expect(
      sns.send(new CreateTopicCommand({ Name: 'orders', Attributes: { KmsMasterKeyId: 'alias/aws/sns' } })),
    ).rejects.toMatchObject(rejected('NotImplemented', /KmsMasterKeyId/));
    await expect(
      sns.send(new CreateTopicCommand({ Name: 'orders', DataProtectionPolicy: '{}' })),
    ).rejects.toMatchObject(rejected('NotImplemented', /DataProtectionPolicy/));
    await expect(
      sns.send(new CreateTopicCommand({ Name: 'orders', Attributes: { Colour: 'red' } })),
    ).rejects.toMatchObject(rejected('InvalidParameter', /Colour/));
  });
});

describe('the attributes of a topic', () => {
  test('are those that were set and those that SNS computes', async () => {
    const { sns } = snsAccount();
    await sns.send(
      new CreateTopicCommand({
        Name: 'orders.fifo',
        Attributes: { FifoTopic: 'true', SignatureVersion: '2' },
      }),
    );
    const { Attributes } = await sns.send(
      new GetTopicAttributesCommand({ TopicArn: topicArn('orders.fifo') }),
    );
    expect(Attributes).toMatchObject({
      TopicArn: topicArn('orders.fifo'),
      Owner: '000000000000',
      DisplayName: '',
      FifoTopic: 'true',
      ContentBasedDeduplication: 'false',
      SignatureVersion: '2',
      SubscriptionsConfirmed: '0',
      SubscriptionsPending: '0',
      SubscriptionsDeleted: '0',
    });
    expect(JSON.parse(Attributes?.Policy ?? '').Statement[0].Resource).toBe(topicArn('orders.fifo'));
  });

  test('leave out FIFO on a standard topic, however it was created', async () => {
    const { sns } = snsAccount();
    await sns.send(new CreateTopicCommand({ Name: 'orders', Attributes: { FifoTopic: 'false' } }));
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn('orders') }));
    expect(Attributes).not.toHaveProperty('FifoTopic');
    await expect(
      sns.send(
        new SetTopicAttributesCommand({
          TopicArn: topicArn('orders'),
          AttributeName: 'FifoTopic',
          AttributeValue: 'true',
        }),
      ),
    ).rejects.toMatchObject(rejected('InvalidParameter', 'Invalid parameter: AttributeName'));
  });

  test('include the resource policy, which may name only actions of a topic', async () => {
    const { sns, aws } = snsAccount();
    await sns.send(new CreateTopicCommand({ Name: 'orders' }));
    const policy = (Action: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Principal: '*', Action, Resource: topicArn('orders') },
      });
    const set = (AttributeValue: string) =>
      sns.send(
        new SetTopicAttributesCommand({
          TopicArn: topicArn('orders'),
          AttributeName: 'Policy',
          AttributeValue,
        }),
      );
    const engine = aws.engines.get('sns');
    expect(engine?.resourcePolicy?.(topicArn('orders'))?.Statement[0]?.Sid).toBe('__default_statement_ID');
    await set(policy('sns:Publish'));
    expect(engine?.resourcePolicy?.(topicArn('orders'))?.Statement).toEqual([
      { Effect: 'Allow', Principal: '*', Action: 'sns:Publish', Resource: topicArn('orders') },
    ]);
    expect(engine?.resourcePolicy?.(topicArn('others'))).toBeUndefined();
    await expect(set(policy('sns:*'))).rejects.toMatchObject(
      rejected('InvalidParameter', 'Invalid parameter: Policy statement action out of service scope!'),
    );
    await expect(set('no policy')).rejects.toMatchObject(rejected('InvalidParameter', /Policy Error/));
  });

  test('are rejected for an invalid ARN, another Region, and an unknown topic', async () => {
    const { sns } = snsAccount();
    const get = (TopicArn: string) => sns.send(new GetTopicAttributesCommand({ TopicArn }));
    await expect(get('orders')).rejects.toMatchObject(
      rejected(
        'InvalidParameter',
        'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
      ),
    );
    await expect(get('arn:aws:sns:eu-west-1:000000000000:orders')).rejects.toMatchObject(
      rejected('InvalidParameter', 'Invalid parameter: TopicArn'),
    );
    await expect(get(topicArn('orders'))).rejects.toMatchObject({
      ...rejected('NotFound', 'Topic does not exist'),
      $metadata: { httpStatusCode: 404 },
    });
  });
});

test('DeleteTopic deletes the subscriptions too, and may be repeated', async () => {
  const { sns } = snsAccount();
  const TopicArn = topicArn('orders');
  await sns.send(new CreateTopicCommand({ Name: 'orders' }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('billing') }));
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toEqual([]);
  await expect(sns.send(new PublishCommand({ TopicArn, Message: 'late' }))).rejects.toMatchObject(
    rejected('NotFound', 'Topic does not exist'),
  );
});

test('ListTopics returns pages of a hundred', async () => {
  const { aws, sns } = snsAccount();
  for (let index = 0; index < 150; index++) {
    await aws.call('sns', 'CreateTopic', { Name: `t${index}` }, { kind: 'root' });
  }
  const first = await sns.send(new ListTopicsCommand({}));
  const second = await sns.send(new ListTopicsCommand({ NextToken: first.NextToken }));
  expect([first.Topics?.length, second.Topics?.length, second.NextToken]).toEqual([100, 50, undefined]);
  const all = [...(first.Topics ?? []), ...(second.Topics ?? [])].map(({ TopicArn }) => TopicArn);
  expect(new Set(all).size).toBe(150);
  await expect(sns.send(new ListTopicsCommand({ NextToken: 'x' }))).rejects.toMatchObject(
    rejected('InvalidParameter', 'Invalid parameter: NextToken'),
  );
});

test('tags are set, replaced, listed and removed', async () => {
  const { sns } = snsAccount();
  const ResourceArn = topicArn('orders');
  await sns.send(new CreateTopicCommand({ Name: 'orders', Tags: [{ Key: 'a', Value: '1' }] }));
  await sns.send(
    new TagResourceCommand({
      ResourceArn,
      Tags: [
        { Key: 'a', Value: '2' },
        { Key: 'b', Value: '3' },
      ],
    }),
  );
  await sns.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['b', 'c'] }));
  expect((await sns.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags).toEqual([
    { Key: 'a', Value: '2' },
  ]);
  const twice = [
    { Key: 'a', Value: '1' },
    { Key: 'a', Value: '2' },
  ];
  await expect(sns.send(new TagResourceCommand({ ResourceArn, Tags: twice }))).rejects.toMatchObject(
    rejected('InvalidParameter', 'Invalid parameter: Duplicated keys are not allowed.'),
  );
  const many = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
  await expect(sns.send(new TagResourceCommand({ ResourceArn, Tags: many }))).rejects.toMatchObject({
    Code: 'TagLimitExceeded',
  });
  await expect(
    sns.send(new ListTagsForResourceCommand({ ResourceArn: topicArn('others') })),
  ).rejects.toMatchObject({ Code: 'ResourceNotFound' });
});

test('every action needs its permission on the topic, and both publishes need the same', async () => {
  const asked: Permission[] = [];
  const { aws } = snsAccount({ authorize: (_, permissions) => void asked.push(...permissions) });
  const TopicArn = topicArn('orders');
  const call = (action: string, input: Record<string, unknown>) => {
    asked.length = 0;
    try {
      aws.call('sns', action, input, { kind: 'root' });
    } catch {
      // Only the permissions matter here; most of these calls find no topic.
    }
    return asked.map(({ action: name, resource }) => [name, resource]);
  };
  expect(call('Publish', { TopicArn, Message: 'x' })).toEqual([['sns:Publish', TopicArn]]);
  expect(call('Publish', { TargetArn: TopicArn, Message: 'x' })).toEqual([['sns:Publish', TopicArn]]);
  expect(call('PublishBatch', { TopicArn })).toEqual([['sns:Publish', TopicArn]]);
  expect(call('CreateTopic', { Name: 'orders', Tags: [{ Key: 'a', Value: 'b' }] })).toEqual([
    ['sns:CreateTopic', TopicArn],
    ['sns:TagResource', TopicArn],
  ]);
  expect(call('Unsubscribe', {})).toEqual([['sns:Unsubscribe', '*']]);
  expect(call('ListTopics', {})).toEqual([['sns:ListTopics', '*']]);
  call('Subscribe', { TopicArn, Protocol: 'sqs', Endpoint: queueArn('billing') });
  expect(asked).toEqual([
    {
      action: 'sns:Subscribe',
      resource: TopicArn,
      context: { 'sns:Protocol': 'sqs', 'sns:Endpoint': queueArn('billing') },
    },
  ]);
});
