import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { type WhyQuestion, why } from '../../../lib/app/why/why.ts';
import { keptRowsAtOnce } from '../../../lib/core/catalog/limits.ts';
import type { Target } from '../../../lib/core/event/target.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, answer, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { forceBreaker } from '../calls.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const urlOf = (receiver: string) => `https://${receiver}.example.com/events`;

async function busWith(
  trace: 'none' | 'failures' | 'all' | undefined,
  subscriptions: Record<string, object | undefined> = { billing: undefined },
): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders', trace === undefined ? {} : { trace });
  for (const [receiver, filter] of Object.entries(subscriptions)) {
    await bus.receiver(receiver);
    await subscribe(bus, receiver, filter);
    bus.endpoint(urlOf(receiver), () => 200);
  }
  return bus;
}

async function subscribe(bus: TestBus, receiver: string, filter?: object): Promise<void> {
  await bus.subscription('orders', receiver, filter);
}

const send = (bus: TestBus, events: unknown, target: Target = { topic: 'orders' }, tools = bus.tools) =>
  publish(tools, admin, target, shorthand(events));
const ask = (bus: TestBus, question: string | WhyQuestion, who = admin) =>
  why(bus.tools, who, typeof question === 'string' ? { id: question } : question);
/** Moves the clock until the outcome is there. */
const until = (bus: TestBus, condition: () => boolean) => bus.clock.until(condition, 30 * hour);

