import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { describe, expect, it, vi } from 'vitest';
import { getReceiverAndBreaker } from '../../../lib/app/breaker/breaker-by-hand.ts';
import { lookAfterOffload } from '../../../lib/app/deliver/offload.ts';
import { probe } from '../../../lib/app/deliver/probe.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import { answer, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { skipEvents } from '../calls.ts';

const shop = member('shop');
const url = 'https://shop.example.com/events';
const second = 1000;
const minute = 60 * second;

async function busWith(fields: Partial<Receiver> = {}) {
  const bus = await testBus();
  await bus.receiver('shop', { limits: { concurrency: 10 }, ...fields });
  return bus;
}

const invoke = (bus: TestBus, type: string, ids: readonly string[]) =>
  publish(bus.tools, shop, { receiver: 'shop' }, shorthand(ids.map((id) => ({ id, type, data: {} }))));

/** An endpoint that takes a while, with what was under way at once and what came when. */
function slowEndpoint(bus: TestBus, latencyMs: number) {
  const came: { readonly id: string; readonly type: string; readonly atMs: number }[] = [];
  const underWay = { all: 0, noisy: 0, most: 0, mostNoisy: 0 };
  bus.endpoint(url, async (request) => {
    const { id, type } = JSON.parse(String(request.body));
    underWay.all++;
    if (type === 'noisy') underWay.noisy++;
    underWay.most = Math.max(underWay.most, underWay.all);
    underWay.mostNoisy = Math.max(underWay.mostNoisy, underWay.noisy);
    await new Promise<void>((resolve) => bus.clock.setTimer(latencyMs, resolve));
    underWay.all--;
    if (type === 'noisy') underWay.noisy--;
    came.push({ id, type, atMs: bus.clock.now() });
    return answer(200);
  });
  return { came, underWay };
}

const mappingState = async (bus: TestBus, lane: 'online' | 'offline') => {
  const { EventSourceMappings = [] } = await bus.lambda.send(
    new ListEventSourceMappingsCommand({
      EventSourceArn: `arn:aws:sqs:us-east-1:000000000000:busbar-shop-${lane}`,
    }),
  );
  return EventSourceMappings[0]?.State;
};
const watches = async (bus: TestBus) =>
  (await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }))).Schedules?.map(
    ({ Name }) => Name,
  );

/** A flood of a hundred noisy events for each quiet one, at twice what the endpoint takes. */
async function flood(bus: TestBus, seconds: number, perSecond: number): Promise<Map<string, number>> {
  const publishedAtMs = new Map<string, number>();
  let at = 0;
  for (let tick = 0; tick < seconds; tick++) {
    const ids = Array.from({ length: perSecond }, () => String(at++));
    await invoke(bus, 'noisy', ids);
    publishedAtMs.set(`quiet-${tick}`, bus.clock.now());
    await invoke(bus, 'quiet', [`quiet-${tick}`]);
    await bus.clock.advance(second);
  }
  return publishedAtMs;
}

// Thousands of deliveries take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

