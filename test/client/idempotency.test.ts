import {
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dynamoDbStore } from '../../lib/client/dynamodb.ts';
import {
  type CloudEvent,
  createReceiver,
  type Delivery,
  memoryStore,
  newestOnly,
  once,
  RetryLaterError,
  type Work,
  type WorkStore,
} from '../../lib/client/index.ts';
import { createDynamodb } from '../../lib/stand-in/engines/dynamodb/index.ts';
import { testAccount } from '../stand-in/account.ts';

/** A store, and a clock that the test controls. */
interface Bench {
  readonly store: WorkStore;
  advance(seconds: number): void;
}

const table = 'done';

async function dynamoDb() {
  const account = testAccount([(host) => createDynamodb(host)]);
  onTestFinished(() => account.aws.close());
  for (const TableName of [table, 'business']) {
    await account.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
  }
  let nowMs = account.clock.now();
  const store = dynamoDbStore({ client: account.dynamodb, table, now: () => nowMs });
  return {
    account,
    store,
    advance: (seconds: number) => {
      nowMs += seconds * 1000;
    },
  };
}

async function memory(): Promise<Bench> {
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  return {
    store: memoryStore({ now: () => nowMs }),
    advance: (seconds) => {
      nowMs += seconds * 1000;
    },
  };
}

const deliveryOf = (id: string, attributes: object = {}): Delivery => {
  const event = { specversion: '1.0', id, source: '/s', type: 't', ...attributes } as CloudEvent;
  return {
    deliveryId: `dlv_${id}`,
    topic: 'orders',
    attempt: 1,
    event,
    traceparent: undefined,
    body: new Uint8Array(),
  };
};

async function begin(store: WorkStore, key: string, version = 1, leaseSeconds = 60): Promise<Work> {
  const begun = await store.begin(key, version, leaseSeconds);
  if (begun.state !== 'begun') throw new Error(`The work is ${begun.state}.`);
  return begun.work;
}