describe('a topic whose trace is all', () => {
  it('tells who was subscribed, which rule refused, and when an event is delivered', async () => {
    const bus = await busWith('all', {
      billing: undefined,
      vip: { type: ['order.placed'], data: { total: [{ numeric: ['>=', 100] }] } },
    });
    await send(bus, { type: 'order.placed', id: 'o-1', data: { total: 5 } });
    const before = await ask(bus, 'o-1');
    expect(before.events[0]?.receivers).toMatchObject([
      { receiver: 'billing', matched: true, lane: 'online', state: 'accepted', attempts: [] },
      { receiver: 'vip', matched: false },
    ]);

    await bus.runLane('billing');
    const { events } = await ask(bus, 'o-1');
    expect(events).toMatchObject([
      {
        id: 'o-1',
        source: '/applications/ops',
        type: 'order.placed',
        topic: 'orders',
        publishedAt: '2026-01-01T00:00:00.000Z',
        trace: 'all',
      },
    ]);
    expect(events[0]?.receivers).toEqual([
      {
        receiver: 'billing',
        deliveryId: bus.requests[0]?.headers['webhook-id'],
        matched: true,
        lane: 'online',
        state: 'delivered',
        attempts: [
          {
            attempt: 1,
            at: '2026-01-01T00:00:00.000Z',
            lane: 'online',
            status: 200,
            latencyMs: 0,
            request: { headers: expect.objectContaining({ 'busbar-attempt': '1' }) },
          },
        ],
      },
      {
        receiver: 'vip',
        deliveryId: expect.stringMatching(/^dlv_/),
        matched: false,
        refusedBy: [{ key: 'data.total', condition: [{ numeric: ['>=', 100] }], because: 'different' }],
        attempts: [],
      },
    ]);
  });

  it('tells the subscriptions as they were at the publish', async () => {
    const bus = await busWith('all');
    await bus.clock.advance(6000);
    await send(bus, { type: 'a', id: '1' });
    await bus.receiver('late');
    await subscribe(bus, 'late');
    await bus.tools.registry.deleteSubscription('orders', 'billing');
    expect((await ask(bus, '1')).events[0]?.receivers.map(({ receiver }) => receiver)).toEqual(['billing']);
  });

  it('explains an event that no receiver accepted', async () => {
    const bus = await busWith('all', { vip: { type: ['b'] } });
    await send(bus, { type: 'a', id: '1' });
    expect((await ask(bus, '1')).events[0]?.receivers).toMatchObject([
      { receiver: 'vip', matched: false, refusedBy: [{ key: 'type', condition: ['b'] }] },
    ]);
  });

  it('tells that events of a disabled receiver are parked', async () => {
    const bus = await busWith('all');
    await bus.receiver('billing', { state: 'disabled' });
    await send(bus, { type: 'a', id: '1' });
    expect((await ask(bus, '1')).events[0]?.receivers).toMatchObject([
      { state: 'parked', note: 'the receiver is disabled' },
    ]);
  });

  it('tells equal ids of different sources apart', async () => {
    const bus = await busWith('all');
    await send(bus, [
      { type: 'a', id: 'same', source: '/one' },
      { type: 'b', id: 'same', source: '/two' },
    ]);
    const types = async (question: WhyQuestion) =>
      (await ask(bus, question)).events.map(({ source, type }) => `${source} ${type}`).sort();
    expect(await types({ id: 'same' })).toEqual(['/one a', '/two b']);
    expect(await types({ id: 'same', source: '/two' })).toEqual(['/two b']);
  });

  it('does not mix up the events of a batch', async () => {
    const bus = await busWith('all');
    await send(
      bus,
      Array.from({ length: 100 }, (_, n) => ({ type: `t${n % 3}`, id: `e${n}` })),
    );
    bus.run();
    await until(bus, () => bus.requests.length === 100);
    await bus.clock.advance(second);
    for (const n of [0, 7, 55, 99]) {
      const { events } = await ask(bus, `e${n}`);
      expect(events).toMatchObject([{ id: `e${n}`, type: `t${n % 3}`, receivers: [{ state: 'delivered' }] }]);
    }
    expect((await ask(bus, 'e100')).events).toEqual([]);
  });

  it('is kept for 30 days, and found until then', async () => {
    const bus = await busWith('all');
    await send(bus, { type: 'a', id: '1' });
    await bus.clock.advance(29 * 24 * hour);
    expect((await ask(bus, '1')).events).toHaveLength(1);
    expect((await ask(bus, { id: '1', sinceMs: bus.clock.now() - hour })).events).toHaveLength(0);
    await bus.clock.advance(2 * 24 * hour);
    expect((await ask(bus, '1')).events).toHaveLength(0);
  });

  it('is searched for some seconds at most, and then the answer says how far', async () => {
    const bus = await busWith('all');
    await send(bus, { type: 'a', id: '1' });
    await bus.clock.advance(29 * 24 * hour);
    let pages = 0;
    bus.intercept('dynamodb.Query', async (input, next) => {
      // Twenty pages take four seconds.
      if (input.TableName === 'busbar-traces' && ++pages % 20 === 0) await bus.clock.advance(4 * second);
      return next();
    });
    const { events, searched } = await ask(bus, '1');
    expect(events).toEqual([]);
    expect(searched.complete).toBe(false);
    expect(Date.parse(searched.since)).toBeGreaterThan(bus.clock.now() - 25 * 24 * hour);
    expect(Date.parse(searched.since)).toBeLessThan(bus.clock.now() - 2 * 24 * hour);
  });

  it('is searched from the time in its id', async () => {
    const bus = await busWith('all');
    const id = '019b76da-a800-7000-8000-000000000001';
    await send(bus, { type: 'a', id });
    await bus.clock.advance(3 * 24 * hour);
    bus.calls.length = 0;
    const answered = await ask(bus, id);
    expect(answered.events).toHaveLength(1);
    expect(answered.searched).toEqual({ since: '2025-12-31T23:00:00.000Z', complete: true });
    expect(bus.calls.filter((call) => call.startsWith('dynamodb.Query')).length).toBeLessThan(50);
  });
});

