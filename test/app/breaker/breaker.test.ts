import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { describe, expect, it } from 'vitest';
import { getReceiverAndBreaker } from '../../../lib/app/breaker/breaker-by-hand.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { pauseReceiver } from '../../../lib/app/registry/flow.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { breakerRampStepSeconds } from '../../../lib/core/breaker/limits.ts';
import { bus as limits } from '../../../lib/core/kernel/limits.ts';
import { queueArn } from '../../../lib/core/kernel/place.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, answer, shorthand, type TestBus, testBus } from '../bus.ts';
import { forceBreaker, putReceiver } from '../calls.ts';

const url = 'https://shop.example.com/events';
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

async function busWithReceiver(fields: Parameters<TestBus['receiver']>[1] = {}): Promise<TestBus> {
  const bus = await testBus();
  await bus.receiver('shop', fields);
  return bus;
}

const invoke = (bus: TestBus, ids: readonly string[], receiver = 'shop') =>
  publish(bus.tools, admin, { receiver }, shorthand(ids.map((id) => ({ type: 'a', id, data: { id } }))));
const numbered = (count: number, prefix = 'e') => Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

const breakerOf = async (bus: TestBus) => (await getReceiverAndBreaker(bus.tools, admin, 'shop')).breaker;
const stateOf = async (bus: TestBus) => (await breakerOf(bus)).state;
const lane = (bus: TestBus, receiver = 'shop') => bus.count(bus.urlOf(receiver, 'online'));
const isEmpty = async (bus: TestBus) => {
  const { ready, inFlight } = await lane(bus);
  return ready + inFlight === 0;
};
const deadLetters = async (bus: TestBus) => (await bus.count(bus.urlOf('shop', 'dead-letters'))).ready;
const receives = (bus: TestBus) =>
  bus.calls.filter((call) => call === 'sqs.ReceiveMessage busbar-shop-online').length;
const mappingState = async (bus: TestBus) => {
  const { EventSourceMappings = [] } = await bus.lambda.send(
    new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
  );
  return EventSourceMappings[0]?.State;
};
const schedules = async (bus: TestBus) => {
  const { Schedules = [] } = await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }));
  return Schedules.map(({ Name }) => Name);
};
const posts = (bus: TestBus, receiver = 'shop') =>
  bus.requests.filter((request) => request.url.includes(`//${receiver}.`));
const attemptOf = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
  Number(headers['busbar-attempt']);

/** A receiver whose breaker has just opened, by ten failures in a batch. */
async function openBus(fields: Parameters<TestBus['receiver']>[1] = {}): Promise<TestBus> {
  // Their retries are far off, so that they play no part in what follows.
  const bus = await busWithReceiver({ retry: { delaysSeconds: [3600] }, ...fields });
  bus.endpoint(url, () => 503);
  await invoke(bus, numbered(10));
  await bus.runLane('shop');
  expect(await stateOf(bus)).toBe('open');
  return bus;
}

describe('the count over all invocations', () => {
  it('writes nothing while all is well', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 200);
    await invoke(bus, numbered(30));
    bus.calls.length = 0;
    for (let batch = 0; batch < 3; batch++) await bus.runLane('shop');
    expect(posts(bus)).toHaveLength(30);
    expect(bus.calls.filter((call) => /^dynamodb\.(Put|Update|Delete|BatchWrite)/.test(call))).toEqual([]);
  });

  it('is one write for a batch with failures', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, ({ body }) => (String(body).includes('"e-1"') ? 500 : 200));
    await invoke(bus, numbered(10));
    bus.calls.length = 0;
    await bus.runLane('shop');
    expect(bus.calls.filter((call) => call.startsWith('dynamodb.UpdateItem'))).toHaveLength(1);
    expect(await stateOf(bus)).toBe('closed');
  });

  it('adds up what each instance has seen', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [3600] } });
    bus.endpoint(url, () => 500);
    for (let instance = 0; instance < 9; instance++) {
      await invoke(bus, [`e-${instance}`]);
      await bus.runLane('shop', bus.newTools());
      expect(await stateOf(bus)).toBe('closed');
    }
    await invoke(bus, ['last']);
    await bus.runLane('shop', bus.newTools());
    expect(await breakerOf(bus)).toMatchObject({
      state: 'open',
      reason: '10 of 10 attempts within 300 s failed, the last one by http-500',
    });
  });

  it('does not open for a few failures among many successes', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, ({ body }) => (/"e-\d*[05]"/.test(String(body)) ? 500 : 200));
    await invoke(bus, numbered(100));
    while ((await lane(bus)).ready > 0) await bus.runLane('shop');
    expect(posts(bus)).toHaveLength(100);
    expect(await stateOf(bus)).toBe('closed');
  });

  it('leaves business failures and throttling out', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, ({ body }) => (/"e-\d*[02468]"/.test(String(body)) ? 422 : 429));
    await invoke(bus, numbered(40));
    while ((await lane(bus)).ready > 0) await bus.runLane('shop');
    expect(await stateOf(bus)).toBe('closed');
  });

  it('that cannot be written brings back nothing that was delivered', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, ({ body }) => (String(body).includes('"e-1"') ? 500 : 200));
    bus.intercept('dynamodb.UpdateItem', () => {
      throw new AwsError('ProvisionedThroughputExceededException', 'slow down', { status: 400 });
    });
    await invoke(bus, numbered(5));
    expect(await bus.runLane('shop')).toEqual({ received: 5, kept: 1 });
    expect(bus.lines.join()).toContain('A breaker could not be changed');
  });
});

