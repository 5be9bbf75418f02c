import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type MessageAttributeValue,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { bodiesOf, handleOf, sqsAccount } from './sqs-queue.ts';

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const string = (value: string): MessageAttributeValue => ({ DataType: 'String', StringValue: value });

describe('SendMessage', () => {
  it('returns an id and the digest of the body', async () => {
    const { create, send, receive } = sqsAccount();
    const url = await create('orders');
    const sent = await send(url, 'héllo \u{1f600}');
    expect(sent.MD5OfMessageBody).toBe(md5('héllo \u{1f600}'));
    expect(sent).not.toHaveProperty('SequenceNumber');
    const [message] = await receive(url);
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: 'héllo \u{1f600}',
      MD5OfBody: sent.MD5OfMessageBody,
    });
    expect(message).not.toHaveProperty('Attributes');
  });

  // Digests in recorded answers of AWS.
  it.each([
    [{ timestamp: { DataType: 'Number', StringValue: '1493147359900' } }, '235c5c510d26fb653d073faed50ae77c'],
    [{ Hello: string('There') }, 'a311262e065454b75da111d535b8dacd'],
    [{ Hello: string('There'), General: string('Kenobi') }, 'fca026605781cb4126a1e9044df24232'],
    [
      {
        attr1: {
          DataType: 'Binary',
          BinaryValue: Buffer.from(
            'traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01',
            'latin1',
          ),
        },
      },
      '8cbe4db156db8a94db8b801b7addb984',
    ],
  ])('computes the digest of message attributes as AWS does', async (MessageAttributes, digest) => {
    const { create, send } = sqsAccount();
    const sent = await send(await create('orders'), 'msg', { MessageAttributes });
    expect(sent.MD5OfMessageAttributes).toBe(digest);
  });

  it('accepts exactly the maximum message size, attributes included, and not a byte more', async () => {
    const { create, send } = sqsAccount();
    const url = await create('orders');
    const MessageAttributes = { name: string('value') };
    const attributeBytes = 'name'.length + 'String'.length + 'value'.length;
    await send(url, 'x'.repeat(1_048_576 - attributeBytes), { MessageAttributes });
    await expect(
      send(url, 'x'.repeat(1_048_577 - attributeBytes), { MessageAttributes }),
    ).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
      message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    });
    const small = await create('small', { MaximumMessageSize: '1024' });
    await expect(send(small, 'é'.repeat(513))).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
  });

  it('rejects an empty body and characters that XML forbids', async () => {
    const { create, send } = sqsAccount();
    const url = await create('orders');
    await expect(send(url, '')).rejects.toMatchObject({ Code: 'MissingParameter' });
    for (const body of ['\u0000', 'a\u0008b', '\ufffe', '\ud800 alone']) {
      await expect(send(url, body)).rejects.toMatchObject({ name: 'InvalidMessageContents' });
    }
    await send(url, '\t\n\r \u007f\ufffd\u{10ffff}');
  });

  it.each([
    [{ 'AWS.x': string('a') }, /reserved/],
    [{ 'a..b': string('a') }, /start or end/],
    [{ 'a b': string('a') }, /only contain/],
    [{ a: { DataType: 'Text', StringValue: 'a' } }, /type/],
    [{ a: { DataType: 'String', StringValue: '' } }, /must contain a non-empty value of type 'String'/],
    [{ a: { DataType: 'Number', StringValue: 'ten' } }, /number/],
    [
      Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, string('a')])),
      /maximum \[10\]/,
    ],
  ] satisfies [Record<string, MessageAttributeValue>, RegExp][])(
    'rejects the message attributes %j',
    async (MessageAttributes, words) => {
      const { create, send, counts } = sqsAccount();
      const url = await create('orders');
      await expect(send(url, 'a', { MessageAttributes })).rejects.toThrow(words);
      expect(await counts(url)).toEqual([0, 0, 0]);
    },
  );

  it('carries a trace header, which does not count towards the size', async () => {
    const { create, send, receive } = sqsAccount();
    const url = await create('orders', { MaximumMessageSize: '1024' });
    const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
    const sent = await send(url, 'x'.repeat(1024), {
      MessageSystemAttributes: { AWSTraceHeader: string(header) },
    });
    expect(sent.MD5OfMessageSystemAttributes).toMatch(/^[0-9a-f]{32}$/);
    const [message] = await receive(url, { MessageSystemAttributeNames: ['AWSTraceHeader'] });
    expect(message?.Attributes).toEqual({ AWSTraceHeader: header });
  });

  it('delays a message by its own delay, or by that of the queue', async () => {
    const { create, send, receive, counts, clock } = sqsAccount();
    const url = await create('orders', { DelaySeconds: '10' });
    await send(url, 'by the queue');
    await send(url, 'at once', { DelaySeconds: 0 });
    await send(url, 'by itself', { DelaySeconds: 900 });
    expect(await counts(url)).toEqual([1, 0, 2]);
    expect(bodiesOf(await receive(url))).toEqual(['at once']);
    await clock.advance(9_999);
    expect(await receive(url)).toEqual([]);
    await clock.advance(1);
    expect(bodiesOf(await receive(url))).toEqual(['by the queue']);
    await clock.advance(890_000);
    expect(bodiesOf(await receive(url, { AttributeNames: ['All'] }))).toContain('by itself');
    await expect(send(url, 'a', { DelaySeconds: 901 })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
    await expect(send(url, 'a', { DelaySeconds: -1 })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
  });
});

