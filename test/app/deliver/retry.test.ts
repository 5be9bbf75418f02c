import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { attemptRetriedLine, deliveryIdOf } from '../../../lib/core/deliver/delivery.ts';
import { retrySlotWaitSeconds } from '../../../lib/core/deliver/limits.ts';
import type { HttpResult } from '../../../lib/core/kernel/http-result.ts';
import { bus as limits } from '../../../lib/core/kernel/limits.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, answer, shorthand, type TestBus, testBus } from '../bus.ts';

const url = 'https://shop.example.com/events';
const second = 1000;
const hour = 3600 * second;

async function busWithReceiver(fields: Parameters<TestBus['receiver']>[1] = {}): Promise<TestBus> {
  const bus = await testBus();
  await bus.receiver('shop', fields);
  return bus;
}

const invoke = (bus: TestBus, ids: readonly string[], type = 'a') =>
  publish(bus.tools, admin, { receiver: 'shop' }, shorthand(ids.map((id) => ({ type, id, data: { id } }))));
const numbered = (count: number) => Array.from({ length: count }, (_, at) => `old-${at}`);
const idOf = ({ body }: HttpRequest): string => JSON.parse(String(body)).id;
const attempts = (bus: TestBus) => bus.requests.map(({ headers }) => Number(headers['busbar-attempt']));
const deadLetters = async (bus: TestBus) => (await bus.count(bus.urlOf('shop', 'dead-letters'))).ready;
const recordOf = async (bus: TestBus, id: string) => {
  const deliveryId = deliveryIdOf({ source: '/applications/ops', id }, undefined, 'shop');
  return (await bus.tools.deliveries.find([deliveryId])).get(deliveryId);
};
const visibility = limits.deliverTimeoutSeconds * 6 * second;

/** These failures are not for the breaker to stop. */
const breaker = { minimumAttempts: 10_000 };

it('says how long a retried event has waited, which the backlog alarm reads', async () => {
  const bus = await busWithReceiver({ breaker, retry: { delaysSeconds: [600, 600] } });
  bus.endpoint(url, () => 500);
  await invoke(bus, ['1']);
  await bus.runLane('shop');
  await bus.clock.advance(1300 * second);
  await bus.runLane('shop');
  const retries = bus.lines.filter((line) => line.startsWith(`warn: ${attemptRetriedLine} `));
  const fields = retries.map((line) => JSON.parse(line.slice(line.indexOf('{'))));
  expect(fields).toMatchObject([
    { receiver: 'shop', attempt: 1, declared: false },
    { receiver: 'shop', attempt: 2, declared: false },
  ]);
  expect(fields[0].waitedSeconds).toBeLessThan(10);
  expect(fields[1].waitedSeconds).toBeGreaterThanOrEqual(1300);
});