describe('a hot type', () => {
  it('is delivered apart, leaves the others their pace, and comes back when it cooled', async () => {
    const bus = await busWith();
    bus.keepInstances();
    const { came, underWay } = slowEndpoint(bus, 200);
    bus.run();
    const published = await flood(bus, 40, 70);
    expect(bus.lines.join('\n')).toContain('A type is hot {"receiver":"shop","type":"noisy"}');
    expect(await getReceiverAndBreaker(bus.tools, shop, 'shop')).toMatchObject({
      offload: { hotTypes: [{ type: 'noisy' }], concurrency: 5 },
    });
    expect(bus.lines.join('\n')).not.toContain('"type":"quiet"');
    const latencies = came
      .filter(({ type }) => type === 'quiet')
      .map(({ id, atMs }) => atMs - (published.get(id) ?? 0))
      .slice(15)
      .sort((left, right) => left - right);
    expect(latencies.length).toBeGreaterThan(20);
    // 200 ms of it are the endpoint's.
    expect(latencies.at(-1)).toBeLessThan(400 * 2);

    await bus.clock.advance(10 * minute);
    const ids = came.map(({ id }) => id);
    expect(new Set(ids).size).toBe(40 * 71);
    expect(ids).toHaveLength(40 * 71);
    expect(underWay.most).toBeLessThanOrEqual(10);
    expect(bus.lines.join('\n')).toContain('A type cooled');
    expect(bus.lines.join('\n')).toContain('An offline lane is closed');
    expect(await mappingState(bus, 'offline')).toBe('Disabled');
    expect(await watches(bus)).toEqual([]);
    expect(await bus.rows('offload#')).toEqual([]);

    const before = came.length;
    await invoke(bus, 'noisy', ['late']);
    await bus.clock.advance(second);
    expect(came.slice(before).map(({ id }) => id)).toEqual(['late']);
    expect(await bus.count(bus.urlOf('shop', 'offline'))).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });

  it('never takes more than its limit in both lanes together', async () => {
    const bus = await busWith({ limits: { concurrency: 12, perType: 4 } });
    bus.keepInstances();
    const { came, underWay } = slowEndpoint(bus, 200);
    bus.run();
    await flood(bus, 30, 60);
    expect(await bus.rows('offload#')).toEqual(['offload#shop']);
    await bus.clock.advance(15 * minute);
    expect(came).toHaveLength(30 * 61);
    expect(underWay.mostNoisy).toBe(4);
    expect(underWay.most).toBeLessThanOrEqual(12);
  });

  it('costs no write for what is delivered while nothing is hot, and few for what moves', async () => {
    const bus = await busWith();
    bus.keepInstances();
    const { came } = slowEndpoint(bus, 200);
    bus.run();
    const before = bus.calls.length;
    await flood(bus, 30, 100);
    await bus.clock.advance(15 * minute);
    expect(came).toHaveLength(30 * 101);
    const writes = bus.calls
      .slice(before)
      .filter((call) => /dynamodb\.(Put|Update|Delete|BatchWrite|Transact)/.test(call));
    expect(writes.length / came.length).toBeLessThan(0.02);
  });

  it('counts its attempts on over the move, and is skipped by when it entered', async () => {
    const bus = await busWith({ retry: { delaysSeconds: [5, 5, 5] }, breaker: { minimumAttempts: 10_000 } });
    bus.endpoint(url, () => 500);
    await invoke(bus, 'noisy', ['1', '2']);
    await bus.runLane('shop');
    await bus.clock.advance(6 * second);
    const offload = { hot: { noisy: { sinceMs: bus.clock.now() - minute } } };
    await bus.tools.offloads.swap('shop', undefined, offload);
    expect(await bus.runLane('shop')).toEqual({ received: 2, kept: 0 });
    await bus.runLane('shop', bus.tools, 'offline');
    const attempts = () => bus.requests.map(({ headers }) => headers['busbar-attempt']);
    expect(attempts()).toEqual(['1', '1', '2', '2']);

    const before = new Date(bus.clock.now() - 3 * second).toISOString();
    await skipEvents(bus.tools, shop, 'shop', { before });
    await bus.clock.advance(6 * second);
    await bus.runLane('shop', bus.newTools(), 'offline');
    expect(attempts()).toHaveLength(4);
    expect(await bus.count(bus.urlOf('shop', 'offline'))).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });

  it('stays where it is when the other lane does not take it', async () => {
    const bus = await busWith();
    bus.endpoint(url, () => 200);
    const offload = { hot: { noisy: { sinceMs: bus.clock.now() - minute } } };
    await bus.tools.offloads.swap('shop', undefined, offload);
    await invoke(bus, 'noisy', ['1']);
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new Error('no');
    });
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    bus.restore('sqs.SendMessageBatch');
    await bus.clock.advance(12 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    await bus.runLane('shop', bus.tools, 'offline');
    expect(bus.requests).toHaveLength(1);
  });
});