describe('a delivery that fails', () => {
  it.each(['failures', 'all'] as const)('has every attempt told, with trace %s', async (trace) => {
    const bus = await busWith(trace);
    bus.endpoint(urlOf('billing'), () =>
      bus.requests.length === 1 ? answer(500, {}, 'x'.repeat(3000)) : answer(503, {}, 'busy'),
    );
    bus.run();
    await send(bus, { type: 'a', id: '1' });
    await until(bus, () => bus.requests.length === 2);
    await bus.clock.advance(second);
    const [fate] = (await ask(bus, '1')).events[0]?.receivers ?? [];
    expect(fate).toMatchObject({ receiver: 'billing', matched: true, lane: 'online', state: 'retrying' });
    expect(fate?.attempts).toMatchObject([
      { attempt: 1, status: 500, latencyMs: 0, detail: 'x'.repeat(1024) },
      { attempt: 2, status: 503, detail: 'busy' },
    ]);
    expect(Date.parse(fate?.nextAttemptAt ?? '')).toBeGreaterThan(bus.clock.now());

    bus.endpoint(urlOf('billing'), () => 204);
    await until(bus, () => bus.requests.length === 3);
    await bus.clock.advance(second);
    const [delivered] = (await ask(bus, '1')).events[0]?.receivers ?? [];
    expect(delivered).toMatchObject({ state: 'delivered' });
    expect(delivered?.attempts.map(({ status }) => status)).toEqual([500, 503, 204]);
    expect(delivered).not.toHaveProperty('nextAttemptAt');
  });

  it('tells what kept an answer from coming', async () => {
    const bus = await busWith('failures');
    bus.endpoint(urlOf('billing'), () => ({
      kind: 'failure',
      failure: 'timeout',
      message: 'no answer in 15 s',
    }));
    await send(bus, { type: 'a', id: '1' });
    await bus.runLane('billing');
    const [attempt] = (await ask(bus, '1')).events[0]?.receivers[0]?.attempts ?? [];
    expect(attempt).toMatchObject({ error: 'timeout', detail: 'no answer in 15 s' });
    expect(attempt).not.toHaveProperty('status');
  });

  it('is shown as dead, with all of its attempts', async () => {
    const bus = await busWith('failures');
    bus.endpoint(urlOf('billing'), () => answer(500, {}, 'y'.repeat(2000)));
    bus.run();
    await send(bus, { type: 'a', id: '1' });
    await until(bus, () => bus.requests.length === 9);
    await bus.clock.advance(second);
    const [fate] = (await ask(bus, '1')).events[0]?.receivers ?? [];
    expect(fate?.state).toBe('dead');
    expect(fate?.attempts.map(({ attempt, status }) => [attempt, status])).toEqual(
      Array.from({ length: 9 }, (_, n) => [n + 1, 500]),
    );
    expect(fate?.attempts.at(-1)?.detail).toHaveLength(1024);
  });

  it('says of the others of its topic that they are not recorded', async () => {
    const bus = await busWith('failures', { billing: undefined, vip: { type: ['a'] } });
    bus.endpoint(urlOf('billing'), () => 500);
    await send(bus, { type: 'a', id: '1' });
    await bus.runLane('billing');
    await bus.runLane('vip');
    expect((await ask(bus, '1')).events[0]?.receivers).toMatchObject([
      { receiver: 'billing', state: 'retrying' },
      {
        receiver: 'vip',
        matched: 'unknown',
        state: 'unknown',
        note: 'not recorded: the trace of the topic orders is failures; there is no record of a failed attempt',
      },
    ]);
  });
});

describe('what is not recorded', () => {
  it('is said of events that were delivered at once, where the trace is failures', async () => {
    const bus = await busWith(undefined);
    await send(bus, { type: 'a', id: '1' });
    await bus.runLane('billing');
    const answered = await ask(bus, '1');
    expect(answered.events).toEqual([]);
    expect(answered.notRecorded).toMatch(
      /^not recorded: events that were delivered at once of the topic orders \(trace: failures\);.*there is no record of a failed attempt$/,
    );
  });

  it('is said of a topic whose trace is none, which leaves nothing but the count of attempts', async () => {
    const bus = await busWith('none');
    bus.endpoint(urlOf('billing'), () => 500);
    await send(bus, { type: 'a', id: '1' });
    await bus.runLane('billing');
    expect((await ask(bus, '1')).notRecorded).toContain('of the topic orders (trace: none)');
    expect(await bus.rows('event#')).toEqual([]);
    const id = String(bus.requests[0]?.headers['webhook-id']);
    const record = (await bus.tools.deliveries.find([id])).get(id);
    expect(record).toMatchObject({ attempts: 1, state: 'retrying' });
    expect(record).not.toHaveProperty('history');
  });

  it('is nothing when everything is traced: then the event is unknown', async () => {
    const bus = await busWith('all');
    const tools = { ...bus.tools, trace: 'all' as const };
    await expect(why(tools, admin, { id: 'never' })).rejects.toMatchObject({ code: 'unknown_event' });
  });
});

