import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { AwsError } from '../../lib/stand-in/engines/engine.ts';
import { createSns } from '../../lib/stand-in/engines/sns/index.ts';
import { retryDelayMs } from '../../lib/stand-in/engines/sns/retry-policy.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';
import { gone, queueArn, recordingQueues, snsAccount, topicArn, unavailable } from './sns-queues.ts';

const TopicArn = topicArn('orders');

async function topicWith(queues: readonly string[], deadLetterQueue?: string, store = memoryStore()) {
  const account = snsAccount({ store });
  const { sns } = account;
  await sns.send(new CreateTopicCommand({ Name: 'orders' }));
  const arns: (string | undefined)[] = [];
  for (const queue of queues) {
    const Attributes: Record<string, string> = { RawMessageDelivery: 'true' };
    if (deadLetterQueue !== undefined) {
      Attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(deadLetterQueue) });
    }
    const { SubscriptionArn } = await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn(queue), Attributes }),
    );
    arns.push(SubscriptionArn);
  }
  return {
    ...account,
    store,
    arns,
    publish: (Message: string) => sns.send(new PublishCommand({ TopicArn, Message })),
  };
}

describe('the retry policy', () => {
  test('is that of AWS for queues: 100,015 retries in four phases over 23 days', () => {
    const delays = Array.from({ length: 100_015 }, (_, index) => retryDelayMs(index + 1) ?? Number.NaN);
    expect(delays.slice(0, 5)).toEqual([0, 0, 0, 1_000, 1_000]);
    expect(delays[5]).toBe(1_000);
    expect(delays[14]).toBe(20_000);
    expect([...delays.slice(5, 15)].sort((left, right) => left - right)).toEqual(delays.slice(5, 15));
    expect(new Set(delays.slice(15))).toEqual(new Set([20_000]));
    expect(retryDelayMs(100_016)).toBeUndefined();
    const days = delays.reduce((sum, delay) => sum + delay, 0) / 86_400_000;
    expect(Math.floor(days)).toBe(23);
  });
});

describe('a queue that cannot take a message now', () => {
  test.each([
    unavailable(),
    new AwsError('ThrottlingException', 'Rate exceeded'),
    new AwsError('RequestThrottled', 'Slow down', { status: 403 }),
  ])('is retried until it can ($code)', async (error) => {
    const { publish, queues, clock, meter } = await topicWith(['billing', 'audit']);
    queues.reject('billing', error);
    await publish('one');
    expect([queues.bodies('billing'), queues.bodies('audit')]).toEqual([[], ['one']]);
    await clock.advance(3_600_000);
    expect(queues.bodies('billing')).toEqual([]);
    queues.heal('billing');
    await clock.advance(20_000);
    expect(queues.bodies('billing')).toEqual(['one']);
    await clock.advance(3_600_000);
    expect(queues.bodies('billing')).toEqual(['one']);
    expect(meter.counts()).toMatchObject({ 'sns.deliveries-sqs': 2 });
  });

  test('gets what it missed after a restart, once', async () => {
    const { publish, queues, store, clock } = await topicWith(['billing']);
    queues.reject('billing', unavailable());
    await publish('one');
    await publish('two');
    const after = snsAccount({ store, startMs: clock.now() + 86_400_000 });
    await after.clock.advance(0);
    expect(after.queues.bodies('billing')).toEqual(['one', 'two']);
    await store.committed();
    const later = snsAccount({ store, startMs: after.clock.now() });
    await later.clock.advance(60_000);
    expect(later.queues.sent).toEqual([]);
  });

  test('loses what it could not take in 23 days to the dead-letter queue', async () => {
    const { publish, queues, store, clock, meter } = await topicWith(['billing'], 'dead');
    queues.reject('billing', unavailable());
    await publish('one');
    await clock.advance(0);
    // The clock need not run through 100,015 retries: the row says how many there were.
    const [[id, row]] = [...store.load('sns.deliveries')] as [[string, { failures: number }]];
    store.put('sns.deliveries', id, { ...row, failures: 100_015 });
    await store.committed();
    const after = snsAccount({ store, startMs: clock.now() });
    after.queues.reject('billing', unavailable());
    await after.clock.advance(60_000);
    expect(after.queues.bodies('dead')).toEqual(['one']);
    expect(after.meter.counts()).toEqual({ 'sns.deliveries-failed': 1, 'sns.deliveries-redriven': 1 });
    expect(meter.counts()).not.toHaveProperty('sns.deliveries-failed');
  });

  test('is not retried for a deleted subscription', async () => {
    const { publish, queues, clock, sns, arns, store, meter } = await topicWith(['billing']);
    queues.reject('billing', unavailable());
    await publish('one');
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: arns[0] }));
    queues.heal('billing');
    await clock.advance(60_000);
    expect(queues.sent).toEqual([]);
    expect(meter.counts()).toMatchObject({ 'sns.deliveries-lost': 1 });
    await store.committed();
    expect([...store.load('sns.deliveries')]).toEqual([]);
  });
});