describe('ReceiveMessage', () => {
  it('returns one message unless asked for more, oldest first', async () => {
    const { create, send, receive, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    for (let index = 0; index < 13; index++) await send(QueueUrl, String(index));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages?.map((message) => message.Body)).toEqual(['0']);
    expect(bodiesOf(await receive(QueueUrl))).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
    expect(bodiesOf(await receive(QueueUrl))).toEqual(['11', '12']);
    expect(await receive(QueueUrl)).toEqual([]);
  });

  it('orders by when a message became visible, and then by arrival', async () => {
    const { create, send, receive, clock } = sqsAccount();
    const url = await create('orders');
    await send(url, 'delayed 2', { DelaySeconds: 2 });
    await send(url, 'delayed 1a', { DelaySeconds: 1 });
    await send(url, 'delayed 1b', { DelaySeconds: 1 });
    await clock.advance(1_500);
    await send(url, 'sent at 1.5');
    await clock.advance(1_000);
    await send(url, 'sent at 2.5');
    expect(bodiesOf(await receive(url))).toEqual([
      'delayed 1a',
      'delayed 1b',
      'sent at 1.5',
      'delayed 2',
      'sent at 2.5',
    ]);
  });

  it('hides a message for the visibility timeout of the call, or of the queue', async () => {
    const { create, send, receive, counts, clock } = sqsAccount();
    const url = await create('orders', { VisibilityTimeout: '5' });
    await send(url, 'a');
    expect(await receive(url)).toHaveLength(1);
    expect(await counts(url)).toEqual([0, 1, 0]);
    await clock.advance(5_000);
    expect(await counts(url)).toEqual([1, 0, 0]);
    expect(await receive(url, { VisibilityTimeout: 7 })).toHaveLength(1);
    await clock.advance(6_999);
    expect(await receive(url)).toEqual([]);
    await clock.advance(1);
    expect(await receive(url, { VisibilityTimeout: 0 })).toHaveLength(1);
    expect(await receive(url)).toHaveLength(1);
  });

  it.each([
    [
      { MaxNumberOfMessages: 11 },
      'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
    ],
    [
      { MaxNumberOfMessages: 0 },
      'Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
    ],
    [
      { WaitTimeSeconds: 21 },
      'Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    ],
    [
      { WaitTimeSeconds: -1 },
      'Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    ],
    [
      { VisibilityTimeout: 43_201 },
      'Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.',
    ],
  ])('rejects %j', async (more, message) => {
    const { create, receive } = sqsAccount();
    const url = await create('orders');
    await expect(receive(url, more)).rejects.toMatchObject({ Code: 'InvalidParameterValue', message });
  });

  it('rejects ReceiveRequestAttemptId, which the engine does not model', async () => {
    const { create, receive } = sqsAccount();
    const url = await create('orders');
    await expect(receive(url, { ReceiveRequestAttemptId: 'a' })).rejects.toThrow(/ReceiveRequestAttemptId/);
  });

  it('returns the requested system attributes, by the newer or the older name', async () => {
    const { create, send, receive, clock } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    await clock.advance(1_000);
    const [first] = await receive(url, { VisibilityTimeout: 0, MessageSystemAttributeNames: ['All'] });
    expect(first?.Attributes).toEqual({
      SenderId: 'root',
      SentTimestamp: '1767225600000',
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: '1767225601000',
    });
    await clock.advance(1_000);
    const [second] = await receive(url, {
      VisibilityTimeout: 0,
      AttributeNames: ['All', 'Policy'],
      MessageSystemAttributeNames: ['ApproximateFirstReceiveTimestamp'],
    });
    expect(second?.Attributes).toEqual({ ...first?.Attributes, ApproximateReceiveCount: '2' });
    const [third] = await receive(url, { MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
    expect(third?.Attributes).toEqual({ ApproximateReceiveCount: '3' });
    // @ts-expect-error a name that AWS does not know
    await expect(receive(url, { MessageSystemAttributeNames: ['Colour'] })).rejects.toMatchObject({
      name: 'InvalidAttributeName',
    });
  });

  // Each case, digests included, is a recorded answer of AWS.
  it.each([
    [[], undefined, undefined],
    [['All'], ['General', 'Hello', 'Help.Me'], '4c360f3fdafd970e05fae2f149d997f5'],
    [['*'], ['General', 'Hello', 'Help.Me'], '4c360f3fdafd970e05fae2f149d997f5'],
    [['.*'], ['General', 'Hello', 'Help.Me'], '4c360f3fdafd970e05fae2f149d997f5'],
    [['Foo'], undefined, undefined],
    [['Hello', 'General'], ['General', 'Hello'], 'fca026605781cb4126a1e9044df24232'],
    [['Foo', 'Hello'], ['Hello'], 'a311262e065454b75da111d535b8dacd'],
    [['Hel.*'], ['Hello', 'Help.Me'], '83fee93c1bcd8b9a5a923ffacdc636c7'],
  ])('selects the message attributes %j', async (MessageAttributeNames, names, digest) => {
    const { create, send, receive } = sqsAccount();
    const url = await create('orders');
    const MessageAttributes = { Hello: string('There'), General: string('Kenobi'), 'Help.Me': string('Me') };
    await send(url, 'msg', { MessageAttributes });
    const [message] = await receive(url, { MessageAttributeNames });
    expect(message?.MD5OfMessageAttributes).toBe(digest);
    expect(message?.MessageAttributes && Object.keys(message.MessageAttributes).sort()).toEqual(names);
  });

  it('returns a binary attribute as it was sent', async () => {
    const { create, send, receive } = sqsAccount();
    const url = await create('orders');
    const BinaryValue = Uint8Array.of(0, 255, 7);
    await send(url, 'a', { MessageAttributes: { raw: { DataType: 'Binary.gzip', BinaryValue } } });
    const [message] = await receive(url, { MessageAttributeNames: ['raw'] });
    expect(message?.MessageAttributes?.raw?.DataType).toBe('Binary.gzip');
    expect([...(message?.MessageAttributes?.raw?.BinaryValue ?? [])]).toEqual([0, 255, 7]);
  });
});

describe('retention', () => {
  it('drops a message at the end of its retention, visible, delayed or in flight', async () => {
    const { create, send, receive, counts, clock } = sqsAccount();
    const url = await create('orders', { MessageRetentionPeriod: '60', VisibilityTimeout: '600' });
    await send(url, 'in flight');
    await receive(url);
    await send(url, 'visible');
    await send(url, 'delayed', { DelaySeconds: 300 });
    await clock.advance(59_999);
    expect(await counts(url)).toEqual([1, 1, 1]);
    await clock.advance(1);
    expect(await counts(url)).toEqual([0, 0, 0]);
    await clock.advance(600_000);
    expect(await receive(url)).toEqual([]);
  });

  it('applies a changed retention to the messages that are there', async () => {
    const { create, send, set, counts, clock } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    await clock.advance(120_000);
    await set(url, { MessageRetentionPeriod: '120' });
    expect(await counts(url)).toEqual([0, 0, 0]);
  });
});

describe('DeleteMessage', () => {
  it('deletes by a handle, and succeeds again', async () => {
    const { create, send, receive, counts, sqs, clock } = sqsAccount();
    const QueueUrl = await create('orders');
    await send(QueueUrl, 'a');
    const [message] = await receive(QueueUrl);
    const ReceiptHandle = handleOf(message);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    await clock.advance(30_000);
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it('deletes after the visibility timeout', async () => {
    const { create, send, receive, counts, sqs, clock } = sqsAccount();
    const QueueUrl = await create('orders');
    await send(QueueUrl, 'a');
    const [message] = await receive(QueueUrl);
    await clock.advance(30_000);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handleOf(message) }));
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it('deletes by an older handle, under the one who received the message since', async () => {
    const { create, send, receive, counts, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    await send(QueueUrl, 'a');
    const [old] = await receive(QueueUrl, { VisibilityTimeout: 0 });
    const [current] = await receive(QueueUrl);
    expect(current?.ReceiptHandle).not.toBe(old?.ReceiptHandle);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handleOf(old) }));
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handleOf(current) }));
  });

  it('rejects what is not a handle of this queue', async () => {
    const { create, send, receive, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    const other = await create('others');
    await send(other, 'a');
    const [foreign] = await receive(other);
    for (const ReceiptHandle of ['garbage', handleOf(foreign)]) {
      await expect(sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))).rejects.toMatchObject({
        name: 'ReceiptHandleIsInvalid',
        message: `The input receipt handle "${ReceiptHandle}" is not a valid receipt handle.`,
      });
    }
  });
});