describe('an open breaker', () => {
  it('is written and told once, as an error that an alarm counts', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 503);
    await invoke(bus, numbered(100));
    bus.run();
    await bus.clock.until(async () => (await stateOf(bus)) === 'open', minute);
    await bus.clock.advance(10 * second);
    expect(bus.lines.filter((line) => line.startsWith('error: A breaker opened'))).toHaveLength(1);
  });

  it('parks what it gets until its probe, posts nothing and spends no attempt', async () => {
    const bus = await openBus();
    const asked = posts(bus).length;
    await invoke(bus, numbered(10, 'new'));
    expect(await bus.runLane('shop')).toEqual({ received: 10, kept: 10 });
    expect(posts(bus)).toHaveLength(asked);
    expect(await lane(bus)).toMatchObject({ ready: 0 });
    expect((await bus.rows('delivery#')).length).toBe(10);
    await bus.clock.advance(29 * second);
    expect((await lane(bus)).ready).toBe(0);
  });

  it('asks the table nothing for what it parks', async () => {
    const bus = await openBus();
    await invoke(bus, numbered(10, 'new'));
    bus.calls.length = 0;
    await bus.runLane('shop');
    expect(bus.calls.filter((call) => call.startsWith('dynamodb.'))).toEqual([]);
  });

  it('is probed by one delivery alone, whose failure spends no attempt and is not recorded', async () => {
    const bus = await openBus();
    const asked = posts(bus).length;
    await invoke(bus, numbered(10, 'new'));
    await bus.runLane('shop');
    await bus.clock.advance(35 * second);
    const instances = [bus.newTools(), bus.newTools(), bus.newTools()];
    await Promise.all(instances.map((tools) => bus.runLane('shop', tools)));
    expect(posts(bus)).toHaveLength(asked + 1);
    const [probe] = posts(bus).slice(asked);
    expect(probe && attemptOf(probe)).toBe(1);
    expect(String(probe?.body)).toContain('new-');
    expect((await bus.rows('delivery#')).length).toBe(10);
  });

  it('is not kept open by one event that breaks its endpoint: the next probe is another one', async () => {
    const bus = await openBus();
    const idOf = ({ body }: HttpRequest): string => JSON.parse(String(body)).id;
    // Whichever is tried first is the one that breaks it.
    let bad: string | undefined;
    bus.endpoint(url, (request) => {
      bad ??= idOf(request);
      return idOf(request) === bad ? 500 : 200;
    });
    await invoke(bus, ['waits']);
    // Half a minute and up to a tenth more.
    await bus.clock.advance(34 * second);
    const before = posts(bus).length;
    await bus.runLane('shop');
    expect(posts(bus).slice(before).map(idOf)).toEqual([bad]);
    await invoke(bus, ['good']);
    bus.run();
    await bus.clock.until(
      async () =>
        posts(bus)
          .slice(before)
          .some((request) => idOf(request) !== bad),
      10 * minute,
    );
  });

  it('is not opened further by a fault of ours in its probe', async () => {
    const bus = await openBus();
    await invoke(bus, ['new']);
    await bus.clock.advance(34 * second);
    bus.endpoint(url, () => {
      throw new TypeError('a bug');
    });
    await bus.runLane('shop');
    expect(bus.lines.filter((line) => line.includes('An attempt broke off'))).toHaveLength(1);
    bus.endpoint(url, () => 200);
    await bus.clock.advance(limits.deliverTimeoutSeconds * 6 * second);
    await invoke(bus, ['newer']);
    await bus.runLane('shop');
    expect(await stateOf(bus)).toBe('half-open');
  });

  it('closes for another endpoint at once', async () => {
    const bus = await openBus();
    bus.endpoint('https://new.example.com/', () => 200);
    await putReceiver(bus.tools, admin, 'shop', { endpoint: 'https://new.example.com/' }, []);
    expect(await stateOf(bus)).toBe('closed');
    await invoke(bus, ['new']);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
  });

  it('goes with its receiver', async () => {
    const bus = await openBus();
    await deleteReceiver(bus.tools, admin, 'shop', true);
    await bus.clock.advance(2 * minute);
    await bus.receiver('shop');
    expect(await stateOf(bus)).toBe('closed');
  });
});