describe('the policy', () => {
  it('is another one for the types that the receiver names', async () => {
    const bus = await busWithReceiver({
      retry: {
        delaysSeconds: [1000],
        types: { urgent: { delaysSeconds: [2] }, once: { delaysSeconds: [] } },
      },
    });
    bus.endpoint(url, () => 500);
    await invoke(bus, ['1'], 'urgent');
    await invoke(bus, ['2'], 'once');
    await invoke(bus, ['3'], 'other');
    while ((await bus.runLane('shop')).received > 0);
    expect(await deadLetters(bus)).toBe(1);
    await bus.clock.advance(4 * second);
    await bus.runLane('shop');
    expect(bus.requests.slice(3).map(idOf)).toEqual(['1']);
    expect(await deadLetters(bus)).toBe(2);
  });

  it('tries a business failure once where the receiver says so, and a system failure again', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [5], businessFailures: 'dead-letter' } });
    bus.endpoint(url, (request) => (idOf(request) === 'bad' ? 422 : 500));
    await invoke(bus, ['bad', 'unlucky']);
    await bus.runLane('shop');
    expect(await recordOf(bus, 'bad')).toMatchObject({ state: 'dead', attempts: 1, failure: 'business' });
    expect(await recordOf(bus, 'unlucky')).toMatchObject({ state: 'retrying', failure: 'system' });
    const [letter] = await bus.receive(bus.urlOf('shop', 'dead-letters'));
    expect(letter?.attributes).toMatchObject({ 'busbar-cause': 'http-422', 'busbar-failure': 'business' });
  });

  it.each<[string, number, HttpResult, Parameters<TestBus['receiver']>[1]]>([
    ['of a policy', 11 * 3600, answer(500), { retry: { delaysSeconds: [11 * 3600] } }],
    ['of a Retry-After', 20 * 3600, answer(503, { 'retry-after': String(20 * 3600) }), {}],
  ])(
    '%s may wait longer than a message can be hidden, and the wait is chained',
    async (_, seconds, outcome, fields) => {
      const bus = await busWithReceiver(fields);
      const times: number[] = [];
      bus.endpoint(url, () => {
        times.push(bus.clock.now());
        return times.length === 1 ? outcome : 200;
      });
      await invoke(bus, ['1']);
      bus.run();
      await bus.clock.until(() => times.length === 2, 30 * hour);
      const [first = 0, next = 0] = times;
      expect(next - first).toBeGreaterThanOrEqual(seconds * second);
      // A tenth of jitter, and the time until a poller looks.
      expect(next - first).toBeLessThan(seconds * 1.1 * second + 30 * second);
      expect(attempts(bus)).toEqual([1, 2]);
    },
  );
});

describe('a first attempt', () => {
  /** A hundred deliveries that failed once and are due again at the same time. */
  async function busWithRetries(again: (request: HttpRequest) => Promise<number | HttpResult>) {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [60, 600, 600] }, breaker });
    const fresh: { askedMs?: number } = {};
    bus.endpoint(url, (request) => {
      if (idOf(request) === 'fresh') {
        fresh.askedMs = bus.clock.now();
        return 200;
      }
      return Number(request.headers['busbar-attempt']) === 1 ? 500 : again(request);
    });
    await invoke(bus, numbered(100));
    bus.run();
    await bus.clock.until(() => bus.requests.length === 100, 60 * second);
    return { bus, fresh };
  }

  it('is not delayed by a hundred retries that are due at once, however slow they are', async () => {
    let running = 0;
    let most = 0;
    const hang = async (bus: TestBus): Promise<HttpResult> => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => bus.clock.setTimer(15 * second, resolve));
      running--;
      return { kind: 'failure', failure: 'timeout', message: 'No response within 15 s.' };
    };
    const { bus, fresh } = await busWithRetries(() => hang(bus));
    await bus.clock.until(() => running > 0, 120 * second);
    // By now all are due, and whoever found no slot looks again.
    await bus.clock.advance(7 * second);
    const publishedMs = bus.clock.now();
    await invoke(bus, ['fresh']);
    await bus.clock.until(() => fresh.askedMs !== undefined, 60 * second);
    expect((fresh.askedMs ?? 0) - publishedMs).toBeLessThanOrEqual(second);
    // Half of the ten concurrent batches.
    expect(most).toBeLessThanOrEqual(50);
    await bus.clock.until(
      () => attempts(bus).filter((attempt) => attempt === 2).length === 100,
      300 * second,
    );
    // The last ones end, so that no invocation is left running.
    await bus.clock.advance(60 * second);
  });

  it('comes before the retries of its own batch', async () => {
    const bus = await busWithReceiver({
      retry: { delaysSeconds: [5, 5] },
      limits: { concurrency: 2 },
      breaker,
    });
    bus.endpoint(url, () => 500);
    await invoke(bus, ['1', '2', '3']);
    while ((await bus.runLane('shop')).received > 0);
    await bus.clock.advance(6 * second);
    await invoke(bus, ['new']);
    await bus.runLane('shop');
    expect(bus.requests.slice(3).map(idOf)[0]).toBe('new');
  });

  it('goes on while no slot for retries can be taken', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [5, 5] }, breaker });
    bus.endpoint(url, (request) => (idOf(request) === '1' ? 500 : 200));
    await invoke(bus, ['1']);
    await bus.runLane('shop');
    await bus.clock.advance(6 * second);
    bus.intercept('dynamodb.PutItem', () => {
      throw new AwsError('ProvisionedThroughputExceededException', 'slow down', { status: 400 });
    });
    await invoke(bus, ['2']);
    expect(await bus.runLane('shop')).toEqual({ received: 2, kept: 1 });
    bus.restore('dynamodb.PutItem');
    await bus.clock.advance(2 * retrySlotWaitSeconds * second + second);
    await bus.runLane('shop');
    expect(
      bus.requests.filter((request) => idOf(request) === '1').map(({ headers }) => headers['busbar-attempt']),
    ).toEqual(['1', '2']);
  });

  it('finds slots free again that a crash left behind', async () => {
    const bus = await busWithReceiver({
      retry: { delaysSeconds: [5, 5] },
      limits: { concurrency: 2 },
      breaker,
    });
    bus.endpoint(url, () => 500);
    await invoke(bus, ['1']);
    await bus.runLane('shop');
    await bus.tools.slots.take('retry', 'shop', '0', bus.clock.now());
    await bus.clock.advance(6 * second);
    await bus.runLane('shop');
    expect(attempts(bus)).toEqual([1]);
    await bus.clock.advance(limits.deliverTimeoutSeconds * second);
    await bus.runLane('shop');
    expect(attempts(bus)).toEqual([1, 2]);
  });
});

