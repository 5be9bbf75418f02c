import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { deliver } from '../../../lib/app/deliver/deliver.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { takeIn } from '../../../lib/app/redrive/take-in.ts';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { queueArn } from '../../../lib/core/kernel/place.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, shorthand, type TestBus, testBus } from '../bus.ts';
import { putSubscription, putTopic, skipEvents, startRedrive } from '../calls.ts';

const url = 'https://shop.example.com/events';
const second = 1000;
const minute = 60 * second;

/** A receiver that is subscribed to an ordered topic. */
async function orderedBus(fields: Parameters<TestBus['receiver']>[1] = {}): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders', { ordered: true });
  await bus.receiver('shop', { breaker: { minimumAttempts: 10_000 }, ...fields });
  await bus.subscription('orders', 'shop');
  return bus;
}

/** Publishes events such as `a1`: of the key `a`, in one request. */
const send = (bus: TestBus, ...ids: string[]) =>
  publish(
    bus.tools,
    admin,
    { topic: 'orders' },
    shorthand(ids.map((id) => ({ type: 't', id, subject: id.slice(0, 1), data: {} }))),
  );

const idOf = ({ body }: { readonly body?: unknown }): string => JSON.parse(String(body)).id;
const ids = (bus: TestBus) => bus.requests.map(idOf);
const ofKey = (all: readonly string[], key: string) => all.filter((id) => id.startsWith(key));
const lane = (bus: TestBus) => bus.count(bus.urlOf('shop', 'ordered'));
const runLane = (bus: TestBus, instance = bus.tools) => bus.runLane('shop', instance, 'ordered');

/** Answers 500 for these events, and 200 for the others. */
const failing = (bus: TestBus, ...failed: string[]) =>
  bus.endpoint(url, (request) => (failed.includes(idOf(request)) ? 500 : 200));

describe('an event that fails', () => {
  it('holds back its own key for as long as it is retried, while another key flows', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [60, 600, 600, 600, 600, 600] } });
    failing(bus, 'a1');
    bus.run();
    await send(bus, 'a1', 'a2', 'b1');
    for (let round = 2; round <= 6; round++) {
      await bus.clock.advance(10 * minute);
      await send(bus, `a${round + 1}`, `b${round}`);
      await bus.clock.advance(5 * second);
      expect(ofKey(ids(bus), 'b').at(-1)).toBe(`b${round}`);
    }
    expect(new Set(ofKey(ids(bus), 'a'))).toEqual(new Set(['a1']));
    expect(ofKey(ids(bus), 'a').length).toBeGreaterThan(4);
    failing(bus);
    await bus.clock.advance(15 * minute);
    expect([...new Set(ofKey(ids(bus), 'a'))]).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']);
    expect(ofKey(ids(bus), 'b')).toEqual(['b1', 'b2', 'b3', 'b4', 'b5', 'b6']);
    expect(await lane(bus)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });

  it('is hidden for its delay, and those behind are neither hidden nor attempts', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [60, 60] } });
    failing(bus, 'a2');
    await send(bus, 'a1', 'a2', 'a3', 'a4', 'b1');
    expect(await runLane(bus)).toEqual({ received: 5, kept: 3 });
    expect(ofKey(ids(bus), 'a')).toEqual(['a1', 'a2']);
    expect(await lane(bus)).toEqual({ ready: 2, inFlight: 1, delayed: 0 });
    expect(await runLane(bus)).toMatchObject({ received: 0 });
    failing(bus);
    await bus.clock.advance(67 * second);
    expect(await runLane(bus)).toEqual({ received: 3, kept: 0 });
    expect(ofKey(ids(bus), 'a')).toEqual(['a1', 'a2', 'a2', 'a3', 'a4']);
    const attempts = bus.requests.filter((request) => idOf(request) !== 'b1');
    expect(attempts.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '1', '2', '1', '1']);
  });

  it('is a dead letter when its attempts are used up, and its key goes on', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [] } });
    failing(bus, 'a1');
    await send(bus, 'a1', 'a2');
    // The dead one leaves the queue before the next of its key is tried.
    expect(await runLane(bus)).toEqual({ received: 2, kept: 1 });
    expect(ids(bus)).toEqual(['a1']);
    expect((await bus.count(bus.urlOf('shop', 'dead-letters'))).ready).toBe(1);
    expect(await runLane(bus)).toEqual({ received: 1, kept: 0 });
    expect(ids(bus)).toEqual(['a1', 'a2']);
  });

  it('that cannot be stored as a dead letter holds its key back until it is', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [] } });
    failing(bus, 'a1');
    await send(bus, 'a1', 'a2');
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('ServiceUnavailable', 'Not now', { status: 503 });
    });
    expect(await runLane(bus)).toEqual({ received: 2, kept: 2 });
    bus.restore('sqs.SendMessageBatch');
    await bus.clock.advance(6 * minute);
    expect(await runLane(bus)).toEqual({ received: 2, kept: 1 });
    expect(await runLane(bus)).toEqual({ received: 1, kept: 0 });
    expect(ids(bus)).toEqual(['a1', 'a1', 'a2']);
  });
});