describe('events that go other ways', () => {
  it('are told when they were invoked', async () => {
    const bus = await busWith(undefined);
    const tools = { ...bus.tools, trace: 'all' as const };
    await send(bus, { type: 'a', id: '1' }, { receiver: 'billing' }, tools);
    await bus.runLane('billing');
    const [event] = (await why(tools, admin, { id: '1' })).events;
    expect(event).toMatchObject({ invoked: 'billing', receivers: [{ matched: true, state: 'delivered' }] });
    expect(event).not.toHaveProperty('topic');
  });

  it.each<[string, 'failures' | 'all', number]>([
    ['by a schedule, also where failures are traced', 'failures', 3600],
    ['by a schedule', 'all', 3600],
    ['by the delay queue', 'all', 60],
  ])('are told when they wait: %s', async (_, trace, delaySeconds) => {
    const bus = await busWith(trace);
    bus.run();
    const dueAtMs = bus.clock.now() + delaySeconds * second;
    await send(bus, { type: 'a', id: '1', delaySeconds });
    const [event] = (await ask(bus, '1')).events;
    const dueAt = new Date(dueAtMs).toISOString();
    expect(event).toMatchObject({ dueAt, receivers: [{ state: 'scheduled', nextAttemptAt: dueAt }] });
    await until(bus, () => bus.requests.length === 1);
    await bus.clock.advance(second);
    const state = (await ask(bus, '1')).events[0]?.receivers[0]?.state;
    expect(state).toBe(trace === 'all' ? 'delivered' : 'unknown');
  });
});

describe('members', () => {
  it('see the receivers that they own, and how many are hidden', async () => {
    const bus = await busWith('all', { billing: undefined });
    await bus.receiver('stock', { owner: 'warehouse' });
    await subscribe(bus, 'stock');
    await send(bus, { type: 'a', id: '1' });
    const seenBy = async (application: string) => (await ask(bus, '1', member(application))).events;
    expect(await seenBy('warehouse')).toMatchObject([
      { receivers: [{ receiver: 'stock' }], hiddenReceivers: 1 },
    ]);
    expect(await seenBy('shop')).toMatchObject([
      { receivers: [{ receiver: 'billing' }], hiddenReceivers: 1 },
    ]);
    expect(await seenBy('stranger')).toEqual([]);
  });
});

