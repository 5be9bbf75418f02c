import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { receiverStatistics } from '../../../lib/app/statistics/receiver.ts';
import { writesAtOnce } from '../../../lib/core/statistics/allowance.ts';
import { admin, member, shorthand, statisticsWrites, type TestBus, testBus } from '../bus.ts';

const startMs = Date.parse('2026-03-01T10:00:00Z');

async function busWithReceiver(answers: () => number, fields: object = {}): Promise<TestBus> {
  const bus = await testBus(startMs);
  await bus.topic('orders');
  await bus.receiver('billing', fields);
  await bus.subscription('orders', 'billing');
  bus.endpoint('https://billing.example.com/events', () => answers());
  return bus;
}

const publishSome = (bus: TestBus, count: number) =>
  publish(
    bus.tools,
    admin,
    { topic: 'orders' },
    shorthand(Array.from({ length: count }, () => ({ type: 'order.placed', data: 1 }))),
  );

/** The sums of all points. */
async function sums(bus: TestBus, step: 60 | 3600 | 86_400 = 60) {
  const { points } = await receiverStatistics(bus.newTools(), admin, 'billing', { step });
  return points.reduce(
    (sum, { delivered, failed, deadLettered }) => ({
      delivered: sum.delivered + delivered,
      failed: sum.failed + failed,
      deadLettered: sum.deadLettered + deadLettered,
    }),
    { delivered: 0, failed: 0, deadLettered: 0 },
  );
}

