import { DeleteMessageCommand, type Message } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { bodiesOf, handleOf, type SqsAccount, sqsAccount } from './sqs-queue.ts';

async function sendMany({ send }: SqsAccount, url: string, groupId: string | undefined, count: number) {
  const more = groupId === undefined ? {} : { MessageGroupId: groupId };
  for (let index = 0; index < count; index++) await send(url, `${groupId ?? 'none'}-${index}`, more);
}

/** Receives until `count` messages are in flight. */
async function receiveMany({ receive }: SqsAccount, url: string, count: number): Promise<Message[]> {
  const received: Message[] = [];
  while (received.length < count) {
    const MaxNumberOfMessages = Math.min(10, count - received.length);
    received.push(...(await receive(url, { MaxNumberOfMessages, VisibilityTimeout: 43_200 })));
  }
  return received;
}

describe('a fair queue', () => {
  it('returns the group of a message on a standard queue', async () => {
    const { create, send, receive } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a', { MessageGroupId: 'tenant' });
    const [message] = await receive(url, { MessageSystemAttributeNames: ['All'] });
    expect(message?.Attributes?.MessageGroupId).toBe('tenant');
    await expect(send(url, 'a', { MessageGroupId: 'group 1' })).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
    });
  });

  it('lets a group receive in parallel, unlike a FIFO queue', async () => {
    const account = sqsAccount();
    const url = await account.create('orders');
    await sendMany(account, url, 'a', 4);
    expect(await receiveMany(account, url, 2)).toHaveLength(2);
    expect(await receiveMany(account, url, 2)).toHaveLength(2);
  });

  it('lets a group with 30 messages in flight yield to the quiet ones', async () => {
    const account = sqsAccount();
    const url = await account.create('orders');
    await sendMany(account, url, 'noisy', 50);
    await receiveMany(account, url, 29);
    await account.send(url, 'quiet-0', { MessageGroupId: 'quiet' });
    await account.send(url, 'none-0');
    // The thirtieth still keeps its turn; with thirty in flight the group yields.
    expect(bodiesOf(await account.receive(url, { MaxNumberOfMessages: 4 }))).toEqual([
      'noisy-29',
      'quiet-0',
      'none-0',
      'noisy-30',
    ]);
  });

  it('lets a group with less than its share of the messages in flight keep its turn', async () => {
    const account = sqsAccount();
    const url = await account.create('orders');
    await sendMany(account, url, undefined, 270);
    await receiveMany(account, url, 270);
    await sendMany(account, url, 'large', 40);
    // Thirty of three hundred are exactly ten per cent, which is not more.
    await receiveMany(account, url, 30);
    await account.send(url, 'quiet-0', { MessageGroupId: 'quiet' });
    const next = await account.receive(url, { MaxNumberOfMessages: 3 });
    expect(bodiesOf(next)).toEqual(['large-30', 'quiet-0', 'large-31']);
  });

  it('never holds back messages without a group', async () => {
    const account = sqsAccount();
    const url = await account.create('orders');
    await sendMany(account, url, undefined, 50);
    await receiveMany(account, url, 40);
    await account.send(url, 'quiet-0', { MessageGroupId: 'quiet' });
    expect(bodiesOf(await account.receive(url))[0]).toBe('none-40');
  });

  it('serves the noisy group with the fewest messages in flight first', async () => {
    const account = sqsAccount();
    const { create, receive, sqs } = account;
    const url = await create('orders');
    await sendMany(account, url, 'a', 60);
    const first = await receiveMany(account, url, 50);
    await sendMany(account, url, 'b', 60);
    await receiveMany(account, url, 30);
    const next = () => receive(url, { MaxNumberOfMessages: 2, VisibilityTimeout: 43_200 });
    expect(bodiesOf(await next())).toEqual(['b-30', 'b-31']);
    for (const message of first.slice(0, 25)) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) }));
    }
    expect(bodiesOf(await next())).toEqual(['a-50', 'a-51']);
  });

  it('treats a group as quiet again when its backlog is consumed', async () => {
    const account = sqsAccount();
    const url = await account.create('orders');
    await sendMany(account, url, 'noisy', 35);
    const received = await receiveMany(account, url, 35);
    for (const message of received.slice(0, 20)) {
      await account.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) }));
    }
    await account.send(url, 'noisy-again', { MessageGroupId: 'noisy' });
    await account.send(url, 'quiet-0', { MessageGroupId: 'quiet' });
    expect(bodiesOf(await account.receive(url))).toEqual(['noisy-again', 'quiet-0']);
  });

  it('treats a group as quiet again when it had none in flight for five minutes', async () => {
    const account = sqsAccount();
    const { create, receive, send, clock, sqs } = account;
    const url = await create('orders');
    await sendMany(account, url, 'noisy', 40);
    const received = await receiveMany(account, url, 30);
    await send(url, 'quiet-0', { MessageGroupId: 'quiet' });
    // The group becomes noisy here, and stays so while its messages are deleted.
    expect(bodiesOf(await receive(url, { MaxNumberOfMessages: 1 }))).toEqual(['quiet-0']);
    for (const message of received) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf(message) }));
    }
    await clock.advance(299_999);
    await send(url, 'quiet-1', { MessageGroupId: 'quiet' });
    await send(url, 'quiet-2', { MessageGroupId: 'quiet' });
    expect(bodiesOf(await receive(url, { MaxNumberOfMessages: 1 }))[0]).toMatch(/^quiet/);
    await clock.advance(1);
    expect(bodiesOf(await receive(url, { MaxNumberOfMessages: 1 }))).toEqual(['noisy-30']);
  });

  it('drops nothing of a noisy group', async () => {
    const account = sqsAccount();
    const url = await account.create('orders');
    await sendMany(account, url, 'noisy', 100);
    await sendMany(account, url, 'quiet', 20);
    const bodies = bodiesOf(await receiveMany(account, url, 120));
    expect(new Set(bodies).size).toBe(120);
    expect(bodies.slice(30, 50).every((body) => body?.startsWith('quiet'))).toBe(true);
    expect(bodies.at(-1)).toBe('noisy-99');
  });
});
