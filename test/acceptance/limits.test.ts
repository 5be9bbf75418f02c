import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
const sinks: Sink[] = [];

beforeAll(async () => {
  bus = await startBus();
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(await bus?.stop()).toBe(0);
});

/** A receiver with a slow endpoint, which counts the largest number of simultaneous posts, in total and per type. */
async function slowReceiver(name: string, limits: object, latencyMs: number) {
  const underWay = new Map<string, number>();
  const most = new Map<string, number>();
  const change = (key: string, by: number) => {
    const now = (underWay.get(key) ?? 0) + by;
    underWay.set(key, now);
    most.set(key, Math.max(most.get(key) ?? 0, now));
  };
  const sink = await startSink(({ body }, response) => {
    const { type } = JSON.parse(body);
    change('all', 1);
    change(type, 1);
    setTimeout(() => {
      change('all', -1);
      change(type, -1);
      response.writeHead(204).end();
    }, latencyMs);
  });
  sinks.push(sink);
  await bus.call('PUT', `/v1/receivers/${name}`, { endpoint: sink.url, limits });
  return { sink, most };
}

async function invoke(name: string, type: string, count: number) {
  for (let start = 0; start < count; start += 100) {
    const events = Array.from({ length: Math.min(100, count - start) }, (_, index) => ({
      id: `${type}-${start + index}`,
      type,
      data: {},
    }));
    expect((await bus.call('POST', `/v1/receivers/${name}/events`, events)).status).toBe(202);
  }
}

describe('the limits of a receiver', () => {
  it.each([{ concurrency: 1 }, { concurrency: 4 }])('%j bound the simultaneous posts', async (limits) => {
    const { sink, most } = await slowReceiver(`bounded-${limits.concurrency}`, limits, 20);
    await invoke(`bounded-${limits.concurrency}`, 'order', 60);
    await sink.waitFor(60);
    expect(most.get('all')).toBe(limits.concurrency);
  });

  it('bound the simultaneous posts of one type, and leave the rest to other types', async () => {
    const { sink, most } = await slowReceiver('typed', { concurrency: 8, perType: 2 }, 20);
    await invoke('typed', 'order', 60);
    await invoke('typed', 'invoice', 60);
    await sink.waitFor(120);
    expect(most.get('order')).toBeLessThanOrEqual(2);
    expect(most.get('invoice')).toBeLessThanOrEqual(2);
  });

  it('bound the posts per second', async () => {
    const { sink } = await slowReceiver('paced', { perSecond: 40 }, 1);
    await invoke('paced', 'order', 120);
    const arrivals = await sink.waitFor(120);
    const tookMs = (arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0);
    // 119 intervals of 25 ms. A post may come later than its slot, and the next one on time.
    expect(tookMs).toBeGreaterThan(119 * 25 - 500);
  });
});

describe('a hot type', () => {
  it('uses the offline lane, with the permissions of the role, and other types are delivered', async () => {
    const { sink, most } = await slowReceiver('crowded', { concurrency: 4 }, 100);
    await invoke('crowded', 'quiet', 1);
    await invoke('crowded', 'noisy', 400);
    await expect
      .poll(async () => (await bus.call('GET', '/v1/receivers/crowded')).body.offload?.hotTypes, {
        timeout: 30_000,
        interval: 250,
      })
      .toEqual([{ type: 'noisy', since: expect.any(String) }]);
    const before = sink.arrivals.length;
    expect(before).toBeLessThan(300);
    await bus.call('POST', '/v1/receivers/crowded/events', { id: 'late', type: 'quiet', data: {} });
    await sink.waitFor(1, ({ body }) => JSON.parse(body).id === 'late');
    // It did not wait for the flood, most of which is still waiting.
    expect(sink.arrivals.length).toBeLessThan(380);
    await sink.waitFor(402);
    expect(new Set(sink.arrivals.map(({ body }) => JSON.parse(body).id)).size).toBe(402);
    expect(most.get('all')).toBeLessThanOrEqual(4);
    // How many used which lane depends on timing.
    const lanes = new Set<string>();
    for (let at = 0; at < 400; at += 20) {
      const why = JSON.stringify((await bus.call('GET', `/v1/events/noisy-${at}`)).body);
      for (const lane of ['online', 'offline']) if (why.includes(`"lane":"${lane}"`)) lanes.add(lane);
    }
    expect([...lanes].sort()).toEqual(['offline', 'online']);
  }, 90_000);
});