describe('a receiver that is probed by HEAD', () => {
  it('gets no event before its endpoint answers one', async () => {
    const bus = await openBus({ breaker: { probe: 'head' }, retry: { delaysSeconds: [1] } });
    const asked = posts(bus).length;
    await bus.clock.advance(34 * second);
    await bus.runLane('shop');
    expect(
      posts(bus)
        .slice(asked)
        .map(({ method }) => method),
    ).toEqual(['HEAD']);
    bus.endpoint(url, ({ method }) => (method === 'HEAD' ? 405 : 200));
    await bus.clock.advance(70 * second);
    await bus.runLane('shop');
    expect(await stateOf(bus)).toBe('half-open');
    expect(
      posts(bus)
        .slice(asked + 1)
        .map(({ method }) => method),
    ).toEqual(['HEAD', 'POST']);
  });
});

describe('an outage of 28 hours', () => {
  it('costs few receives and no attempts, leaves others alone, and all events arrive afterwards', async () => {
    const bus = await busWithReceiver();
    await bus.receiver('other');
    let isDown = true;
    const from = bus.clock.now();
    bus.endpoint(url, () => (isDown ? answer(503) : 204));
    bus.endpoint('https://other.example.com/events', () => 204);
    bus.run();
    await invoke(bus, numbered(100));
    await bus.clock.until(async () => (await mappingState(bus)) === 'Disabled', hour);
    expect(await schedules(bus)).toEqual(['probe-shop']);
    // Polls of an idle lane are no receives of ours to count.
    const polled = receives(bus);
    const spent = posts(bus).filter(() => true).length;
    for (let at = 1; at <= 28; at++) {
      await invoke(bus, [`hour-${at}`]);
      await invoke(bus, [`hour-${at}`], 'other');
      await bus.clock.advance(from + at * hour - bus.clock.now());
    }
    expect(await mappingState(bus)).toBe('Disabled');
    expect(posts(bus, 'other')).toHaveLength(28);
    expect(await lane(bus, 'other')).toMatchObject({ ready: 0, inFlight: 0 });
    // One receive and one post a probe, about every half hour.
    expect(receives(bus) - polled).toBeLessThan(70);
    expect(posts(bus).length - spent).toBeLessThan(70);
    expect(await deadLetters(bus)).toBe(0);
    const highest = Math.max(...posts(bus).map(attemptOf));
    expect(highest).toBeLessThanOrEqual(4);

    isDown = false;
    const before = posts(bus).length;
    await bus.clock.until(async () => (await stateOf(bus)) === 'closed' && (await isEmpty(bus)), 12 * hour);
    const arrived = posts(bus)
      .slice(before)
      .map(({ body }) => JSON.parse(String(body)).id);
    expect([...arrived].sort()).toEqual(
      [...numbered(100), ...numbered(28, 'hour').map((_, at) => `hour-${at + 1}`)].sort(),
    );
    expect(await deadLetters(bus)).toBe(0);
    expect(await schedules(bus)).toEqual([]);
    expect(await mappingState(bus)).toBe('Enabled');
  }, 120_000);

  it('ends with a ramp: the first seconds bring few requests at once', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [3600] } });
    let isDown = true;
    let running = 0;
    const most: number[] = [];
    let backAtMs = 0;
    bus.endpoint(url, async () => {
      if (isDown) return 503;
      backAtMs ||= bus.clock.now();
      const step = Math.floor((bus.clock.now() - backAtMs) / (breakerRampStepSeconds * second));
      most[step] = Math.max(most[step] ?? 0, ++running);
      await new Promise<void>((resolve) => bus.clock.setTimer(200, resolve));
      running--;
      return 204;
    });
    bus.run();
    for (let at = 0; at < 3; at++) await invoke(bus, numbered(100, `wait-${at}`));
    await bus.clock.until(() => bus.calls.includes('scheduler.CreateSchedule'), hour);
    await bus.clock.until(async () => (await mappingState(bus)) === 'Disabled', minute);
    isDown = false;
    await bus.clock.until(() => bus.lines.some((line) => line.includes('A breaker is closed')), 2 * hour);
    // One in each of ten concurrent batches, then two.
    const [atFirst = Number.NaN, then = Number.NaN] = most.filter((count) => count > 0);
    expect(atFirst).toBeLessThanOrEqual(10);
    expect(then).toBeLessThanOrEqual(20);
    // Those that had failed before it opened have their retry within the hour.
    await bus.clock.advance(2 * hour);
    expect(await isEmpty(bus)).toBe(true);
    expect(new Set(posts(bus).map(({ headers }) => headers['webhook-id'])).size).toBe(300);
  }, 120_000);

  it.each<[string, `${'lambda' | 'scheduler' | 'dynamodb'}.${string}`]>([
    ['polling could not be stopped', 'lambda.UpdateEventSourceMapping'],
    ['no schedule could be made', 'scheduler.CreateSchedule'],
    ['no schedule could be deleted', 'scheduler.DeleteSchedule'],
  ])(
    'is got over even when at first %s',
    async (_, operation) => {
      const bus = await busWithReceiver();
      let isDown = true;
      bus.endpoint(url, () => (isDown ? 503 : 204));
      bus.run();
      let refusals = 0;
      bus.intercept(operation, (_input, next) => {
        if (refusals++ < 2) throw new AwsError('TooManyRequestsException', 'slow down', { status: 429 });
        return next();
      });
      await invoke(bus, numbered(20));
      await bus.clock.until(async () => (await mappingState(bus)) === 'Disabled', 4 * hour);
      isDown = false;
      await bus.clock.until(async () => (await stateOf(bus)) === 'closed' && (await isEmpty(bus)), 12 * hour);
      await bus.clock.until(async () => (await schedules(bus)).length === 0, hour);
      expect(await deadLetters(bus)).toBe(0);
      await bus.clock.until(async () => (await mappingState(bus)) === 'Enabled', minute);
    },
    60_000,
  );
});