describe('deliveries of one key', () => {
  it('go one after the other, and those of other keys beside them', async () => {
    const bus = await orderedBus();
    const underWay = new Set<string>();
    let isAlone = true;
    let most = 0;
    bus.endpoint(url, async (request) => {
      const key = idOf(request).slice(0, 1);
      isAlone &&= !underWay.has(key);
      underWay.add(key);
      most = Math.max(most, underWay.size);
      await new Promise<void>((resolve) => bus.clock.setTimer(second, resolve));
      underWay.delete(key);
      return 200;
    });
    await send(bus, 'a1', 'a2', 'a3', 'b1', 'b2', 'c1');
    const startedMs = bus.clock.now();
    const running = runLane(bus);
    let ended = false;
    void running.then(() => {
      ended = true;
    });
    await bus.clock.until(() => ended, minute);
    expect(await running).toEqual({ received: 6, kept: 0 });
    expect(isAlone).toBe(true);
    expect(most).toBe(3);
    expect(bus.clock.now() - startedMs).toBe(3 * second);
    for (const key of ['a', 'b', 'c']) {
      expect(ofKey(ids(bus), key)).toEqual(ofKey(['a1', 'a2', 'a3', 'b1', 'b2', 'c1'], key));
    }
  });

  it('keep their order when the function is cut off between a post and its acknowledgement', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    await send(bus, 'a1', 'a2', 'a3');
    const messages = await bus.receive(bus.urlOf('shop', 'ordered'));
    expect(messages.map(idOf)).toEqual(['a1', 'a2', 'a3']);
    await deliver(bus.tools, { receiver: 'shop', role: 'ordered', messages: messages.slice(0, 2) });
    // Nothing was acknowledged: all of it comes again, and nothing ahead of its turn.
    await bus.clock.advance(6 * minute);
    expect(await runLane(bus, bus.newTools())).toEqual({ received: 3, kept: 0 });
    expect([...new Set(ids(bus))]).toEqual(['a1', 'a2', 'a3']);
  });

  it('keep their order when one cannot be attempted for a fault of ours', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, (request) => {
      if (idOf(request) === 'a1' && bus.requests.length === 1) throw new Error('a fault of the sender');
      return 200;
    });
    await send(bus, 'a1', 'a2');
    expect(await runLane(bus)).toEqual({ received: 2, kept: 2 });
    expect(ids(bus)).toEqual(['a1']);
    await bus.clock.advance(6 * minute);
    expect(await runLane(bus)).toEqual({ received: 2, kept: 0 });
    expect(ids(bus)).toEqual(['a1', 'a1', 'a2']);
  });

  it('keep their order when one is no event: it is a dead letter, and they go on', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    await bus.tools.queues.send({ receiver: 'shop', role: 'ordered' }, [
      { body: 'no JSON', attributes: {}, order: { group: 'orders/a', deduplicationId: 'x' } },
    ]);
    await send(bus, 'a1');
    expect(await runLane(bus)).toEqual({ received: 2, kept: 1 });
    expect(await runLane(bus)).toEqual({ received: 1, kept: 0 });
    expect(ids(bus)).toEqual(['a1']);
    expect((await bus.count(bus.urlOf('shop', 'dead-letters'))).ready).toBe(1);
  });

  it('wait together when the records of one cannot be read', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [5, 5] } });
    failing(bus, 'a1');
    await send(bus, 'a1', 'a2');
    await runLane(bus);
    await bus.clock.advance(6 * second);
    bus.intercept('dynamodb.BatchGetItem', () => {
      throw new AwsError('ThrottlingException', 'Not now', { status: 400 });
    });
    expect(await runLane(bus)).toEqual({ received: 2, kept: 2 });
    expect(ids(bus)).toEqual(['a1']);
    bus.restore('dynamodb.BatchGetItem');
    failing(bus);
    await bus.clock.advance(12 * second);
    expect(await runLane(bus)).toEqual({ received: 2, kept: 0 });
    expect(ids(bus)).toEqual(['a1', 'a1', 'a2']);
  });
});

