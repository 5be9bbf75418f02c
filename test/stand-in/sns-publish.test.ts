import {
  CreateTopicCommand,
  type MessageAttributeValue,
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  PublishCommand,
  type PublishCommandInput,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { queueArn, snsAccount, topicArn } from './sns-queues.ts';

const TopicArn = topicArn('orders');

/** A topic with one subscription that gets JSON envelopes and one with raw delivery. */
async function ordersTopic(rawAttributes: Record<string, string> = {}) {
  const account = snsAccount();
  const { sns } = account;
  await sns.send(new CreateTopicCommand({ Name: 'orders' }));
  const subscribe = async (queue: string, Attributes: Record<string, string>) =>
    (
      await sns.send(
        new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn(queue), Attributes }),
      )
    ).SubscriptionArn;
  const envelopeArn = await subscribe('envelope', {});
  await subscribe('raw', { RawMessageDelivery: 'true', ...rawAttributes });
  return {
    ...account,
    envelopeArn,
    publish: (input: Partial<PublishCommandInput>) =>
      sns.send(new PublishCommand({ TopicArn, Message: 'hello', ...input })),
    publishBatch: (PublishBatchRequestEntries: PublishBatchRequestEntry[]) =>
      sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })),
  };
}

const text = (StringValue: string, DataType = 'String'): MessageAttributeValue => ({ DataType, StringValue });
const invalid = (message: string) => ({ Code: 'InvalidParameter', message: `Invalid parameter: ${message}` });

describe('a delivery', () => {
  test('puts the message in a JSON envelope', async () => {
    const { publish, queues, envelopeArn } = await ordersTopic();
    const { MessageId } = await publish({
      Subject: 'A "greeting"',
      MessageAttributes: {
        store: text('shop'),
        price: text('210.75', 'Number'),
        photo: { DataType: 'Binary', BinaryValue: Uint8Array.of(2, 3, 4) },
      },
    });
    const [envelope] = queues.bodies('envelope');
    expect(JSON.parse(String(envelope))).toEqual({
      Type: 'Notification',
      MessageId,
      TopicArn,
      Subject: 'A "greeting"',
      Message: 'hello',
      Timestamp: '2026-01-01T00:00:00.000Z',
      SignatureVersion: '1',
      Signature: expect.any(String),
      SigningCertURL: expect.any(String),
      UnsubscribeURL: `http://127.0.0.1:4566/?Action=Unsubscribe&SubscriptionArn=${envelopeArn}`,
      MessageAttributes: {
        store: { Type: 'String', Value: 'shop' },
        price: { Type: 'Number', Value: '210.75' },
        photo: { Type: 'Binary', Value: 'AgME' },
      },
    });
    expect(queues.sent[0]?.input).not.toHaveProperty('MessageAttributes');
  });

  test('is the bare message with its attributes when it is raw', async () => {
    const { publish, queues } = await ordersTopic();
    await publish({
      Message: 'héllo\r\n',
      MessageAttributes: {
        store: text('shop'),
        photo: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(255) },
      },
    });
    expect(queues.sent.find(({ queue }) => queue === 'raw')?.input).toEqual({
      QueueUrl: 'http://127.0.0.1:4566/000000000000/raw',
      MessageBody: 'héllo\r\n',
      MessageAttributes: {
        store: { DataType: 'String', StringValue: 'shop' },
        photo: { DataType: 'Binary.png', BinaryValue: '/w==' },
      },
    });
  });

  test('is sent in the name of the topic', async () => {
    const { publish, queues } = await ordersTopic();
    await publish({});
    expect(queues.sent.map(({ caller }) => caller)).toEqual([
      { kind: 'service', service: 'sns.amazonaws.com', sourceArn: TopicArn },
      { kind: 'service', service: 'sns.amazonaws.com', sourceArn: TopicArn },
    ]);
  });

  test('passes on the message group of a standard topic, which makes standard queues fair', async () => {
    const { publish, queues } = await ordersTopic();
    await publish({ MessageGroupId: 'tenant-1' });
    expect(queues.sent.map(({ input }) => input.MessageGroupId)).toEqual(['tenant-1', 'tenant-1']);
  });

  test('of a JSON structure is its part for SQS, or the default', async () => {
    const { publish, queues } = await ordersTopic();
    const structured = (message: object) =>
      publish({ MessageStructure: 'json', Message: JSON.stringify(message) });
    await structured({ default: 'for all', sqs: 'for queues', email: 'for people' });
    await structured({ default: 'for all', sqs: { not: 'a string' } });
    expect(queues.bodies('raw')).toEqual(['for queues', 'for all']);
    await expect(structured({ sqs: 'for queues' })).rejects.toMatchObject(
      invalid('Message Structure - No default entry in JSON message body'),
    );
    await expect(publish({ MessageStructure: 'json', Message: '{' })).rejects.toMatchObject(
      invalid('Message Structure - JSON message body failed to parse'),
    );
  });

  test('fails permanently when it is raw and has more than ten attributes', async () => {
    const { publish, queues, meter } = await ordersTopic({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead') }),
    });
    const attributes = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, text('x')]));
    await publish({ MessageAttributes: attributes });
    expect(queues.bodies('raw')).toEqual([]);
    expect(queues.bodies('envelope')).toHaveLength(1);
    const [dead] = queues.bodies('dead');
    expect(JSON.parse(String(dead)).MessageAttributes).toEqual(
      Object.fromEntries(Object.keys(attributes).map((name) => [name, { Type: 'String', Value: 'x' }])),
    );
    expect(meter.counts()).toMatchObject({ 'sns.deliveries-failed': 1, 'sns.deliveries-redriven': 1 });
  });
});