describe('statistics of a receiver', () => {
  it('show what was delivered, failed and dead-lettered in its minute, and how long it took', async () => {
    let status = 204;
    const bus = await busWithReceiver(() => status, { retry: { delaysSeconds: [] } });
    bus.endpoint('https://billing.example.com/events', async () => {
      await bus.clock.advance(100);
      return status;
    });
    await publishSome(bus, 1);
    await bus.runLane('billing');
    status = 500;
    await bus.clock.advance(60_000);
    await publishSome(bus, 1);
    await bus.runLane('billing');

    const { points, now } = await receiverStatistics(bus.newTools(), admin, 'billing', {});

    expect(points.length).toBe(60);
    expect(points.slice(-2)).toEqual([
      {
        at: '2026-03-01T10:00:00.000Z',
        delivered: 1,
        failed: 0,
        deadLettered: 0,
        dropped: 0,
        latencyMs: { p50: expect.closeTo(100, -1), p99: expect.closeTo(100, -1) },
      },
      {
        at: '2026-03-01T10:01:00.000Z',
        delivered: 0,
        failed: 1,
        deadLettered: 1,
        dropped: 0,
        latencyMs: { p50: expect.closeTo(100, -1), p99: expect.closeTo(100, -1) },
      },
    ]);
    expect(points[0]?.latencyMs).toEqual({ p50: null, p99: null });
    expect(now).toEqual({
      waiting: 0,
      oldestSeconds: 0,
      inFlight: 0,
      deadLetters: 1,
      breaker: 'closed',
      paused: false,
    });
  });

  it('show what waits now, and for how long', async () => {
    const bus = await busWithReceiver(() => 500, { retry: { delaysSeconds: [600, 600] } });
    await publishSome(bus, 1);
    await bus.clock.advance(100_000);
    await bus.runLane('billing');
    await publishSome(bus, 2);
    await bus.clock.advance(60_000);
    const { now } = await receiverStatistics(bus.newTools(), admin, 'billing', {});
    expect(now).toMatchObject({ waiting: 2, inFlight: 1, deadLetters: 0 });
    expect(now.oldestSeconds).toBeGreaterThan(120);
    expect(now.oldestSeconds).toBeLessThan(200);
  });

  it('know the age of what nobody has attempted yet from what was received last', async () => {
    const bus = await busWithReceiver(() => 204);
    await publishSome(bus, 30);
    await bus.clock.advance(300_000);
    await bus.runLane('billing');
    const { now } = await receiverStatistics(bus.newTools(), admin, 'billing', {});
    expect(now.waiting).toBe(20);
    expect(now.oldestSeconds).toBeGreaterThan(280);
    expect(now.oldestSeconds).toBeLessThan(350);
  });

  it('count from when a receiver was paused', async () => {
    const bus = await busWithReceiver(() => 204);
    const pausedAt = new Date(bus.clock.now()).toISOString();
    await bus.receiver('billing', { state: 'paused', pausedAt });
    await publishSome(bus, 1);
    await bus.clock.advance(3_600_000);
    const { now } = await receiverStatistics(bus.newTools(), admin, 'billing', {});
    expect(now).toMatchObject({ waiting: 1, oldestSeconds: 3600, paused: true });
  });

  it('add up over many instances, and by hours and days as by minutes', async () => {
    const bus = await busWithReceiver(() => 204);
    const instances = Array.from({ length: 4 }, () => bus.newTools());
    for (let round = 0; round < 60; round++) {
      await publishSome(bus, 10);
      const instance = instances[round % instances.length];
      await bus.runLane('billing', instance);
      await bus.clock.advance(700);
    }
    // A moment later each of them is called again.
    await bus.clock.advance(30_000);
    for (const instance of instances) {
      await publishSome(bus, 1);
      await bus.runLane('billing', instance);
    }
    const all = { delivered: 604, failed: 0, deadLettered: 0 };
    expect([await sums(bus), await sums(bus, 3600), await sums(bus, 86_400)]).toEqual([all, all, all]);
  });

  it('are counted once when the answer of a write is lost', async () => {
    const bus = await busWithReceiver(() => 204);
    let isLost = true;
    bus.intercept(statisticsWrites, async (_, next) => {
      const answer = await next();
      if (!isLost) return answer;
      isLost = false;
      throw new Error('The connection was closed');
    });
    await publishSome(bus, 1);
    await bus.runLane('billing');
    expect(bus.lines.filter((line) => line.includes('Statistics could not be written'))).toHaveLength(1);
    await publishSome(bus, 1);
    await bus.runLane('billing');
    expect(await sums(bus)).toMatchObject({ delivered: 2 });
  });

  it('lose no more than thirty seconds of an instance that dies', async () => {
    const bus = await busWithReceiver(() => 204);
    const dying = bus.newTools();
    let delivered = 0;
    for (let second = 0; second < 120; second += 2) {
      await publishSome(bus, 4);
      await bus.runLane('billing', dying);
      delivered += 4;
      await bus.clock.advance(2000);
    }
    const { delivered: counted } = await sums(bus);
    expect(counted).toBeGreaterThanOrEqual(delivered - 4 * 15);
    expect(counted).toBeLessThanOrEqual(delivered);
  });

  it('begin anew with a receiver of the same name', async () => {
    const bus = await busWithReceiver(() => 204, { incarnation: 'first' });
    await publishSome(bus, 3);
    await bus.runLane('billing');
    expect(await sums(bus)).toMatchObject({ delivered: 3 });
    await bus.receiver('billing', { incarnation: 'second' });
    expect(await sums(bus)).toMatchObject({ delivered: 0 });
  });

  it('are for its owner, and for nobody else', async () => {
    const bus = await busWithReceiver(() => 204);
    const of = (principal: Parameters<typeof receiverStatistics>[1]) =>
      receiverStatistics(bus.tools, principal, 'billing', {});
    await expect(of(member('bank'))).rejects.toMatchObject({ code: 'forbidden' });
    for (const principal of [
      member('shop'),
      { application: 'shop', role: 'viewer' } as const,
      { application: 'group', role: 'member', children: ['shop'] } as const,
    ]) {
      expect((await of(principal)).points).toHaveLength(60);
    }
  });
});

describe('metrics for CloudWatch', () => {
  it('are lines of the log, one for what is written at a time, and none by default', async () => {
    const bus = await busWithReceiver(() => 204);
    const metrics = () => bus.lines.filter((line) => line.startsWith('info: Metrics '));
    const [off, on] = [bus.newTools(), bus.newTools({ BUSBAR_METRICS: 'bus' })];
    await publishSome(bus, 10);
    await bus.runLane('billing', off);
    expect(metrics()).toEqual([]);
    await publishSome(bus, 10);
    await bus.runLane('billing', on);
    const written = metrics().map((line) => JSON.parse(line.slice('info: Metrics '.length)));
    expect(written).toHaveLength(2);
    expect(written).toContainEqual(expect.objectContaining({ Delivered: 10, FailedAttempts: 0 }));
    expect(written).toContainEqual(expect.objectContaining({ Latency: expect.any(Array) }));
    // Under load they are as rare as the writes of statistics.
    for (let batch = 0; batch < 100; batch++) {
      await publishSome(bus, 1);
      await bus.runLane('billing', on);
    }
    expect(metrics().length).toBe(2 * writesAtOnce);
  });
});