describe('publishing to an ordered topic', () => {
  const accepted = { status: 'accepted' };
  const rejected = { status: 'rejected', code: 'unavailable' };

  it('refuses what would overtake an event of its key that AWS did not take', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    bus.intercept('sns.PublishBatch', async (input, next) => {
      const entries = input.PublishBatchRequestEntries as { Id: string; Message: string }[];
      const taken = entries.filter((entry) => !entry.Message.includes('"id":"a2"'));
      const answer = taken.length === 0 ? {} : await next({ ...input, PublishBatchRequestEntries: taken });
      const failed = entries.filter((entry) => !taken.includes(entry));
      return {
        Successful: answer?.Successful ?? [],
        Failed: failed.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
      };
    });
    const { events } = await send(bus, 'a1', 'b1', 'a2', 'a3', 'b2', 'a4');
    expect(events).toMatchObject([accepted, accepted, rejected, rejected, accepted, rejected]);
    expect(events[2]?.detail).toContain('could not be stored. It was not kept');
    expect(events[3]?.detail).toContain('would overtake it');
    bus.restore('sns.PublishBatch');
    // The producer sends again what was refused.
    await send(bus, 'a2', 'a3', 'a4');
    bus.run();
    await bus.clock.advance(5 * second);
    expect(ofKey(ids(bus), 'a')).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(ofKey(ids(bus), 'b')).toEqual(['b1', 'b2']);
  });

  it('never has two events of a key in one call, and fills a call with different keys', async () => {
    const bus = await orderedBus();
    await send(bus, 'a1', 'b1', 'c1', 'a2', 'b2', 'a3');
    expect(bus.calls.filter((call) => call.startsWith('sns.PublishBatch'))).toHaveLength(3);
    bus.calls.length = 0;
    await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      shorthand(Array.from({ length: 30 }, (_, index) => ({ type: 't', subject: String(index), data: {} }))),
    );
    expect(bus.calls.filter((call) => call.startsWith('sns.PublishBatch'))).toHaveLength(3);
  });

  it('refuses what would overtake an event of its key that could not be checked for duplicates', async () => {
    const bus = await testBus();
    await bus.topic('orders', { ordered: true, dedupSeconds: 60 });
    let puts = 0;
    bus.intercept('dynamodb.PutItem', (_, next) => {
      puts++;
      if (puts === 1) throw new AwsError('ThrottlingException', 'Not now', { status: 400 });
      return next();
    });
    const { events } = await send(bus, 'a1', 'a2', 'b1');
    expect(events).toMatchObject([rejected, rejected, accepted]);
    bus.restore('dynamodb.PutItem');
    // The claims of what was refused are free again.
    expect((await send(bus, 'a1', 'a2', 'b1')).events).toMatchObject([
      accepted,
      accepted,
      { status: 'duplicate' },
    ]);
  });

  it('goes on behind an event that can never be taken', async () => {
    const bus = await orderedBus();
    const { events } = await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      shorthand([
        { type: 't', subject: 'a', data: 'x'.repeat(300_000) },
        { type: 't', subject: 'a', data: 'y' },
      ]),
    );
    expect(events).toMatchObject([{ status: 'rejected', code: 'event_too_large' }, accepted]);
  });

  it('takes the same event within five minutes for one that was sent again', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    bus.run();
    await send(bus, 'a1');
    await bus.clock.advance(4 * minute);
    await send(bus, 'a1', 'a2');
    await bus.clock.advance(5 * second);
    expect(ids(bus)).toEqual(['a1', 'a2']);
  });

  it('makes no event without the key wait for another', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [600] } });
    failing(bus, 'x1');
    await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      shorthand(['x1', 'x2', 'x3'].map((id) => ({ type: 't', id, data: {} }))),
    );
    expect(await runLane(bus)).toEqual({ received: 3, kept: 1 });
    expect(ids(bus).sort()).toEqual(['x1', 'x2', 'x3']);
  });

  it('orders by an attribute where the topic names one', async () => {
    const bus = await testBus();
    await bus.topic('orders', { ordered: { by: 'account' } });
    await bus.receiver('shop', { retry: { delaysSeconds: [600] } });
    await bus.subscription('orders', 'shop');
    failing(bus, 'x1');
    const event = (id: string, account: number) => ({
      specversion: '1.0',
      type: 't',
      source: '/s',
      id,
      account,
      subject: 'all',
    });
    await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      {
        contentType: 'application/cloudevents-batch+json',
        headers: {},
        body: Buffer.from(JSON.stringify([event('x1', 7), event('x2', 7), event('x3', 8)])),
      },
    );
    expect(await runLane(bus)).toEqual({ received: 3, kept: 2 });
    expect(ids(bus).sort()).toEqual(['x1', 'x3']);
  });
});