describe('Publish', () => {
  test('also accepts the topic as TargetArn', async () => {
    const { sns, queues } = await ordersTopic();
    await sns.send(new PublishCommand({ TargetArn: TopicArn, Message: 'hello' }));
    expect(queues.bodies('raw')).toEqual(['hello']);
  });

  test.each<[string, Partial<PublishCommandInput>, object]>([
    ['an empty message', { Message: '' }, invalid('Empty message')],
    ['an empty subject', { Subject: '' }, invalid('Subject')],
    ['a subject of two lines', { Subject: 'a\nb' }, invalid('Subject')],
    ['a subject of 101 characters', { Subject: 'x'.repeat(101) }, invalid('Subject')],
    ['an unknown structure', { MessageStructure: 'xml' }, invalid('MessageStructure')],
    [
      'a deduplication id on a standard topic',
      { MessageDeduplicationId: 'x' },
      invalid(
        'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
      ),
    ],
    ['no topic', { TopicArn: topicArn('others') }, { Code: 'NotFound', message: 'Topic does not exist' }],
    ['a phone number', { TopicArn: undefined, PhoneNumber: '+15550100' }, { Code: 'NotImplemented' }],
  ])('rejects %s', async (_, input, error) => {
    const { publish, queues } = await ordersTopic();
    await expect(publish(input)).rejects.toMatchObject(error);
    expect(queues.sent).toEqual([]);
  });

  test('accepts 256 KB with its attributes and not one byte more', async () => {
    const { publish, meter } = await ordersTopic();
    const MessageAttributes = { né: text('1', 'Number') };
    await expect(publish({ MessageAttributes })).rejects.toMatchObject({ Code: 'ParameterValueInvalid' });
    const attributes = { name: text('1', 'Number') };
    const room = 262_144 - 'name'.length - 'Number'.length - 1;
    await publish({ Message: 'x'.repeat(room), MessageAttributes: attributes });
    await expect(
      publish({ Message: 'x'.repeat(room + 1), MessageAttributes: attributes }),
    ).rejects.toMatchObject(invalid('Message too long'));
    await expect(publish({ Message: 'é'.repeat(131_073) })).rejects.toMatchObject(
      invalid('Message too long'),
    );
    expect(meter.counts()['sns.requests']).toBe(4);
  });

  const empty = (type: string) =>
    `The message attribute 'a' must contain non-empty message attribute value for message attribute type '${type}'.`;
  test.each<[string, Record<string, MessageAttributeValue>, string]>([
    ['an empty string', { a: text('') }, empty('String')],
    ['no value', { a: { DataType: 'String' } }, empty('String')],
    [
      'a string that is binary',
      { a: { DataType: 'String', BinaryValue: Uint8Array.of(1) } },
      "The message attribute 'a' with type 'String' must use field 'String'.",
    ],
    [
      'binary that is a string',
      { a: text('x', 'Binary') },
      "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
    ],
    [
      'an unknown type',
      { a: text('x', 'Date') },
      "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
    ],
    [
      'an invalid number',
      { a: text('ten', 'Number') },
      "Could not cast message attribute 'a' value to number.",
    ],
    [
      'a name of 257 characters',
      { ['a'.repeat(257)]: text('x') },
      'Length of message attribute name must be less than 256 bytes.',
    ],
    [
      'a name that begins with a dot',
      { '.a': text('x') },
      "Invalid message attribute name starting with character '.' was found.",
    ],
    [
      'a name that ends with a dot',
      { 'a.': text('x') },
      "Invalid message attribute name ending with character '.' was found.",
    ],
    [
      'a name with two dots',
      { 'a..b': text('x') },
      "Message attribute name can not have successive '.' character.",
    ],
    [
      'a name with a foreign character',
      { 'a^b': text('x') },
      "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.",
    ],
  ])('rejects an attribute with %s', async (_, MessageAttributes, message) => {
    const { publish, publishBatch, queues } = await ordersTopic();
    const error = { Code: 'ParameterValueInvalid', message };
    await expect(publish({ MessageAttributes })).rejects.toMatchObject(error);
    // AWS was recorded to reject a whole batch for it.
    await expect(
      publishBatch([
        { Id: '1', Message: 'fine' },
        { Id: '2', Message: 'wrong', MessageAttributes },
      ]),
    ).rejects.toMatchObject(error);
    expect(queues.sent).toEqual([]);
  });

  test('accepts custom labels of the three types', async () => {
    const { publish, queues } = await ordersTopic();
    await publish({
      MessageAttributes: {
        a: text('[1]', 'String.Array'),
        b: text('-1.5e3', 'Number.float'),
        c: text('x', 'String.x'),
      },
    });
    expect(queues.bodies('raw')).toHaveLength(1);
  });
});

