import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AcceptanceBus, type Call, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

/** What was published and delivered shows in the statistics at once, over HTTP and with the functions' own permissions. */

let bus: AcceptanceBus;
let sink: Sink;
let shop: Call;
let bank: Call;

const keyOf = async (application: string, role: string): Promise<Call> => {
  const made = await bus.call('POST', `/v1/applications/${application}/keys`, { name: 'test', role });
  return bus.as(made.body.key);
};

type Point = Readonly<Record<string, number>>;
/** The sums of the points that a call answers. */
async function sums(call: Call, path: string, ...names: readonly string[]): Promise<readonly number[]> {
  const { status, body } = await call('GET', path);
  if (status !== 200) throw new Error(`${path}: ${status}`);
  return names.map((name) => body.points.reduce((sum: number, point: Point) => sum + (point[name] ?? 0), 0));
}

beforeAll(async () => {
  [bus, sink] = await Promise.all([startBus(), startSink()]);
  for (const name of ['shop', 'bank']) await bus.call('PUT', `/v1/applications/${name}`, {});
  [shop, bank] = await Promise.all([keyOf('shop', 'member'), keyOf('bank', 'member')]);
  await shop('PUT', '/v1/topics/orders', {});
  await shop('PUT', '/v1/receivers/billing', { endpoint: sink.url });
  await shop('PUT', '/v1/topics/orders/subscriptions/billing', {});
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

it('of a topic, its receiver and its application count what one publish did', async () => {
  const events = [1, 2, 3].map((data) => ({ type: 'order.placed', data }));
  expect((await shop('POST', '/v1/topics/orders/events', events)).status).toBe(202);
  await expect
    .poll(() => sums(shop, '/v1/receivers/billing/statistics', 'delivered', 'failed', 'deadLettered'), {
      timeout: 20_000,
    })
    .toEqual([3, 0, 0]);
  for (const step of [60, 3600, 86_400]) {
    const path = `/v1/topics/orders/statistics?step=${step}`;
    expect(await sums(shop, path, 'accepted', 'rejected', 'duplicate')).toEqual([3, 0, 0]);
  }
  const application = await shop('GET', '/v1/applications/shop/statistics');
  expect(application.body.points).toMatchObject([{ accepted: 3, delivered: 3 }]);
  expect(application.body.points[0].costDollars).toBeGreaterThan(0);
  const receiver = await shop('GET', '/v1/receivers/billing/statistics');
  expect(receiver.body.now).toEqual({
    waiting: 0,
    oldestSeconds: 0,
    inFlight: 0,
    deadLetters: 0,
    breaker: 'closed',
    paused: false,
  });
});

it('are for viewers of the owner, and for no other application', async () => {
  const viewer = await keyOf('shop', 'viewer');
  for (const path of ['receivers/billing', 'topics/orders', 'applications/shop']) {
    expect([path, (await viewer('GET', `/v1/${path}/statistics`)).status]).toEqual([path, 200]);
    expect([path, (await bank('GET', `/v1/${path}/statistics`)).status]).toEqual([path, 403]);
  }
});

it('name what is wrong with a period', async () => {
  for (const query of [
    'step=61',
    'since=yesterday',
    'since=2026-01-01T00:00:00Z&until=2026-01-31T00:00:00Z',
  ]) {
    const { status, body } = await shop('GET', `/v1/receivers/billing/statistics?${query}`);
    expect([query, status, body.code]).toEqual([query, 400, 'invalid_request']);
  }
  expect((await shop('GET', '/v1/receivers/nobody/statistics')).status).toBe(404);
});