describe('ChangeMessageVisibility', () => {
  const change = (QueueUrl: string, ReceiptHandle: string, VisibilityTimeout: number) =>
    new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout });

  it('counts the new timeout from the change', async () => {
    const { create, send, receive, sqs, clock } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    const [message] = await receive(url);
    await clock.advance(20_000);
    await sqs.send(change(url, handleOf(message), 15));
    await clock.advance(14_999);
    expect(await receive(url)).toEqual([]);
    await clock.advance(1);
    expect(bodiesOf(await receive(url))).toEqual(['a']);
  });

  it('makes a message visible at once with 0, at the end of the line', async () => {
    const { create, send, receive, sqs } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    const [message] = await receive(url);
    await send(url, 'b');
    await sqs.send(change(url, handleOf(message), 0));
    expect(bodiesOf(await receive(url))).toEqual(['b', 'a']);
  });

  it('changes nothing about a message that is visible again', async () => {
    const { create, send, receive, sqs, clock, counts } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    const [message] = await receive(url);
    await clock.advance(30_000);
    const answer = await sqs.send(change(url, handleOf(message), 5));
    expect(answer.$metadata.httpStatusCode).toBe(200);
    expect(await counts(url)).toEqual([1, 0, 0]);
  });

  it('works by an older handle, under the one who received the message since', async () => {
    const { create, send, receive, sqs } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    const [old] = await receive(url, { VisibilityTimeout: 0 });
    await receive(url, { VisibilityTimeout: 3 });
    await sqs.send(change(url, handleOf(old), 0));
    expect(bodiesOf(await receive(url))).toEqual(['a']);
  });

  it('rejects a message that is deleted, and what is no handle', async () => {
    const { create, send, receive, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    await send(QueueUrl, 'a');
    const ReceiptHandle = handleOf((await receive(QueueUrl))[0]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    const reason = 'Message does not exist or is not available for visibility timeout change.';
    await expect(sqs.send(change(QueueUrl, ReceiptHandle, 5))).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
      message: `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: ${reason}`,
    });
    await expect(sqs.send(change(QueueUrl, 'garbage', 5))).rejects.toMatchObject({
      name: 'ReceiptHandleIsInvalid',
    });
  });

  it('allows a message to be invisible for twelve hours after its receive, and no longer', async () => {
    const { create, send, receive, sqs, clock } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    const handle = handleOf((await receive(url, { VisibilityTimeout: 3_600 }))[0]);
    await expect(sqs.send(change(url, handle, 43_201))).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
    await sqs.send(change(url, handle, 43_200));
    await clock.advance(3_600_000);
    await expect(sqs.send(change(url, handle, 39_601))).rejects.toThrow(/beyond the limit \[43200 seconds\]/);
    await sqs.send(change(url, handle, 39_600));
    await clock.advance(39_600_000);
    // A new receive starts a new twelve hours.
    const again = handleOf((await receive(url))[0]);
    await sqs.send(change(url, again, 43_200));
  });
});

describe('the limit of messages in flight', () => {
  it('rejects with OverLimit on a standard queue, until a message is deleted', async () => {
    const { create, aws, receive, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    const root = { kind: 'root' } as const;
    // Without the SDK client, which would take minutes.
    for (let batch = 0; batch < 12_001; batch++) {
      const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: `${index}`, MessageBody: 'a' }));
      await aws.call('sqs', 'SendMessageBatch', { QueueUrl, Entries }, root);
    }
    const [first] = await receive(QueueUrl, { MaxNumberOfMessages: 1, VisibilityTimeout: 600 });
    for (let batch = 0; batch < 12_000; batch++) {
      await aws.call(
        'sqs',
        'ReceiveMessage',
        { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 },
        root,
      );
    }
    await expect(receive(QueueUrl)).rejects.toMatchObject({
      name: 'OverLimit',
      $metadata: { httpStatusCode: 403 },
    });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handleOf(first) }));
    expect(await receive(QueueUrl)).toHaveLength(1);
  });
});