describe('PublishBatch', () => {
  const entries = (count: number, Message = 'x') =>
    Array.from({ length: count }, (_, index) => ({ Id: `id_${index}-A`, Message }));

  test('gives each message its own result and delivery, in order', async () => {
    const { publishBatch, queues } = await ordersTopic();
    const { Successful, Failed } = await publishBatch([
      { Id: 'first', Message: 'one' },
      { Id: 'second', Message: 'two', MessageAttributes: { a: text('b') } },
      { Id: 'third', Message: 'three', MessageGroupId: 'g' },
    ]);
    expect(Successful?.map(({ Id }) => Id)).toEqual(['first', 'second', 'third']);
    expect(new Set(Successful?.map(({ MessageId }) => MessageId)).size).toBe(3);
    expect(Failed).toEqual([]);
    expect(queues.bodies('raw')).toEqual(['one', 'two', 'three']);
  });

  test('reports an invalid entry as its own failure, under status 200', async () => {
    const { publishBatch, queues } = await ordersTopic();
    const { Successful, Failed } = await publishBatch([
      { Id: '1', Message: 'one' },
      { Id: '2', Message: '' },
      { Id: '3', Message: 'three', Subject: 'a\nb' },
      { Id: '4', Message: 'four' },
    ]);
    expect(Successful?.map(({ Id }) => Id)).toEqual(['1', '4']);
    expect(Failed).toEqual([
      { Id: '2', Code: 'InvalidParameter', Message: 'Invalid parameter: Empty message', SenderFault: true },
      { Id: '3', Code: 'InvalidParameter', Message: 'Invalid parameter: Subject', SenderFault: true },
    ]);
    expect(queues.bodies('raw')).toEqual(['one', 'four']);
  });

  test.each<[string, PublishBatchRequestEntry[], object]>([
    ['no entries', [], { Code: 'EmptyBatchRequest' }],
    ['eleven entries', entries(11), { Code: 'TooManyEntriesInBatchRequest' }],
    ['a duplicate id', [...entries(1), ...entries(1)], { Code: 'BatchEntryIdsNotDistinct' }],
    [
      'an id with a dot',
      [{ Id: 'message.id', Message: 'x' }],
      {
        Code: 'InvalidBatchEntryId',
        message:
          'The Id of a batch entry in the batch request contains an impermissible character: message.id',
      },
    ],
    [
      'an id of 81 characters',
      [{ Id: 'a'.repeat(81), Message: 'x' }],
      {
        Code: 'InvalidBatchEntryId',
        message: `The Id of a batch entry in the batch request is too long: ${'a'.repeat(81)}`,
      },
    ],
    [
      'more than 256 KB in total',
      [
        { Id: '1', Message: 'x'.repeat(131_072) },
        { Id: '2', Message: 'x'.repeat(131_071), MessageAttributes: { a: text('1', 'Number') } },
      ],
      { Code: 'BatchRequestTooLong' },
    ],
  ])('rejects %s', async (_, wrong, error) => {
    const { publishBatch, queues } = await ordersTopic();
    await expect(publishBatch(wrong)).rejects.toMatchObject({
      ...error,
      $metadata: { httpStatusCode: 400 },
    });
    expect(queues.sent).toEqual([]);
  });

  test('accepts ten entries of 256 KB in total', async () => {
    const { publishBatch } = await ordersTopic();
    const { Successful } = await publishBatch(entries(10, 'x'.repeat(26_214)));
    expect(Successful).toHaveLength(10);
  });
});

test('a call is billed by each 64 KB of its payload, and a delivery to SQS separately', async () => {
  const { publish, publishBatch, meter } = await ordersTopic();
  await publish({ Message: 'x'.repeat(65_536) });
  await publish({ Message: 'x'.repeat(65_536), MessageAttributes: { a: text('b') } });
  await publishBatch([
    { Id: '1', Message: 'x' },
    { Id: '2', Message: 'x' },
  ]);
  expect(meter.counts()).toEqual({ 'sns.requests': 1 + 2 + 1, 'sns.deliveries-sqs': 8 });
});

test('the bytes that filter policies scan are counted for each policy over the body', async () => {
  const { sns, publish, meter } = await ordersTopic({ FilterPolicy: '{"a":["b"]}' });
  for (const queue of ['one', 'two']) {
    const Attributes = { FilterPolicy: '{"kind":["x"]}', FilterPolicyScope: 'MessageBody' };
    await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn(queue), Attributes }),
    );
  }
  await publish({ Message: '{"kind":"é"}' });
  expect(meter.counts()).toEqual({
    'sns.requests': 1,
    'sns.deliveries-sqs': 1,
    'sns.filter-payload-bytes': 2 * 13,
  });
});