describe('the offline lane', () => {
  const open = async (bus: TestBus) => {
    const offload = { hot: { noisy: { sinceMs: bus.clock.now() - minute } } };
    await bus.tools.offloads.swap('shop', undefined, offload);
    await bus.tools.offloadWatches.start('shop');
    await bus.tools.mappings.setEnabled('shop', 'offline', true);
  };

  it('is not polled while its receiver is paused, and is again afterwards', async () => {
    const bus = await busWith();
    slowEndpoint(bus, 1);
    await open(bus);
    await pauseReceiver(bus.tools, shop, 'shop');
    bus.run();
    await bus.clock.advance(3 * minute);
    expect([await mappingState(bus, 'online'), await mappingState(bus, 'offline')]).toEqual([
      'Disabled',
      'Disabled',
    ]);
    await resumeReceiver(bus.tools, shop, 'shop');
    await bus.clock.advance(second);
    expect([await mappingState(bus, 'online'), await mappingState(bus, 'offline')]).toEqual([
      'Enabled',
      'Enabled',
    ]);
  });

  it('stays as it is when the settings of the receiver are put again', async () => {
    const bus = await busWith();
    await open(bus);
    bus.run();
    await bus.clock.advance(second);
    await bus.tools.provision.putReceiver('shop', { limits: { concurrency: 40 } });
    await bus.clock.advance(second);
    expect(await mappingState(bus, 'offline')).toBe('Enabled');
  });

  it('is probed when its receiver stands still by its breaker and nothing else waits', async () => {
    const bus = await busWith();
    bus.endpoint(url, () => 200);
    await open(bus);
    await invoke(bus, 'noisy', ['1']);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    await bus.tools.breakers.swap('shop', undefined, {
      kind: 'open',
      sinceMs: 0,
      reason: 'down',
      endpoint: url,
      probesFailed: 3,
      nextProbeAtMs: 0,
      probingUntilMs: 0,
      mappingStopped: true,
    });
    // The probe asks each lane for a second before it goes on to the next.
    const probed = probe(bus.newTools(), 'shop');
    await bus.clock.advance(30 * second);
    await probed;
    expect(bus.requests).toHaveLength(1);
    expect((await bus.newTools().breakers.read('shop'))?.kind).toBe('half-open');
  });

  it('is looked after by a watch that puts right what broke off', async () => {
    const bus = await busWith();
    await open(bus);
    await bus.tools.mappings.setEnabled('shop', 'offline', false);
    bus.run();
    await bus.clock.advance(second);
    await lookAfterOffload(bus.tools, 'shop');
    await bus.clock.advance(second);
    expect(await mappingState(bus, 'offline')).toBe('Enabled');

    // Its last look was cut off after it had decided to close the lane.
    const closing = { hot: {}, closing: true } as const;
    await bus.tools.offloads.delete('shop');
    await bus.tools.offloads.swap('shop', undefined, closing);
    await lookAfterOffload(bus.tools, 'shop');
    expect(await watches(bus)).toEqual([]);
    expect(await bus.rows('offload#')).toEqual([]);
    await bus.clock.advance(second);
    expect(await mappingState(bus, 'offline')).toBe('Disabled');
  });

  it.each(['scheduler.CreateSchedule', 'dynamodb.PutItem', 'lambda.UpdateEventSourceMapping'] as const)(
    'is watched before a type is hot, so that nothing is left in it when %s breaks off',
    async (broken) => {
      const bus = await busWith();
      bus.keepInstances();
      const { came } = slowEndpoint(bus, 200);
      bus.run();
      let failures = 0;
      bus.intercept(broken, (input, next) => {
        if (failures > 0 || JSON.stringify(input).includes('slot#')) return next();
        failures++;
        throw new Error('broken off');
      });
      await flood(bus, 15, 100);
      expect(failures).toBe(1);
      await bus.clock.advance(15 * minute);
      expect(new Set(came.map(({ id }) => id)).size).toBe(15 * 101);
      expect(await watches(bus)).toEqual([]);
    },
  );

  it('is opened again by a type that becomes hot while it is being closed', async () => {
    const bus = await busWith();
    await open(bus);
    const closing = { hot: {}, closing: true } as const;
    await bus.tools.offloads.delete('shop');
    await bus.tools.offloads.swap('shop', undefined, closing);
    bus.intercept('scheduler.DeleteSchedule', async (_, next) => {
      const answer = await next();
      const hot = { hot: { noisy: { sinceMs: bus.clock.now() } } };
      expect(await bus.newTools().offloads.swap('shop', closing, hot)).toBe(true);
      return answer;
    });
    bus.run();
    await bus.clock.advance(second);
    // The lane that was stopped a moment ago is started once AWS has stopped it.
    const looked = lookAfterOffload(bus.tools, 'shop');
    await bus.clock.advance(10 * second);
    await looked;
    expect(await watches(bus)).toEqual(['offload-shop']);
    expect(await mappingState(bus, 'offline')).toBe('Enabled');
  });

  it('ends its watch when the receiver is gone', async () => {
    const bus = await busWith();
    await open(bus);
    await bus.tools.registry.deleteReceiver('shop');
    await lookAfterOffload(bus.tools, 'shop');
    expect(await watches(bus)).toEqual([]);
  });
});
