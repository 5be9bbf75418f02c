import { describe, expect, it, vi } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import { answer, member, shorthand, type TestBus, testBus } from '../bus.ts';

const shop = member('shop');
const url = 'https://shop.example.com/events';
const second = 1000;

/** An endpoint that takes some time, and what was under way at it over time. */
function watchEndpoint(bus: TestBus, latencyMs: (type: string) => number) {
  const starts: { readonly atMs: number; readonly type: string }[] = [];
  const underWay = new Map<string, number>();
  const most = new Map<string, number>();
  let all = 0;
  let busyMs = 0;
  bus.endpoint(url, async (request) => {
    const { type } = JSON.parse(String(request.body));
    starts.push({ atMs: bus.clock.now(), type });
    all++;
    underWay.set(type, (underWay.get(type) ?? 0) + 1);
    most.set('all', Math.max(most.get('all') ?? 0, all));
    most.set(type, Math.max(most.get(type) ?? 0, underWay.get(type) ?? 0));
    const tookMs = latencyMs(type);
    await new Promise<void>((resolve) => bus.clock.setTimer(tookMs, resolve));
    busyMs += tookMs;
    all--;
    underWay.set(type, (underWay.get(type) ?? 0) - 1);
    return answer(200);
  });
  return { starts, most, busyMs: () => busyMs };
}

async function busWith(fields: Partial<Receiver>) {
  const bus = await testBus();
  await bus.receiver('shop', fields);
  return bus;
}

async function invoke(bus: TestBus, count: number, typeOf: (index: number) => string = () => 'order') {
  for (let start = 0; start < count; start += 100) {
    const events = Array.from({ length: Math.min(100, count - start) }, (_, index) => ({
      id: String(start + index),
      type: typeOf(start + index),
      data: {},
    }));
    await publish(bus.tools, shop, { receiver: 'shop' }, shorthand(events));
  }
}

async function advance(bus: TestBus, seconds: number) {
  for (let at = 0; at < seconds * 4; at++) await bus.clock.advance(second / 4);
}

/** The most starts that any ten seconds have. */
function mostInTenSeconds(startsMs: readonly number[]): number {
  let most = 0;
  for (const [index, fromMs] of startsMs.entries()) {
    let end = index;
    while (end < startsMs.length && (startsMs[end] ?? 0) < fromMs + 10 * second) end++;
    most = Math.max(most, end - index);
  }
  return most;
}

// Thousands of deliveries take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

describe('limits.perSecond', () => {
  it.each([
    { perSecond: 10, events: 300, latencyMs: 40 },
    { perSecond: 50, events: 1200, latencyMs: 300 },
    { perSecond: 2.5, events: 60, latencyMs: 900 },
  ])('of $perSecond holds over all invocations, within a twentieth of any ten seconds', async (given) => {
    const bus = await busWith({ limits: { perSecond: given.perSecond } });
    const { starts } = watchEndpoint(bus, () => given.latencyMs);
    await invoke(bus, given.events);
    bus.run();
    await advance(bus, given.events / given.perSecond + 30);

    const at = starts.map(({ atMs }) => atMs).sort((left, right) => left - right);
    expect(at).toHaveLength(given.events);
    // One more fits where a window begins with a post.
    expect(mostInTenSeconds(at)).toBeLessThanOrEqual(Math.ceil(given.perSecond * 10 * 1.05) + 1);
    // And what it allows is used, while events wait.
    const fromMs = (at[0] ?? 0) + 5 * second;
    const untilMs = (at.at(-1) ?? 0) - 3 * second;
    const between = at.filter((atMs) => atMs >= fromMs && atMs < untilMs).length;
    expect(between / ((untilMs - fromMs) / second)).toBeGreaterThan(given.perSecond * 0.95);
  });

  it('costs a write a full batch, and none where there is no limit', async () => {
    const writesOf = async (fields: Partial<Receiver>) => {
      const bus = await busWith(fields);
      watchEndpoint(bus, () => 1);
      await invoke(bus, 100);
      const before = bus.calls.length;
      for (let batch = 0; batch < 10; batch++) {
        const done = bus.runLane('shop');
        await bus.clock.advance(0.1 * second);
        expect(await done).toEqual({ received: 10, kept: 0 });
      }
      return bus.calls.slice(before).filter((call) => /dynamodb\.(Put|Update|Delete)/.test(call)).length;
    };
    expect(await writesOf({ limits: { perSecond: 1000 } })).toBe(10);
    expect(await writesOf({})).toBe(0);
  });

  it('keeps the events without an attempt while the pace cannot be taken', async () => {
    const bus = await busWith({ limits: { perSecond: 10 } });
    watchEndpoint(bus, () => 1);
    bus.intercept('dynamodb.UpdateItem', () => {
      throw new Error('throttled');
    });
    await invoke(bus, 3);
    expect(await bus.runLane('shop')).toEqual({ received: 3, kept: 3 });
    expect(bus.requests).toEqual([]);
    bus.restore('dynamodb.UpdateItem');
    bus.run();
    await advance(bus, 15);
    expect(bus.requests).toHaveLength(3);
    expect(bus.lines.join()).toContain('The pace could not be taken');
  });
});

describe('limits.concurrency', () => {
  it.each([1, 2, 3, 7, 10, 30])('of %i holds over all invocations, and is used', async (concurrency) => {
    const bus = await busWith({ limits: { concurrency } });
    const { most, busyMs, starts } = watchEndpoint(bus, () => 200);
    await invoke(bus, concurrency * 40);
    bus.run();
    await advance(bus, 5);
    // AWS starts with few batches and adds more; meanwhile it is below.
    const usedMs = busyMs();
    await advance(bus, 2);
    expect(most.get('all')).toBe(concurrency);
    expect((busyMs() - usedMs) / (2 * second)).toBeGreaterThan(concurrency * (concurrency === 1 ? 0.8 : 0.6));
    await advance(bus, 40);
    expect(starts).toHaveLength(concurrency * 40);
    expect(most.get('all')).toBe(concurrency);
  });

  it('of one batch is free again when its function was cut off', async () => {
    const bus = await busWith({ limits: { concurrency: 1 } });
    watchEndpoint(bus, () => 1);
    await bus.tools.slots.take('turn', 'shop', 'any', bus.clock.now());
    await invoke(bus, 1);
    bus.run();
    await advance(bus, 55);
    expect(bus.requests).toHaveLength(0);
    await advance(bus, 20);
    expect(bus.requests).toHaveLength(1);
  });
});

describe('limits.perType', () => {
  it.each([
    { concurrency: 10, perType: 2 },
    { concurrency: 20, perType: 4 },
    { concurrency: 6, perType: 1 },
  ])('of $perType of $concurrency holds for each type over all invocations', async (limits) => {
    const bus = await busWith({ limits });
    const { most, starts } = watchEndpoint(bus, () => 100);
    await invoke(bus, 300, (index) => `type-${index % 5}`);
    bus.run();
    await advance(bus, 40);
    expect(starts).toHaveLength(300);
    expect(most.get('all')).toBeLessThanOrEqual(limits.concurrency);
    for (const type of ['type-0', 'type-1', 'type-2', 'type-3', 'type-4']) {
      expect(most.get(type)).toBe(limits.perType);
    }
  });
});