describe('by hand', () => {
  it('is opened: polling stops, and nothing is posted until it is given back, then little at a time', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 200);
    bus.run();
    expect(await forceBreaker(bus.tools, admin, 'shop', { state: 'open' })).toMatchObject({
      state: 'open',
      forced: true,
      reason: 'opened by hand by ops',
    });
    await bus.clock.until(async () => (await mappingState(bus)) === 'Disabled', minute);
    await invoke(bus, numbered(20));
    await bus.clock.advance(24 * hour);
    expect(posts(bus)).toEqual([]);
    expect(await forceBreaker(bus.tools, admin, 'shop', { state: 'auto' })).toMatchObject({
      state: 'half-open',
      forced: false,
    });
    await bus.clock.until(() => isEmpty(bus), hour);
    expect(posts(bus)).toHaveLength(20);
  });

  it('is closed: deliveries are attempted, whatever they come to', async () => {
    const bus = await openBus({ retry: { delaysSeconds: [] } });
    await forceBreaker(bus.tools, admin, 'shop', { state: 'closed' });
    await invoke(bus, numbered(10, 'new'));
    await bus.clock.advance(40 * second);
    await bus.runLane('shop');
    expect(await breakerOf(bus)).toMatchObject({ state: 'closed', forced: true });
    expect(await deadLetters(bus)).toBeGreaterThan(0);
  });

  it('starts polling again where it had been stopped', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 503);
    bus.run();
    await invoke(bus, numbered(20));
    await bus.clock.until(async () => (await mappingState(bus)) === 'Disabled', hour);
    await forceBreaker(bus.tools, admin, 'shop', { state: 'closed' });
    await bus.clock.until(async () => (await mappingState(bus)) === 'Enabled', minute);
    expect(await schedules(bus)).toEqual([]);
  });

  it('never starts a receiver that is paused', async () => {
    const bus = await busWithReceiver();
    bus.run();
    await pauseReceiver(bus.tools, admin, 'shop');
    await bus.clock.until(async () => (await mappingState(bus)) === 'Disabled', minute);
    await forceBreaker(bus.tools, admin, 'shop', { state: 'closed' });
    await bus.clock.advance(minute);
    expect(await mappingState(bus)).toBe('Disabled');
  });

  it('is refused to others, and with a state that is none', async () => {
    const bus = await busWithReceiver();
    const stranger = { application: 'other', role: 'member' } as const;
    await expect(forceBreaker(bus.tools, stranger, 'shop', { state: 'open' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(forceBreaker(bus.tools, admin, 'shop', { state: 'ajar' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(forceBreaker(bus.tools, admin, 'none', { state: 'open' })).rejects.toMatchObject({
      code: 'unknown_receiver',
    });
  });
});

describe('an endpoint that asks to be left alone', () => {
  const throttling = async (retryAfter: string) => {
    const bus = await busWithReceiver();
    let requests = 0;
    bus.endpoint(url, () => (requests++ === 0 ? answer(429, { 'retry-after': retryAfter }) : 204));
    await invoke(bus, ['e-1']);
    await bus.runLane('shop');
    return bus;
  };

  it('gets nothing until then, neither this event nor another, from no instance; and spends no attempt', async () => {
    const bus = await throttling('600');
    await invoke(bus, numbered(5, 'later'));
    for (const instance of [bus.tools, bus.newTools()]) await bus.runLane('shop', instance);
    expect(posts(bus)).toHaveLength(1);
    expect(await breakerOf(bus)).toMatchObject({
      state: 'closed',
      restsUntil: new Date(bus.clock.now() + 600 * second).toISOString(),
    });
    bus.run();
    await bus.clock.advance(9 * minute);
    expect(posts(bus)).toHaveLength(1);
    await bus.clock.advance(4 * minute);
    expect(posts(bus)).toHaveLength(7);
    expect(posts(bus).map(attemptOf).sort()).toEqual([1, 1, 1, 1, 1, 1, 2]);
    expect(await breakerOf(bus)).not.toHaveProperty('restsUntil');
  });

  it('is kept apart from that of an endpoint that the receiver gets meanwhile', async () => {
    const bus = await throttling('600');
    const next = 'https://shop.example.com/other';
    bus.endpoint(next, () => 204);
    await putReceiver(bus.tools, admin, 'shop', { endpoint: next }, []);
    await bus.clock.advance(6 * second);
    await invoke(bus, ['later']);
    await bus.runLane('shop');
    expect(posts(bus).at(-1)?.url).toBe(next);
  });

  it('says nothing by a 429 without a time: only its event waits for a retry', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 429);
    await invoke(bus, ['e-1']);
    await bus.runLane('shop');
    await invoke(bus, ['e-2']);
    await bus.runLane('shop');
    expect(posts(bus)).toHaveLength(2);
    expect(await breakerOf(bus)).not.toHaveProperty('restsUntil');
  });

  it('may say so to a probe: it works, and is left alone', async () => {
    const bus = await openBus();
    let requests = 0;
    bus.endpoint(url, () => (requests++ === 0 ? answer(429, { 'retry-after': '600' }) : 204));
    await invoke(bus, ['new']);
    bus.run();
    await bus.clock.advance(9 * minute);
    expect(requests).toBe(1);
    expect(await breakerOf(bus)).toMatchObject({ state: 'half-open', restsUntil: expect.any(String) });
    await bus.clock.advance(4 * minute);
    expect(requests).toBeGreaterThan(1);
  });

  it('keeps the rest of a batch back that is sent one by one', async () => {
    const bus = await busWithReceiver({ limits: { concurrency: 1 } });
    bus.endpoint(url, () => answer(429, { 'retry-after': '60' }));
    await invoke(bus, numbered(10));
    await bus.runLane('shop');
    expect(posts(bus)).toHaveLength(1);
  });
});