describe('a queue that will never take a message', () => {
  test.each([gone(), new AwsError('AccessDenied', 'Not allowed', { status: 403 })])(
    'sends it to the dead-letter queue of the subscription at once ($code)',
    async (error) => {
      const { publish, queues, meter } = await topicWith(['billing'], 'dead');
      queues.reject('billing', error);
      await publish('one');
      expect(queues.bodies('dead')).toEqual(['one']);
      expect(meter.counts()).toMatchObject({ 'sns.deliveries-failed': 1, 'sns.deliveries-redriven': 1 });
    },
  );

  test('loses it without a dead-letter queue, which is counted', async () => {
    const { publish, queues, clock, meter } = await topicWith(['billing']);
    queues.reject('billing', gone());
    await publish('one');
    queues.heal('billing');
    await clock.advance(86_400_000);
    expect(queues.sent).toEqual([]);
    expect(meter.counts()).toMatchObject({ 'sns.deliveries-failed': 1, 'sns.deliveries-lost': 1 });
  });

  test('keeps it for a dead-letter queue that cannot take it now', async () => {
    const { publish, queues, clock, store } = await topicWith(['billing'], 'dead');
    queues.reject('billing', gone());
    queues.reject('dead', unavailable());
    await publish('one');
    const after = snsAccount({ store, startMs: clock.now() });
    await after.clock.advance(0);
    expect([after.queues.bodies('dead'), after.queues.bodies('billing')]).toEqual([['one'], []]);
  });
});

test('a policy that does not allow the topic is a permanent error', async () => {
  const queues = recordingQueues();
  const { sns, meter } = testAccount([queues.build, createSns], {
    authorize(caller, permissions) {
      if (caller.kind === 'service' && permissions.some(({ action }) => action === 'sqs:SendMessage')) {
        throw new AwsError('AccessDenied', 'The queue has no policy.', { status: 403 });
      }
    },
  });
  await sns.send(new CreateTopicCommand({ Name: 'orders' }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('billing') }));
  await sns.send(new PublishCommand({ TopicArn, Message: 'one' }));
  expect(meter.counts()).toMatchObject({ 'sns.deliveries-failed': 1, 'sns.deliveries-lost': 1 });
});

test('one commit contains a publish and its copies: an answered message is in every queue', async () => {
  const { aws, store, queues } = await topicWith(['billing', 'audit']);
  queues.reject('audit', unavailable());
  await store.committed();
  const entries = ['one', 'two'].map((Message, index) => ({ Id: String(index), Message }));
  const answer = aws.call(
    'sns',
    'PublishBatch',
    { TopicArn, PublishBatchRequestEntries: entries },
    { kind: 'root' },
  );
  // The engine answers in the turn of the call, and nothing is on disk before the commit of that turn.
  expect(answer).not.toBeInstanceOf(Promise);
  const onDisk = (table: string) => [...store.load(table)].length;
  expect([onDisk('recorded'), onDisk('sns.deliveries')]).toEqual([0, 0]);
  await store.committed();
  expect([onDisk('recorded'), onDisk('sns.deliveries')]).toEqual([2, 2]);
});

test('queues that answer in a later turn get everything, even after a crash in between', async () => {
  const { aws, store, queues, clock } = await topicWith(['billing']);
  queues.answerLater();
  const answer = aws.call('sns', 'Publish', { TopicArn, Message: 'one' }, { kind: 'root' });
  const committed = store.committed();
  expect(answer).not.toBeInstanceOf(Promise);
  // The disk after a crash: the publish is committed, and the queue has not answered.
  const disk = memoryStore();
  for (const table of ['sns.topics', 'sns.subscriptions', 'sns.deliveries']) {
    for (const [key, value] of store.load(table)) disk.put(table, key, value);
  }
  await Promise.all([committed, disk.committed()]);
  await clock.advance(0);
  expect(queues.bodies('billing')).toEqual(['one']);
  await store.committed();
  expect([...store.load('sns.deliveries')]).toEqual([]);

  const after = snsAccount({ store: disk, startMs: clock.now() });
  await after.clock.advance(0);
  expect(after.queues.bodies('billing')).toEqual(['one']);
});

test('topics, subscriptions and their policies survive a restart', async () => {
  const { store, sns } = await topicWith(['billing']);
  const filtered = {
    FilterPolicy: '{"kind":["paid"]}',
    FilterPolicyScope: 'MessageBody',
    RawMessageDelivery: 'true',
  };
  await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('paid'), Attributes: filtered }),
  );
  const after = snsAccount({ store });
  await after.sns.send(
    new PublishBatchCommand({
      TopicArn,
      PublishBatchRequestEntries: [
        { Id: '1', Message: '{"kind":"paid"}' },
        { Id: '2', Message: '{"kind":"sent"}' },
      ],
    }),
  );
  expect(after.queues.bodies('billing')).toHaveLength(2);
  expect(after.queues.bodies('paid')).toEqual(['{"kind":"paid"}']);
});

test('a closed engine retries nothing', async () => {
  const { publish, queues, clock, aws } = await topicWith(['billing']);
  queues.reject('billing', unavailable());
  await publish('one');
  await aws.close();
  queues.heal('billing');
  await clock.advance(3_600_000);
  expect(queues.sent).toEqual([]);
});
