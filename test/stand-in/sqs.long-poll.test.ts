import {
  ChangeMessageVisibilityCommand,
  DeleteQueueCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { bodiesOf, handleOf, sqsAccount } from './sqs-queue.ts';

/** Watches a pending receive without awaiting it. */
function watch(receive: Promise<readonly Message[]>) {
  const seen: { bodies?: (string | undefined)[] } = {};
  const done = receive.then((messages) => {
    seen.bodies = bodiesOf(messages);
  });
  return { seen, done };
}

describe('a long poll', () => {
  it('answers at once when there are messages', async () => {
    const { create, send, receive } = sqsAccount();
    const url = await create('orders');
    await send(url, 'a');
    expect(bodiesOf(await receive(url, { WaitTimeSeconds: 20 }))).toEqual(['a']);
  });

  it('ends with nothing after the wait time of the call, or of the queue', async () => {
    const { create, receive, clock } = sqsAccount();
    const url = await create('orders', { ReceiveMessageWaitTimeSeconds: '3' });
    const byQueue = watch(receive(url));
    const byCall = watch(receive(url, { WaitTimeSeconds: 5 }));
    expect(await receive(url, { WaitTimeSeconds: 0 })).toEqual([]);
    await clock.advance(2_999);
    expect(byQueue.seen).toEqual({});
    await clock.advance(1);
    expect(byQueue.seen).toEqual({ bodies: [] });
    expect(byCall.seen).toEqual({});
    await clock.advance(2_000);
    expect(byCall.seen).toEqual({ bodies: [] });
  });

  it('receives as one batch what is sent in one turn, and leaves the other waiters waiting', async () => {
    const { create, receive, aws, clock } = sqsAccount();
    const url = await create('orders');
    const first = watch(receive(url, { WaitTimeSeconds: 20 }));
    const second = watch(receive(url, { WaitTimeSeconds: 20 }));
    await clock.advance(1_000);
    for (let index = 0; index < 10; index++) {
      void aws.call('sqs', 'SendMessage', { QueueUrl: url, MessageBody: String(index) }, root);
    }
    await first.done;
    expect(first.seen.bodies).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    await clock.advance(18_999);
    expect(second.seen).toEqual({});
    await clock.advance(1);
    expect(second.seen).toEqual({ bodies: [] });
  });

  it('passes the rest of a turn to the next waiter', async () => {
    const { create, receive, aws, clock } = sqsAccount();
    const url = await create('orders');
    const polls = [2, 2, 2].map((MaxNumberOfMessages) =>
      watch(receive(url, { WaitTimeSeconds: 20, MaxNumberOfMessages })),
    );
    await clock.advance(0);
    for (const body of ['a', 'b', 'c']) {
      void aws.call('sqs', 'SendMessage', { QueueUrl: url, MessageBody: body }, root);
    }
    await clock.advance(0);
    expect(polls.map((poll) => poll.seen.bodies)).toEqual([['a', 'b'], ['c'], undefined]);
  });

  it('wakes at the exact millisecond when a delayed message is due', async () => {
    const { create, send, receive, clock } = sqsAccount();
    const url = await create('orders');
    await send(url, 'later', { DelaySeconds: 7 });
    const poll = watch(receive(url, { WaitTimeSeconds: 20 }));
    await clock.advance(0);
    // A message that is due earlier moves the timer forward.
    await send(url, 'sooner', { DelaySeconds: 4 });
    await clock.advance(3_999);
    expect(poll.seen).toEqual({});
    await clock.advance(1);
    expect(poll.seen.bodies).toEqual(['sooner']);
    const next = watch(receive(url, { WaitTimeSeconds: 20 }));
    await clock.advance(3_000);
    expect(next.seen.bodies).toEqual(['later']);
  });

  it('wakes when a visibility timeout ends by itself or by a call', async () => {
    const { create, send, receive, sqs, clock } = sqsAccount();
    const url = await create('orders', { VisibilityTimeout: '5' });
    await send(url, 'a');
    await receive(url);
    const ended = watch(receive(url, { WaitTimeSeconds: 20 }));
    await clock.advance(5_000);
    expect(ended.seen.bodies).toEqual(['a']);
    await clock.advance(5_000);
    const [message] = await receive(url);
    const change = watch(receive(url, { WaitTimeSeconds: 20 }));
    await clock.advance(1_000);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: handleOf(message),
        VisibilityTimeout: 0,
      }),
    );
    await change.done;
    expect(change.seen.bodies).toEqual(['a']);
  });

  it('ends with nothing when aborted, and takes no message afterwards', async () => {
    const { create, aws, counts, send, clock } = sqsAccount();
    const QueueUrl = await create('orders');
    const abort = new AbortController();
    const poll = aws.call('sqs', 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, root, abort.signal);
    abort.abort();
    expect(await poll).toEqual({});
    await send(QueueUrl, 'a');
    await clock.advance(0);
    expect(await counts(QueueUrl)).toEqual([1, 0, 0]);
    const late = aws.call(
      'sqs',
      'ReceiveMessage',
      { QueueUrl: await create('empty'), WaitTimeSeconds: 20 },
      root,
      abort.signal,
    );
    expect(await late).toEqual({});
  });

  it('ends with nothing when its queue is deleted, or the engine closes', async () => {
    const { create, receive, sqs, aws, clock } = sqsAccount();
    const deleted = await create('deleted');
    const closed = await create('closed');
    const polls = [deleted, closed].map((url) => watch(receive(url, { WaitTimeSeconds: 20 })));
    await clock.advance(0);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: deleted }));
    await polls[0]?.done;
    await aws.close();
    await polls[1]?.done;
    expect(polls.map((poll) => poll.seen.bodies)).toEqual([[], []]);
  });

  it('is counted when it ends, once, however long it waited', async () => {
    const { create, meter, sqs, clock } = sqsAccount();
    const QueueUrl = await create('orders');
    meter.reset();
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await clock.advance(10_000);
    expect(meter.counts()).toEqual({});
    await clock.advance(10_000);
    await poll;
    expect(meter.counts()).toEqual({ 'sqs.requests': 1 });
  });
});