describe('a trace that cannot be written', () => {
  const failing = async (bus: TestBus, what: 'fails' | 'hangs') => {
    for (const operation of ['dynamodb.PutItem', 'dynamodb.BatchWriteItem'] as const) {
      bus.intercept(operation, (input, next) => {
        if (!JSON.stringify(input).match(/busbar-traces|event#/)) return next();
        if (what === 'hangs') return new Promise(() => {});
        throw new AwsError('InternalServerError', 'down', { status: 500 });
      });
    }
  };

  it.each(['fails', 'hangs'] as const)(
    'leaves publish and delivery as they are, when it %s',
    async (what) => {
      const bus = await busWith('all');
      bus.run();
      await failing(bus, what);
      const publishing = send(bus, [{ type: 'a', id: '1' }]);
      await until(bus, () => bus.requests.length === 1);
      await bus.clock.advance(5 * second);
      expect(await publishing).toMatchObject({ events: [{ status: 'accepted' }] });
      await bus.clock.advance(hour);
      expect(bus.requests).toHaveLength(1);
      const told = bus.lines.filter((line) => line.startsWith('warn: A trace could not be written'));
      // What is published, what is delivered, and what is kept for dry runs.
      expect(told).toHaveLength(3);
      expect(await bus.count(bus.urlOf('billing', 'online'))).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    },
  );

  it('leaves a failing delivery to be retried', async () => {
    const bus = await busWith('failures');
    bus.endpoint(urlOf('billing'), () => (bus.requests.length < 3 ? 500 : 200));
    bus.run();
    await failing(bus, 'fails');
    await send(bus, { type: 'a', id: '1' });
    await until(bus, () => bus.requests.length === 3);
    await bus.clock.advance(hour);
    expect(bus.requests).toHaveLength(3);
  });
});

describe('what it costs', () => {
  /** Writes and write units of 200 deliveries in batches of ten, when the instance has kept its first events for dry runs. */
  async function costOf(trace: 'none' | 'failures' | 'all', receivers: readonly string[], request: number) {
    const bus = await busWith(trace, Object.fromEntries(receivers.map((receiver) => [receiver, undefined])));
    for (let n = 0; n < keptRowsAtOnce; n++) await send(bus, { type: 'order.placed' });
    for (const receiver of receivers) {
      while ((await bus.runLane(receiver)).received > 0);
    }
    bus.requests.length = 0;
    bus.calls.length = 0;
    bus.meter.reset();
    const deliveries = 200;
    for (let sent = 0; sent < deliveries / receivers.length; sent += request) {
      await send(
        bus,
        Array.from({ length: request }, () => ({
          type: 'order.placed',
          id: bus.runtime.random.uuid(),
          source: '/shop/checkout',
          data: { total: 5, lines: [1, 2, 3] },
        })),
      );
      for (const receiver of receivers) {
        while ((await bus.runLane(receiver)).received > 0);
      }
    }
    expect(bus.requests).toHaveLength(deliveries);
    const writes = bus.calls.filter((call) => /^dynamodb\.(Put|BatchWrite|Update|Delete)/.test(call)).length;
    const units = bus.meter.counts()['dynamodb.write-units'] ?? 0;
    return { writes: writes / deliveries, units: units / deliveries };
  }

  it('is no write at all for deliveries that succeed at once, with trace failures and none', async () => {
    expect(await costOf('failures', ['a'], 10)).toEqual({ writes: 0, units: 0 });
    expect(await costOf('none', ['a'], 10)).toEqual({ writes: 0, units: 0 });
  });

  it.each<[string, string[], number]>([
    ['requests of 100 to one receiver', ['a'], 100],
    ['requests of 20 to one receiver', ['a'], 20],
    ['requests of 10 to two receivers', ['a', 'b'], 10],
    ['requests of 10 to five receivers', ['a', 'b', 'c', 'd', 'e'], 10],
  ])(
    'is at most 0.15 writes and 0.2 write units a delivery with trace all: %s',
    async (_, receivers, request) => {
      const cost = await costOf('all', receivers, request);
      expect(cost.writes).toBeGreaterThan(0.1);
      expect(cost.writes).toBeLessThanOrEqual(0.15);
      expect(cost.units).toBeLessThanOrEqual(0.2);
    },
  );

  it('of a batch that fails is one more write for its attempts, beside their records', async () => {
    const unitsOf = async (trace: 'none' | 'failures') => {
      const bus = await busWith(trace);
      bus.endpoint(urlOf('billing'), () => 503);
      await bus.receiver('billing', { retry: { delaysSeconds: [60, 60] } });
      await send(
        bus,
        Array.from({ length: 3 }, (_, n) => ({ type: 'order.placed', id: `order-${n}` })),
      );
      const units: number[] = [];
      for (let attempt = 0; attempt < 2; attempt++) {
        bus.meter.reset();
        await bus.runLane('billing');
        units.push(bus.meter.counts()['dynamodb.write-units'] ?? 0);
        await bus.clock.advance(70_000);
      }
      return units;
    };
    const [none = [], failures = []] = [await unitsOf('none'), await unitsOf('failures')];
    // The first failure of each also has the row by which its event is found.
    expect(failures.map((units, at) => units - (none[at] ?? 0))).toEqual([4, 1]);
  });

  it('is two writes for ten deliveries at least where ten events go to one receiver', async () => {
    expect(await costOf('all', ['a'], 10)).toEqual({ writes: 0.2, units: 0.2 });
  });
});

describe('an attempt', () => {
  it.each(['structured', 'binary'])(
    'in %s mode shows the headers that it was sent with, and no secret',
    async (format) => {
      const bus = await testBus();
      await bus.topic('orders');
      await bus.receiver('billing', {
        format,
        headers: { 'X-Tenant': 'acme', 'X-Api-Key': 'k3y-of-acme' },
        publicHeaders: ['x-tenant'],
        retry: { delaysSeconds: [5] },
      });
      await subscribe(bus, 'billing');
      bus.endpoint(urlOf('billing'), () => 500);
      bus.run();
      await send(bus, { type: 'a', id: '1', data: 1 });
      await until(bus, () => bus.requests.length === 2);
      await bus.clock.advance(second);
      const [fate] = (await ask(bus, '1')).events[0]?.receivers ?? [];
      expect(fate?.attempts).toHaveLength(2);
      for (const [at, { request }] of (fate?.attempts ?? []).entries()) {
        const sent = Object.entries(bus.requests[at]?.headers ?? {}).map(
          ([name, value]) => [name.toLowerCase(), value] as const,
        );
        const shown = Object.entries(request?.headers ?? {});
        // What is shown was sent; what was sent is shown, but for the attributes of the event.
        expect(Object.fromEntries(sent)).toMatchObject(
          Object.fromEntries(shown.filter(([, value]) => value !== null)),
        );
        expect(shown.map(([name]) => name).sort()).toEqual(
          sent
            .map(([name]) => name)
            .filter((name) => !name.startsWith('ce-'))
            .sort(),
        );
        expect(request?.headers).toMatchObject({
          'x-tenant': 'acme',
          'x-api-key': null,
          'webhook-signature': null,
          'busbar-attempt': String(at + 1),
        });
      }
      expect(JSON.stringify(fate)).not.toContain('k3y-of-acme');
    },
  );

  it('that is to come says when, and what it waits for', async () => {
    const bus = await busWith('failures');
    await bus.receiver('billing', { retry: { delaysSeconds: [600] } });
    bus.endpoint(urlOf('billing'), () => 500);
    const fate = async () => (await ask(bus, '1')).events[0]?.receivers[0];
    await send(bus, { type: 'a', id: '1' });
    await bus.runLane('billing');
    const retried = await fate();
    expect(retried).toMatchObject({ state: 'retrying', waitsFor: 'time' });
    const nextMs = Date.parse(retried?.nextAttemptAt ?? '');

    await pauseReceiver(bus.tools, admin, 'billing');
    expect(await fate()).toMatchObject({ state: 'parked', waitsFor: 'resume' });
    expect(await fate()).not.toHaveProperty('nextAttemptAt');
    await resumeReceiver(bus.tools, admin, 'billing');

    await forceBreaker(bus.tools, admin, 'billing', { state: 'open' });
    expect(await fate()).toMatchObject({ state: 'parked', waitsFor: 'breaker' });
    expect(await fate()).not.toHaveProperty('nextAttemptAt');
    await forceBreaker(bus.tools, admin, 'billing', { state: 'closed' });
    await forceBreaker(bus.tools, admin, 'billing', { state: 'auto' });
    const [kept, nowMs] = [await bus.tools.breakers.read('billing'), bus.clock.now()];
    await bus.tools.breakers.swap('billing', kept, {
      kind: 'open',
      sinceMs: nowMs,
      reason: 'http-500',
      endpoint: urlOf('billing'),
      probesFailed: 3,
      nextProbeAtMs: nextMs + minute,
      probingUntilMs: 0,
      mappingStopped: true,
    });
    expect(await fate()).toMatchObject({
      waitsFor: 'breaker',
      nextAttemptAt: new Date(nextMs + minute).toISOString(),
    });
  });
});