describe('what is not published now', () => {
  it('enters the order of its key when it is due, in the order of the due times', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    bus.run();
    const now = bus.clock.now();
    const at = (seconds: number) => new Date(now + seconds * second).toISOString();
    await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      shorthand([
        { type: 't', id: 'a-long', subject: 'a', data: {}, deliverAt: at(3600) },
        { type: 't', id: 'a-late', subject: 'a', data: {}, deliverAt: at(60) },
        { type: 't', id: 'a-soon', subject: 'a', data: {}, deliverAt: at(30) },
        { type: 't', id: 'a-now', subject: 'a', data: {} },
      ]),
    );
    await bus.clock.advance(2 * 3600 * second);
    expect(ids(bus)).toEqual(['a-now', 'a-soon', 'a-late', 'a-long']);
    expect(await lane(bus)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });

  it('is delivered once, though its release was cut off before it was acknowledged', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    bus.run();
    let lost = 0;
    bus.intercept('sqs.DeleteMessageBatch', (input, next) => {
      if (!String(input.QueueUrl).endsWith('busbar-delay') || lost > 0) return next();
      lost++;
      throw new AwsError('ServiceUnavailable', 'Not now', { status: 503 });
    });
    await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      shorthand({ type: 't', id: 'a1', subject: 'a', data: {}, delaySeconds: 10 }),
    );
    await bus.clock.advance(10 * minute);
    expect(lost).toBe(1);
    expect(ids(bus)).toEqual(['a1']);
  });

  it('has no order when it is invoked', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 't', subject: 'a', data: {} }));
    expect(await lane(bus)).toMatchObject({ ready: 0 });
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
  });
});

