import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { bodiesOf, handleOf, sqsAccount } from './sqs-queue.ts';

const entry = (Id: string, MessageBody = Id): SendMessageBatchRequestEntry => ({ Id, MessageBody });

describe('a batch as a whole', () => {
  it.each([
    [[], 'EmptyBatchRequest'],
    [Array.from({ length: 11 }, (_, index) => entry(`e${index}`)), 'TooManyEntriesInBatchRequest'],
    [[entry('same'), entry('same')], 'BatchEntryIdsNotDistinct'],
    [[entry('not:allowed')], 'InvalidBatchEntryId'],
    [[entry('a'.repeat(81))], 'InvalidBatchEntryId'],
    [[entry('', 'body')], 'InvalidBatchEntryId'],
    [[entry('a', 'x'.repeat(600_000)), entry('b', 'x'.repeat(500_000))], 'BatchRequestTooLong'],
  ])('is rejected, case %#', async (Entries, name) => {
    const { create, sqs, counts } = sqsAccount();
    const QueueUrl = await create('orders');
    await expect(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).rejects.toMatchObject({
      name,
      Code: `AWS.SimpleQueueService.${name}`,
    });
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it('is checked the same way for deletes and changes of visibility', async () => {
    const { create, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    const remove = (...ids: string[]) =>
      sqs.send(
        new DeleteMessageBatchCommand({ QueueUrl, Entries: ids.map((Id) => ({ Id, ReceiptHandle: 'x' })) }),
      );
    const change = (...ids: string[]) =>
      sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl,
          Entries: ids.map((Id) => ({ Id, ReceiptHandle: 'x', VisibilityTimeout: 1 })),
        }),
      );
    for (const batch of [remove, change]) {
      await expect(batch()).rejects.toMatchObject({ name: 'EmptyBatchRequest' });
      await expect(batch('a', 'a')).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinct' });
      await expect(batch('a b')).rejects.toMatchObject({ name: 'InvalidBatchEntryId' });
      await expect(batch(...'abcdefghijk')).rejects.toMatchObject({ name: 'TooManyEntriesInBatchRequest' });
    }
  });
});

describe('SendMessageBatch', () => {
  it('gives each entry its result, under 200', async () => {
    const { create, sqs, receive } = sqsAccount();
    const QueueUrl = await create('orders', { MaximumMessageSize: '1024' });
    const answer = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          entry('good', 'one'),
          entry('control', '\u0001'),
          entry('long', 'x'.repeat(1_025)),
          entry('empty', ''),
          { ...entry('late'), DelaySeconds: 901 },
          { ...entry('typeless'), MessageAttributes: { a: { DataType: 'Text', StringValue: 'a' } } },
          entry('fine', 'two'),
        ],
      }),
    );
    expect(answer.$metadata.httpStatusCode).toBe(200);
    expect(answer.Successful?.map((result) => result.Id)).toEqual(['good', 'fine']);
    expect(answer.Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
      ['control', 'InvalidMessageContents', true],
      ['long', 'InvalidParameterValue', true],
      ['empty', 'MissingParameter', true],
      ['late', 'InvalidParameterValue', true],
      ['typeless', 'InvalidParameterValue', true],
    ]);
    expect(bodiesOf(await receive(QueueUrl))).toEqual(['one', 'two']);
  });

  it('leaves out the list of failures when there are none', async () => {
    const { create, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    const answer = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [entry('a')] }));
    expect(answer.Successful).toHaveLength(1);
    expect(answer.Failed).toBeUndefined();
  });

  it('accepts a batch of exactly the limit', async () => {
    const { create, sqs } = sqsAccount();
    const QueueUrl = await create('orders');
    const Entries = [entry('a', 'x'.repeat(524_288)), entry('b', 'x'.repeat(524_288))];
    const answer = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(answer.Successful).toHaveLength(2);
  });
});

describe('what the engine does not support', () => {
  it('is rejected before any message of the batch is stored', async () => {
    const { create, aws, counts } = sqsAccount();
    const QueueUrl = await create('orders');
    const listed = {
      Id: 'b',
      MessageBody: 'b',
      MessageAttributes: { a: { DataType: 'String', StringListValues: [] } },
    };
    const batch = { QueueUrl, Entries: [{ Id: 'a', MessageBody: 'a' }, listed] };
    expect(() => aws.call('sqs', 'SendMessageBatch', batch, root)).toThrow(/StringListValues/);
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
  });
});

describe('batches by receipt handle', () => {
  it('delete what they can, and report the rest', async () => {
    const { create, send, receive, sqs, counts } = sqsAccount();
    const QueueUrl = await create('orders');
    for (const body of ['a', 'b']) await send(QueueUrl, body);
    const [first, second] = await receive(QueueUrl);
    const answer = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: '1', ReceiptHandle: handleOf(first) },
          { Id: '2', ReceiptHandle: 'garbage' },
          { Id: '3', ReceiptHandle: handleOf(second) },
        ],
      }),
    );
    expect(answer.Successful?.map((result) => result.Id)).toEqual(['1', '3']);
    expect(answer.Failed).toMatchObject([{ Id: '2', Code: 'ReceiptHandleIsInvalid', SenderFault: true }]);
    expect(await counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it('change the visibility of what is in flight, and report the rest', async () => {
    const { create, send, receive, sqs, counts } = sqsAccount();
    const QueueUrl = await create('orders');
    for (const body of ['a', 'b', 'c']) await send(QueueUrl, body);
    const [first, second, third] = await receive(QueueUrl);
    const entries = [
      { Id: '1', ReceiptHandle: handleOf(first), VisibilityTimeout: 0 },
      { Id: '2', ReceiptHandle: handleOf(second), VisibilityTimeout: 60 },
      { Id: '3', ReceiptHandle: handleOf(third), VisibilityTimeout: 43_201 },
    ];
    const change = () => sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: entries }));
    const answer = await change();
    expect(answer.Successful?.map((result) => result.Id)).toEqual(['1', '2']);
    expect(answer.Failed).toMatchObject([{ Id: '3', Code: 'InvalidParameterValue' }]);
    expect(await counts(QueueUrl)).toEqual([1, 2, 0]);
    const again = await change();
    expect(again.Successful?.map((result) => result.Id)).toEqual(['1', '2']);
    expect(await counts(QueueUrl)).toEqual([1, 2, 0]);
  });
});