describe.each([
  ['in memory', memory],
  ['in DynamoDB', dynamoDb as () => Promise<Bench>],
])('a store %s', (_, make) => {
  it('begins work once, says how long its lease lasts, and finds it done afterwards', async () => {
    const { store, advance } = await make();
    const work = await begin(store, 'a');
    advance(20.5);
    expect(await store.begin('a', 1, 60)).toEqual({ state: 'in-progress', retryAfterSeconds: 40 });
    expect(await store.finish(work, 100)).toBe(true);
    expect(await store.begin('a', 1, 60)).toEqual({ state: 'done', version: 1 });
    await begin(store, 'b');
  });

  it('lets only one of many simultaneous attempts begin', async () => {
    const { store } = await make();
    const all = await Promise.all(Array.from({ length: 20 }, () => store.begin('a', 1, 60)));
    expect(all.filter(({ state }) => state === 'begun')).toHaveLength(1);
    expect(all.filter(({ state }) => state === 'in-progress')).toHaveLength(19);
  });

  it('lets released work begin again at once', async () => {
    const { store } = await make();
    await store.abandon(await begin(store, 'a'));
    await store.finish(await begin(store, 'a'), 100);
    expect((await store.begin('a', 1, 60)).state).toBe('done');
  });

  it('lets work of a crashed process begin again after its lease, and not be finished by the first attempt', async () => {
    const { store, advance } = await make();
    const dead = await begin(store, 'a');
    advance(61);
    const work = await begin(store, 'a');
    expect(await store.finish(dead, 100)).toBe(false);
    await store.abandon(dead);
    expect((await store.begin('a', 1, 60)).state).toBe('in-progress');
    expect(await store.finish(work, 100)).toBe(true);
    expect(await store.finish(work, 100)).toBe(true);
  });

  it('forgets finished work when its time is over', async () => {
    const { store, advance } = await make();
    await store.finish(await begin(store, 'a'), 100);
    advance(99);
    expect((await store.begin('a', 1, 60)).state).toBe('done');
    advance(2);
    const dies = await begin(store, 'a');
    advance(61);
    // A forgotten version does not come back when new work is begun and released.
    expect((await begin(store, 'a')).token).not.toBe(dies.token);
  });

  it('only ever increases versions, whatever is begun, finished, released or abandoned', async () => {
    const { store, advance } = await make();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            version: fc.integer({ min: 1, max: 5 }),
            end: fc.constantFrom('finish', 'abandon', 'die'),
          }),
          { maxLength: 12 },
        ),
        async (steps) => {
          const key = `k-${run++}`;
          let done = 0;
          for (const { version, end } of steps) {
            const begun = await store.begin(key, version, 60);
            if (begun.state !== 'begun') {
              expect(begun).toEqual({ state: 'done', version: done });
              expect(version).toBeLessThanOrEqual(done);
              continue;
            }
            expect(version).toBeGreaterThan(done);
            if (end === 'finish') {
              await store.finish(begun.work, 1_000_000);
              done = version;
            } else if (end === 'abandon') await store.abandon(begun.work);
            else advance(61);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('a store in memory', () => {
  it('is bounded: it forgets the oldest finished work, but no unfinished work', async () => {
    const store = memoryStore({ keysMax: 3 });
    const underWay = await begin(store, 'under way');
    for (const key of ['a', 'b', 'c', 'd']) await store.finish(await begin(store, key), 100);
    expect(store.size).toBe(3);
    expect((await store.begin('d', 1, 60)).state).toBe('done');
    expect((await store.begin('under way', 1, 60)).state).toBe('in-progress');
    await begin(store, 'e');
    await begin(store, 'f');
    await expect(store.begin('g', 1, 60)).rejects.toThrow('The store is full: 3 keys have unfinished work.');
    expect(await store.finish(underWay, 100)).toBe(true);
  });
});

describe('a store in DynamoDB', () => {
  it('keeps one small item per key, which TTL deletes', async () => {
    const { account, store } = await dynamoDb();
    account.meter.reset();
    await store.finish(await begin(store, 'a'), 100);
    expect(account.meter.counts()['dynamodb.write-units']).toBe(2);
    const { Item } = await account.dynamodb.send(
      new GetItemCommand({ TableName: table, Key: { id: { S: 'a' } } }),
    );
    expect(Number(Item?.expiresAt?.N)).toBe(account.clock.now() / 1000 + 100);
    expect(Item).not.toHaveProperty('leaseUntil');
  });

  it("records the work as done in the handler's transaction, which fails after another instance took over", async () => {
    const { account, store, advance } = await dynamoDb();
    const book = (work: Work, amount: string) =>
      account.dynamodb.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: 'business', Item: { id: { S: 'p-1' }, amount: { S: amount } } } },
            store.finishing(work, 100),
          ],
        }),
      );
    const slow = await begin(store, 'a');
    advance(61);
    const work = await begin(store, 'a');
    await book(work, 'right');
    expect(await store.finish(work, 100)).toBe(true);
    await expect(book(slow, 'wrong')).rejects.toThrow('ConditionalCheckFailed');
    const { Item } = await account.dynamodb.send(
      new GetItemCommand({ TableName: 'business', Key: { id: { S: 'p-1' } } }),
    );
    expect(Item?.amount?.S).toBe('right');
  });

  it('passes on errors of AWS', async () => {
    const { account } = await dynamoDb();
    const store = dynamoDbStore({ client: account.dynamodb, table: 'none' });
    await expect(store.begin('a', 1, 60)).rejects.toThrow(/not found|non-existent/i);
  });

  it('replaces an item that has expired but is not deleted yet', async () => {
    const { account, store } = await dynamoDb();
    await account.dynamodb.send(
      new PutItemCommand({
        TableName: table,
        Item: { id: { S: 'a' }, version: { N: '9' }, token: { S: 'old' }, expiresAt: { N: '1000' } },
      }),
    );
    await store.finish(await begin(store, 'a', 2), 100);
    expect(await store.begin('a', 2, 60)).toEqual({ state: 'done', version: 2 });
  });
});

