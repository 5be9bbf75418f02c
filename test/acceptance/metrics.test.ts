import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parsePrometheus } from '../prometheus.ts';
import { type AcceptanceBus, type Call, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

/** `GET /metrics` on a laptop, as Prometheus reads it. */

let bus: AcceptanceBus;
let good: Sink;
let bad: Sink;
let shopKey: string;
let shop: Call;

beforeAll(async () => {
  [bus, good, bad] = await Promise.all([
    startBus(),
    startSink(),
    startSink((_, response) => response.writeHead(400).end()),
  ]);
  await bus.call('PUT', '/v1/applications/shop', {});
  const made = await bus.call('POST', '/v1/applications/shop/keys', { name: 'scrape', role: 'member' });
  shopKey = made.body.key;
  shop = bus.as(shopKey);
  await shop('PUT', '/v1/topics/orders', {});
  await shop('PUT', '/v1/receivers/billing', { endpoint: good.url });
  await shop('PUT', '/v1/receivers/archive', { endpoint: bad.url, retry: { delaysSeconds: [] } });
  for (const name of ['billing', 'archive']) await shop('PUT', `/v1/topics/orders/subscriptions/${name}`, {});
});
afterAll(async () => {
  await Promise.all([good?.close(), bad?.close()]);
  expect(await bus?.stop()).toBe(0);
});

const scrape = (key?: string) =>
  fetch(`${bus.url}/metrics`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
async function values(key: string, name: string): Promise<Record<string, number>> {
  const text = await (await scrape(key)).text();
  const { metrics = [] } = parsePrometheus(text).get(name) ?? {};
  return Object.fromEntries(
    metrics.map(({ labels = {}, value }) => [
      [labels.receiver ?? labels.topic, labels.state].filter(Boolean).join(' '),
      Number(value),
    ]),
  );
}

it('has what came and went, and how receivers are', async () => {
  const events = [1, 2, 3].map((data) => ({ id: `o-${data}`, type: 'order.placed', data }));
  await shop('POST', '/v1/topics/orders/events', events);
  await shop('POST', '/v1/topics/orders/events', [{ id: 'x' }, ...events.slice(0, 1)]);
  await expect
    .poll(() => values(bus.adminKey, 'busbar_receiver_dead_lettered_total'), { timeout: 30_000 })
    .toMatchObject({ archive: expect.any(Number), billing: 0 });
  await expect
    .poll(() => values(shopKey, 'busbar_receiver_dead_letters'), { timeout: 30_000 })
    .toMatchObject({
      billing: 0,
      archive: (await values(shopKey, 'busbar_receiver_failed_attempts_total')).archive,
    });
  const accepted = (await values(shopKey, 'busbar_topic_accepted_total')).orders ?? 0;
  const duplicate = (await values(shopKey, 'busbar_topic_duplicate_total')).orders ?? 0;
  expect(accepted + duplicate).toBe(4);
  expect(await values(shopKey, 'busbar_topic_rejected_total')).toEqual({ orders: 1 });
  await expect
    .poll(async () => (await values(shopKey, 'busbar_receiver_delivered_total')).billing, { timeout: 30_000 })
    .toBe(accepted);
  await shop('POST', '/v1/receivers/billing/pause');
  expect(await values(shopKey, 'busbar_receiver_paused')).toEqual({ billing: 1, archive: 0 });
  expect(await values(shopKey, 'busbar_receiver_breaker')).toMatchObject({
    'billing closed': 1,
    'billing open': 0,
    'billing half-open': 0,
  });
  for (const name of ['waiting', 'in_flight', 'oldest_seconds']) {
    expect(Object.keys(await values(shopKey, `busbar_receiver_${name}`)).sort()).toEqual([
      'archive',
      'billing',
    ]);
  }
});

it('is of the media type and families that Prometheus knows, each with its help', async () => {
  const response = await scrape(bus.adminKey);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parsePrometheus(await response.text());
  expect(families.size).toBeGreaterThan(12);
  for (const { name, type, help, metrics } of families.values()) {
    expect([name, type]).toEqual([name, name.endsWith('_total') ? 'COUNTER' : 'GAUGE']);
    expect(help).not.toBe('');
    for (const { value } of metrics) expect([name, Number.isFinite(Number(value))]).toEqual([name, true]);
  }
});

it('shows a key only what it may read, and nobody without a key anything', async () => {
  await bus.call('PUT', '/v1/applications/bank', {});
  const made = await bus.call('POST', '/v1/applications/bank/keys', { name: 'scrape', role: 'viewer' });
  expect(await values(made.body.key, 'busbar_receiver_delivered_total')).toEqual({});
  expect([(await scrape()).status, (await scrape('bbk_wrong')).status]).toEqual([401, 401]);
  const publisher = await bus.call('POST', '/v1/applications/shop/keys', {
    name: 'publish',
    role: 'member',
    scopes: ['publish:orders'],
  });
  expect((await scrape(publisher.body.key)).status).toBe(403);
});

it('is refused under a foreign host, like every other request', async () => {
  const { hostname, port } = new URL(bus.url);
  const status = await new Promise((resolve, reject) => {
    request(
      {
        hostname,
        port,
        path: '/metrics',
        headers: { host: 'evil.example.com', authorization: `Bearer ${shopKey}` },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on('error', reject)
      .end();
  });
  expect(status).toBe(403);
});
