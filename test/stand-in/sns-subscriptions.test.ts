import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { queueArn, snsAccount, topicArn } from './sns-queues.ts';

const rejected = (Code: string, message: string | RegExp) => ({
  Code,
  message: typeof message === 'string' ? message : expect.stringMatching(message),
});

async function ordersTopic() {
  const account = snsAccount();
  const { sns } = account;
  const TopicArn = topicArn('orders');
  await sns.send(new CreateTopicCommand({ Name: 'orders' }));
  return {
    ...account,
    TopicArn,
    subscribe: (Attributes: Record<string, string> = {}, Endpoint = queueArn('billing'), Protocol = 'sqs') =>
      sns.send(
        new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true }),
      ),
    set: (SubscriptionArn: string | undefined, AttributeName: string, AttributeValue: string) =>
      sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue })),
    get: async (SubscriptionArn: string | undefined) =>
      (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes,
  };
}

describe('Subscribe', () => {
  test('confirms a queue at once and answers with its ARN', async () => {
    const { subscribe, get, TopicArn } = await ordersTopic();
    const { SubscriptionArn } = await subscribe();
    expect(SubscriptionArn).toMatch(new RegExp(`^${TopicArn}:[0-9a-f-]{36}$`));
    expect(await get(SubscriptionArn)).toEqual({
      SubscriptionArn,
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('billing'),
      Owner: '000000000000',
      SubscriptionPrincipal: 'arn:aws:iam::000000000000:root',
      PendingConfirmation: 'false',
      ConfirmationWasAuthenticated: 'true',
      RawMessageDelivery: 'false',
    });
  });

  test('returns the same subscription for the same queue, and rejects other attributes', async () => {
    const { subscribe } = await ordersTopic();
    const first = await subscribe({ RawMessageDelivery: 'true', FilterPolicy: '{"a":["b"]}' });
    for (const same of [{ RawMessageDelivery: 'true' }, {}, { FilterPolicy: '{"a":["b"]}' }]) {
      expect(await subscribe(same)).toMatchObject({ SubscriptionArn: first.SubscriptionArn });
    }
    for (const other of [
      { RawMessageDelivery: 'false' },
      { FilterPolicy: '{"a":["c"]}' },
      { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead') }) },
    ]) {
      await expect(subscribe(other)).rejects.toMatchObject(
        rejected(
          'InvalidParameter',
          'Invalid parameter: Attributes Reason: Subscription already exists with different attributes',
        ),
      );
    }
  });

  test('rejects other protocols by name', async () => {
    const { subscribe } = await ordersTopic();
    await expect(subscribe({}, 'https://example.com/', 'https')).rejects.toMatchObject(
      rejected('NotImplemented', /protocol https/),
    );
    await expect(subscribe({}, 'x', 'pigeon')).rejects.toMatchObject(
      rejected(
        'InvalidParameter',
        'Invalid parameter: Amazon SNS does not support this protocol string: pigeon',
      ),
    );
  });

  test('rejects an endpoint that is not a queue of this account', async () => {
    const { subscribe } = await ordersTopic();
    for (const endpoint of ['billing', 'http://127.0.0.1:4566/000000000000/billing', topicArn('orders')]) {
      await expect(subscribe({}, endpoint)).rejects.toMatchObject(
        rejected('InvalidParameter', 'Invalid parameter: SQS endpoint ARN'),
      );
    }
    await expect(subscribe({}, 'arn:aws:sqs:us-east-1:111111111111:q')).rejects.toMatchObject(
      rejected('NotImplemented', /another account/),
    );
    await expect(subscribe({}, queueArn('billing.fifo'))).rejects.toMatchObject(
      rejected('InvalidParameter', /FIFO SQS Queues can not be subscribed to standard SNS topics/),
    );
  });

  test.each([
    [{ RawMessageDelivery: 'yes' }, 'RawMessageDelivery: Invalid value [yes]. Must be true or false.'],
    [
      { FilterPolicy: '{"a":["b"]' },
      /^Invalid parameter: Attributes Reason: FilterPolicy: failed to parse JSON\./,
    ],
    [{ FilterPolicy: '{"a":"b"}' }, 'FilterPolicy: "a" must be an object or an array'],
    [
      { FilterPolicyScope: 'Everything' },
      'FilterPolicyScope: Invalid value [Everything]. Please use either MessageBody or MessageAttributes',
    ],
    [
      { RedrivePolicy: '{"deadLetterTargetArn":"x"}' },
      'RedrivePolicy: deadLetterTargetArn is an invalid arn',
    ],
    [{ RedrivePolicy: 'x' }, /^Invalid parameter: Attributes Reason: RedrivePolicy: failed to parse JSON\./],
    [{ Colour: 'red' }, 'AttributeName'],
  ])('rejects the attributes %j', async (attributes, message) => {
    const { subscribe } = await ordersTopic();
    await expect(subscribe(attributes as Record<string, string>)).rejects.toMatchObject(
      rejected(
        'InvalidParameter',
        typeof message === 'string' ? `Invalid parameter: Attributes Reason: ${message}` : message,
      ),
    );
  });

  test('rejects by name the attributes that the engine does not model', async () => {
    const { subscribe } = await ordersTopic();
    await expect(subscribe({ DeliveryPolicy: '{}' })).rejects.toMatchObject(
      rejected('NotImplemented', /DeliveryPolicy/),
    );
  });

  test('accepts 200 filter policies for a topic, and not one more', async () => {
    const { subscribe, aws, set, TopicArn } = await ordersTopic();
    for (let index = 0; index < 200; index++) {
      aws.call(
        'sns',
        'Subscribe',
        {
          TopicArn,
          Protocol: 'sqs',
          Endpoint: queueArn(`q${index}`),
          Attributes: { FilterPolicy: '{"a":["b"]}' },
        },
        { kind: 'root' },
      );
    }
    await expect(subscribe({ FilterPolicy: '{"a":["b"]}' })).rejects.toMatchObject({
      Code: 'FilterLimitExceeded',
      $metadata: { httpStatusCode: 403 },
    });
    const { SubscriptionArn } = await subscribe();
    await expect(set(SubscriptionArn, 'FilterPolicy', '{"a":["b"]}')).rejects.toMatchObject({
      Code: 'FilterLimitExceeded',
    });
  });
});

describe('the attributes of a subscription', () => {
  test('show the scope of a filter policy only with a policy', async () => {
    const { subscribe, get, set } = await ordersTopic();
    const { SubscriptionArn } = await subscribe();
    await set(SubscriptionArn, 'FilterPolicyScope', 'MessageBody');
    expect(await get(SubscriptionArn)).not.toHaveProperty('FilterPolicyScope');
    await set(SubscriptionArn, 'FilterPolicy', '{"a":{"b":["c"]}}');
    expect(await get(SubscriptionArn)).toMatchObject({
      FilterPolicy: '{"a":{"b":["c"]}}',
      FilterPolicyScope: 'MessageBody',
    });
  });

  test.each(['', '{}', ' { } '])('lose their filter policy when it is set to %j', async (empty) => {
    const { subscribe, get, set, sns, queues, TopicArn } = await ordersTopic();
    const { SubscriptionArn } = await subscribe({ FilterPolicy: '{"a":["b"]}' });
    await sns.send(new PublishCommand({ TopicArn, Message: 'filtered' }));
    await set(SubscriptionArn, 'FilterPolicy', empty);
    await sns.send(new PublishCommand({ TopicArn, Message: 'passed' }));
    expect(await get(SubscriptionArn)).not.toHaveProperty('FilterPolicy');
    expect(queues.sent).toHaveLength(1);
    expect(queues.bodies('billing')[0]).toContain('"Message":"passed"');
  });

  test('reject a nested policy over message attributes, set before or after the scope', async () => {
    const { subscribe, set } = await ordersTopic();
    const { SubscriptionArn } = await subscribe();
    const nested = rejected(
      'InvalidParameter',
      'Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy',
    );
    await expect(set(SubscriptionArn, 'FilterPolicy', '{"a":{"b":["c"]}}')).rejects.toMatchObject(nested);
    await set(SubscriptionArn, 'FilterPolicyScope', 'MessageBody');
    await set(SubscriptionArn, 'FilterPolicy', '{"a":{"b":["c"]}}');
    await expect(set(SubscriptionArn, 'FilterPolicyScope', 'MessageAttributes')).rejects.toMatchObject(
      nested,
    );
  });

  test('report what is wrong when they are set', async () => {
    const { subscribe, set } = await ordersTopic();
    const { SubscriptionArn } = await subscribe();
    await expect(set(SubscriptionArn, 'Colour', 'red')).rejects.toMatchObject(
      rejected('InvalidParameter', 'Invalid parameter: AttributeName'),
    );
    await expect(set(SubscriptionArn, 'RawMessageDelivery', '')).rejects.toMatchObject(
      rejected(
        'InvalidParameter',
        'Invalid parameter: RawMessageDelivery: Invalid value []. Must be true or false.',
      ),
    );
    await expect(set(SubscriptionArn, 'FilterPolicy', '{"a":[{"b":1}]}')).rejects.toMatchObject(
      rejected('InvalidParameter', 'Invalid parameter: FilterPolicy: Unrecognized match type b'),
    );
    await expect(set(topicArn('orders:none'), 'RawMessageDelivery', 'true')).rejects.toMatchObject(
      rejected('NotFound', 'Subscription does not exist'),
    );
    await expect(set('none', 'RawMessageDelivery', 'true')).rejects.toMatchObject(
      rejected(
        'InvalidParameter',
        'Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1',
      ),
    );
  });
});

test('Unsubscribe ends deliveries, is counted, and may be repeated', async () => {
  const { subscribe, sns, queues, TopicArn } = await ordersTopic();
  const { SubscriptionArn } = await subscribe();
  await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
  await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
  await sns.send(new PublishCommand({ TopicArn, Message: 'x' }));
  expect(queues.sent).toEqual([]);
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  expect(Attributes).toMatchObject({ SubscriptionsConfirmed: '0', SubscriptionsDeleted: '1' });
});

test.each([
  ['randomstring', 'SubscriptionArn Reason: An ARN must have at least 6 elements, not 1'],
  ['arn:aws:sns:us-east-1:random', 'SubscriptionArn Reason: An ARN must have at least 6 elements, not 5'],
  ['arn:aws:sns:us-east-1:000000000000:random', 'SubscriptionId'],
  [undefined, 'SubscriptionArn Reason: no value for required parameter'],
])('Unsubscribe rejects %s', async (SubscriptionArn, reason) => {
  const { sns } = await ordersTopic();
  await expect(sns.send(new UnsubscribeCommand({ SubscriptionArn }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: `Invalid parameter: ${reason}`,
  });
});

test('lists all subscriptions, or those of one topic', async () => {
  const { subscribe, sns, TopicArn } = await ordersTopic();
  await sns.send(new CreateTopicCommand({ Name: 'others' }));
  const { SubscriptionArn } = await subscribe();
  const other = await sns.send(
    new SubscribeCommand({ TopicArn: topicArn('others'), Protocol: 'sqs', Endpoint: queueArn('audit') }),
  );
  const listed = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  expect(listed.Subscriptions).toEqual([
    { SubscriptionArn, Owner: '000000000000', Protocol: 'sqs', Endpoint: queueArn('billing'), TopicArn },
  ]);
  const all = await sns.send(new ListSubscriptionsCommand({}));
  expect(all.Subscriptions?.map((one) => one.SubscriptionArn)).toEqual([
    SubscriptionArn,
    other.SubscriptionArn,
  ]);
});