describe('no attempt is spent', () => {
  it('by a throttle while records are read, which stops no first attempt either', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [5, 600] } });
    bus.endpoint(url, (request) => (idOf(request) === '1' ? 500 : 200));
    await invoke(bus, ['1']);
    await bus.runLane('shop');
    await bus.clock.advance(6 * second);
    bus.intercept('dynamodb.BatchGetItem', () => {
      throw new AwsError('ProvisionedThroughputExceededException', 'slow down', { status: 400 });
    });
    await invoke(bus, ['2']);
    expect(await bus.runLane('shop')).toEqual({ received: 2, kept: 1 });
    expect(bus.requests.map(idOf)).toEqual(['1', '2']);
    bus.restore('dynamodb.BatchGetItem');
    await bus.clock.advance(limits.ownFaultSeconds * 1.2 * second);
    await bus.runLane('shop');
    expect(attempts(bus)).toEqual([1, 1, 2]);
  });

  it('by a throttle while they are written', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [5] } });
    bus.endpoint(url, () => 500);
    await invoke(bus, ['1']);
    bus.intercept('dynamodb.BatchWriteItem', () => {
      throw new AwsError('ProvisionedThroughputExceededException', 'slow down', { status: 400 });
    });
    for (let at = 0; at < 4; at++) {
      await bus.runLane('shop');
      await bus.clock.advance(6 * second);
    }
    expect(attempts(bus)).toEqual([1, 1, 1, 1]);
    expect(await deadLetters(bus)).toBe(0);
  });

  it('by a throttle of the function, or a crash before the attempt', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [5] } });
    bus.endpoint(url, () => 200);
    await invoke(bus, ['1']);
    for (let at = 0; at < 5; at++) {
      await bus.receive(bus.urlOf('shop', 'online'));
      await bus.clock.advance(visibility + second);
    }
    await bus.runLane('shop');
    expect(attempts(bus)).toEqual([1]);
  });

  it('by the end of the time of the function', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [] } });
    let isStuck = true;
    bus.endpoint(url, () => (isStuck ? new Promise(() => undefined) : 200));
    await invoke(bus, ['1']);
    bus.run();
    await bus.clock.until(() => bus.requests.length === 1, 60 * second);
    await bus.clock.advance(limits.deliverTimeoutSeconds * second);
    isStuck = false;
    await bus.clock.until(() => bus.requests.length === 2, 2 * visibility);
    expect(attempts(bus)).toEqual([1, 1]);
    expect(await deadLetters(bus)).toBe(0);
  });
});