describe('a dead letter of an ordered topic', () => {
  it('goes back to the end of its key by a redrive, however soon', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [] } });
    failing(bus, 'a1');
    bus.run();
    await send(bus, 'a1', 'a2');
    await bus.clock.advance(10 * second);
    expect(ids(bus)).toEqual(['a1', 'a2']);
    // Twice within the five minutes in which AWS knows the event.
    await startRedrive(bus.tools, admin, 'shop', {});
    await bus.clock.advance(30 * second);
    expect(ids(bus)).toEqual(['a1', 'a2', 'a1']);
    failing(bus);
    await startRedrive(bus.tools, admin, 'shop', {});
    await bus.clock.advance(30 * second);
    expect(ids(bus)).toEqual(['a1', 'a2', 'a1', 'a1']);
    expect(bus.calls.filter((call) => call === 'sqs.SendMessageBatch busbar-shop-ordered.fifo')).toHaveLength(
      2,
    );
    expect(await bus.tools.deadLetters.all({ receiver: 'shop' })).toEqual([]);
    expect((await bus.tools.redrives.find('shop'))?.state).toBe('done');
  });

  it('goes to the online lane when its receiver is not subscribed any more', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [] } });
    failing(bus, 'a1');
    bus.run();
    await send(bus, 'a1');
    await bus.clock.advance(10 * second);
    await bus.tools.registry.deleteSubscription('orders', 'shop');
    failing(bus);
    await bus.clock.advance(10 * second);
    await startRedrive(bus.tools, admin, 'shop', {});
    await bus.clock.advance(30 * second);
    expect(ids(bus)).toEqual(['a1', 'a1']);
    expect(bus.calls).toContain('sqs.SendMessageBatch busbar-shop-online');
  });

  it('is listed when SQS moved it to the backstop of the lane by itself', async () => {
    const bus = await orderedBus();
    await bus.tools.queues.send({ receiver: 'shop', role: 'ordered-dead-letters' }, [
      {
        body: JSON.stringify({ specversion: '1.0', id: 'a1', source: '/s', type: 't' }),
        attributes: { 'busbar-topic': 'orders' },
        order: { group: 'orders/a', deduplicationId: '1' },
      },
    ]);
    const shop = await bus.tools.registry.receiver('shop');
    if (shop === undefined) throw new Error('There is no receiver shop.');
    expect(await takeIn(bus.tools, shop, bus.clock.now() + second)).toBe(true);
    expect(await bus.tools.deadLetters.all({ receiver: 'shop' })).toMatchObject([
      { eventId: 'a1', topic: 'orders', cause: 'poison' },
    ]);
    expect(await bus.count(bus.urlOf('shop', 'ordered-dead-letters'))).toMatchObject({
      ready: 0,
      inFlight: 0,
    });
  });
});

describe('a receiver that stands still', () => {
  it('because it is paused gets everything in order when it is resumed', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, () => 200);
    bus.run();
    await pauseReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(minute);
    await send(bus, 'a1', 'a2');
    await bus.clock.advance(10 * minute);
    await send(bus, 'a3');
    await bus.clock.advance(10 * minute);
    expect(ids(bus)).toEqual([]);
    await resumeReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(2 * minute);
    expect(ids(bus)).toEqual(['a1', 'a2', 'a3']);
  });

  it('because its breaker is open is probed by its ordered lane, and then gets everything in order', async () => {
    const bus = await orderedBus({
      breaker: { minimumAttempts: 2, failureRate: 0.5 },
      retry: { delaysSeconds: [5, 5, 5, 5, 5, 5, 5, 5] },
    });
    let down = true;
    bus.endpoint(url, () => (down ? 503 : 200));
    bus.run();
    await send(bus, 'a1', 'a2', 'a3', 'b1', 'b2');
    await bus.clock.advance(30 * minute);
    const breaker = await bus.tools.breakers.read('shop');
    expect(breaker).toMatchObject({ kind: 'open', mappingStopped: true });
    const { EventSourceMappings: [mapping] = [] } = await bus.lambda.send(
      new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'ordered') }),
    );
    expect(mapping?.State).toBe('Disabled');
    expect([...new Set(ids(bus))].sort()).toEqual(['a1', 'b1']);
    down = false;
    await send(bus, 'a4');
    await bus.clock.advance(60 * minute);
    expect([...new Set(ofKey(ids(bus), 'a'))]).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect([...new Set(ofKey(ids(bus), 'b'))]).toEqual(['b1', 'b2']);
    expect(await lane(bus)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    // It closes with the attempts to come.
    expect((await bus.tools.breakers.read('shop'))?.kind).toMatch(/^(half-open|closed)$/);
  });

  it('because its endpoint is gone is disabled, and gets everything in order when it is back', async () => {
    const bus = await orderedBus();
    let gone = true;
    bus.endpoint(url, () => (gone ? 410 : 200));
    bus.run();
    await send(bus, 'a1', 'a2');
    await bus.clock.advance(5 * minute);
    expect((await bus.tools.registry.receiver('shop'))?.state).toBe('disabled');
    expect(ids(bus)).toEqual(['a1']);
    gone = false;
    await resumeReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(5 * minute);
    expect(ids(bus)).toEqual(['a1', 'a1', 'a2']);
  });

  it('drops what it skips, also what waits behind a retry', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [60] } });
    failing(bus, 'a1');
    bus.run();
    await send(bus, 'a1', 'a2');
    await bus.clock.advance(10 * second);
    await skipEvents(bus.tools, admin, 'shop', { before: new Date(bus.clock.now()).toISOString() });
    await send(bus, 'a3');
    await bus.clock.advance(2 * minute);
    expect(ids(bus)).toEqual(['a1', 'a3']);
  });
});