describe('once', () => {
  it('does the work for a delivery once, however often it comes', async () => {
    const { store } = await memory();
    const done: string[] = [];
    const again: string[] = [];
    const onEvent = once(
      { store, onDuplicate: ({ deliveryId }) => again.push(deliveryId) },
      (_, { deliveryId }) => done.push(deliveryId),
    );
    for (const id of ['1', '2', '1', '1']) await onEvent(deliveryOf(id).event, deliveryOf(id));
    expect({ done, again }).toEqual({ done: ['dlv_1', 'dlv_2'], again: ['dlv_1', 'dlv_1'] });
  });

  it('does the work again after a failure, and reports the failure', async () => {
    const { store } = await memory();
    let tries = 0;
    const onEvent = once({ store }, () => {
      tries += 1;
      if (tries === 1) throw new Error('no');
    });
    const { event } = deliveryOf('1');
    await expect(onEvent(event, deliveryOf('1'))).rejects.toThrow('no');
    await onEvent(event, deliveryOf('1'));
    await onEvent(event, deliveryOf('1'));
    expect(tries).toBe(2);
  });

  it('reports both errors when the handler failed and its work could not be released', async () => {
    const { store } = await memory();
    const broken = { ...store, abandon: () => Promise.reject(new Error('down')) };
    const onEvent = once({ store: broken }, () => Promise.reject(new Error('no')));
    const failure = await Promise.resolve(onEvent(deliveryOf('1').event, deliveryOf('1'))).catch(
      (error) => error,
    );
    expect(failure.errors.map(String)).toEqual(['Error: no', 'Error: down']);
  });

  it('answers a simultaneous attempt with 503 and Retry-After', async () => {
    const { store } = await memory();
    let release = () => {};
    const working = new Promise<void>((resolve) => {
      release = resolve;
    });
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const errors: unknown[] = [];
    let handled = 0;
    const receiver = createReceiver({
      secret,
      onError: (error) => errors.push(error),
      onEvent: once({ store, leaseSeconds: 30 }, async () => {
        handled += 1;
        await working;
      }),
    });
    const { Webhook } = await import('standardwebhooks');
    const request = () => {
      const body = JSON.stringify(deliveryOf('1').event);
      const at = new Date();
      return new Request('http://consumer.test/', {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/cloudevents+json',
          'webhook-id': 'dlv_1',
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign('dlv_1', at, body),
          'busbar-attempt': '1',
        },
      });
    };
    const first = receiver.fetch(request());
    await expect.poll(() => handled).toBe(1);
    const second = await receiver.fetch(request());
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '30']);
    expect(errors).toEqual([expect.any(RetryLaterError)]);
    release();
    expect((await first).status).toBe(204);
    expect((await receiver.fetch(request())).status).toBe(204);
    expect(handled).toBe(1);
  });
});

describe('newestOnly', () => {
  const version = (id: string, value: unknown, subject = 'order-7') =>
    deliveryOf(id, { subject, version: value });

  async function consumer() {
    const { store } = await memory();
    const handled: unknown[] = [];
    const stale: unknown[] = [];
    const onEvent = newestOnly(
      { store, onStale: ({ event }, known) => stale.push([event.version, known]) },
      (event) => handled.push(event.version),
    );
    const deliver = (delivery: Delivery) => onEvent(delivery.event, delivery);
    return { deliver, handled, stale };
  }

  it('handles newer versions, and drops older ones and those already handled', async () => {
    const { deliver, handled, stale } = await consumer();
    for (const [index, value] of [1, 3, 2, 3, 4].entries()) await deliver(version(String(index), value));
    expect(handled).toEqual([1, 3, 4]);
    expect(stale).toEqual([
      [2, 3],
      [3, 3],
    ]);
  });

  it('compares versions by source and subject, even as text in binary mode, and always handles events without a version', async () => {
    const { deliver, handled } = await consumer();
    await deliver(version('1', 5));
    await deliver(version('2', '4', 'order-8'));
    await deliver(version('3', '10'));
    await deliver(version('4', undefined));
    expect(handled).toEqual([5, '4', '10', undefined]);
  });

  it.each([0, -1, 1.5, 'two', '', true])('refuses the version %j', async (value) => {
    const { deliver, handled } = await consumer();
    await expect(deliver(version('1', value))).rejects.toThrow(TypeError);
    expect(handled).toEqual([]);
  });

  it('ends with the newest version, in whatever order and however often events come', async () => {
    const order = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(order, async (versions) => {
        const { deliver, handled } = await consumer();
        for (const value of versions) await deliver(version(`v-${value}`, value));
        expect(handled).toEqual([...new Set(handled)].sort((a, b) => Number(a) - Number(b)));
        expect(handled.at(-1)).toBe(Math.max(...versions));
      }),
    );
  });

  it('handles events with the same key one at a time', async () => {
    const { store } = await memory();
    let release = () => {};
    const onEvent = newestOnly(
      { store },
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    const first = onEvent(version('1', 1).event, version('1', 1));
    await expect(onEvent(version('2', 2).event, version('2', 2))).rejects.toBeInstanceOf(RetryLaterError);
    release();
    await first;
    const second = onEvent(version('2', 2).event, version('2', 2));
    await Promise.resolve();
    release();
    await second;
  });
});