describe('what AWS holds', () => {
  const put = (bus: TestBus, body: object) => putTopic(bus.tools, admin, 'orders', body);
  const queuesOf = async (bus: TestBus) =>
    (await bus.sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'busbar-shop' }))).QueueUrls?.map((one) =>
      one.split('/').at(-1),
    ) ?? [];

  it('is an ordered lane only of receivers that were subscribed to an ordered topic', async () => {
    const bus = await testBus();
    await put(bus, {});
    await putTopic(bus.tools, admin, 'journal', { ordered: true });
    await bus.receiver('shop');
    await putSubscription(bus.tools, admin, 'orders', 'shop', {});
    const plain = ['busbar-shop-dead-letters', 'busbar-shop-offline', 'busbar-shop-online'];
    expect((await queuesOf(bus)).sort()).toEqual(plain);
    await putSubscription(bus.tools, admin, 'journal', 'shop', {});
    expect((await queuesOf(bus)).sort()).toEqual(
      [...plain, 'busbar-shop-dead.fifo', 'busbar-shop-ordered.fifo'].sort(),
    );
    bus.calls.length = 0;
    await putSubscription(bus.tools, admin, 'journal', 'shop', {});
    expect(bus.calls.filter((call) => /CreateQueue|Create.*Mapping|UpdateEvent/.test(call))).toEqual([]);
  });

  it('of the ordered lane is deleted with the receiver, and not while it holds an event', async () => {
    const bus = await orderedBus();
    await send(bus, 'a1');
    await expect(deleteReceiver(bus.tools, admin, 'shop', false)).rejects.toMatchObject({ code: 'in_use' });
    bus.endpoint(url, () => 200);
    await runLane(bus);
    await deleteReceiver(bus.tools, admin, 'shop', false);
    expect(await queuesOf(bus)).toEqual([]);
    const { EventSourceMappings } = await bus.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: 'busbar-deliver' }),
    );
    expect(EventSourceMappings?.filter(({ State }) => State !== 'Deleting')).toEqual([]);
  });

  it('of the ordered lane follows the settings of the receiver', async () => {
    const bus = await orderedBus();
    await bus.tools.provision.putReceiver('shop', { limits: { concurrency: 300 } });
    const { EventSourceMappings: [mapping] = [] } = await bus.lambda.send(
      new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'ordered') }),
    );
    expect(mapping?.ScalingConfig?.MaximumConcurrency).toBe(30);
  });

  it.each([
    [undefined, true, 'created without an order'],
    [true, undefined, 'created with the order subject'],
    [true, false, 'created with the order subject'],
    [true, { by: 'account' }, 'created with the order subject'],
    [{ by: 'account' }, true, 'created with the order account'],
  ])(
    'of a topic keeps the order with which it was made: %j is not changed to %j',
    async (was, becomes, words) => {
      const bus = await testBus();
      const withOrder = (ordered: unknown) => (ordered === undefined ? {} : { ordered });
      await put(bus, withOrder(was));
      await expect(put(bus, withOrder(becomes))).rejects.toMatchObject({
        code: 'order_fixed',
        status: 409,
        message: expect.stringContaining(words),
      });
      expect(await bus.tools.registry.topic('orders')).toMatchObject(withOrder(was));
    },
  );

  it.each([
    [undefined, false],
    [true, { by: 'subject' }],
    [{ by: 'account' }, { by: 'account' }],
  ])('of a topic is the same for %j and %j', async (was, becomes) => {
    const bus = await testBus();
    await put(bus, was === undefined ? {} : { ordered: was });
    expect(await put(bus, { ordered: becomes, description: 'x' })).toMatchObject({
      created: false,
      document: { ordered: becomes, description: 'x' },
    });
  });
});
