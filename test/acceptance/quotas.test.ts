import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AcceptanceBus, type Call, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

/** What waits in the bus for an application, and which ids are taken, over HTTP and with the functions' own permissions. */

let bus: AcceptanceBus;
let sink: Sink;
let shop: Call;

const quotas = (of: object) => bus.call('PATCH', '/v1/applications/shop', { quotas: of });
const publish = (event: object, topic = 'orders') =>
  shop('POST', `/v1/topics/${topic}/events`, { type: 'a', data: {}, ...event });
/** What quotas say is remembered for a few seconds, and so is that one is used up. */
const eventually = (event: object, status: number, topic = 'orders') =>
  expect.poll(async () => (await publish(event, topic)).status, { timeout: 15_000 }).toBe(status);

beforeAll(async () => {
  [bus, sink] = await Promise.all([startBus(), startSink()]);
  for (const name of ['shop', 'crm']) await bus.call('PUT', `/v1/applications/${name}`, {});
  const made = await bus.call('POST', '/v1/applications/shop/keys', { name: 'test', role: 'member' });
  shop = bus.as(made.body.key);
  await shop('PUT', '/v1/topics/orders', {});
  await shop('PUT', '/v1/receivers/billing', { endpoint: sink.url });
  await shop('PUT', '/v1/topics/orders/subscriptions/billing', {});
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

it('delayedEvents refuses with 429, Retry-After and its name, until an event is cancelled', async () => {
  await quotas({ delayedEvents: 2 });
  for (const id of ['one', 'two']) {
    expect((await publish({ id, delaySeconds: 86_400 })).body.events).toMatchObject([
      { status: 'scheduled' },
    ]);
  }
  await eventually({ id: 'three', delaySeconds: 86_400 }, 429);
  const refused = await publish({ id: 'three', delaySeconds: 86_400 });
  expect(refused.body).toMatchObject({
    code: 'quota_exceeded',
    quota: 'delayedEvents',
    application: 'shop',
    limit: 2,
  });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await publish({ id: 'now' })).status).toBe(202);
  expect((await shop('DELETE', '/v1/events/one')).status).toBe(204);
  expect((await shop('DELETE', '/v1/events/three')).status).not.toBe(204);
  await eventually({ id: 'three', delaySeconds: 86_400 }, 202);
  await shop('DELETE', '/v1/events/two');
  await shop('DELETE', '/v1/events/three');
});

it('storedBytes bounds what a topic on hold stores, and comes down with its release', async () => {
  await shop('PUT', '/v1/topics/heavy', {});
  await shop('PUT', '/v1/topics/heavy/hold', {});
  const data = 'x'.repeat(4000);
  await quotas({ storedBytes: 10_000 });
  await expect
    .poll(async () => (await publish({ data }, 'heavy')).body.quota, { timeout: 15_000 })
    .toBe('storedBytes');
  const begun = await shop('POST', '/v1/transactions', { events: [{ topic: 'orders', type: 'a', data }] });
  expect([begun.status, begun.body.quota]).toEqual([429, 'storedBytes']);
  await shop('DELETE', '/v1/topics/heavy/hold');
  await expect
    .poll(async () => (await shop('GET', '/v1/topics/heavy/hold')).body.state, { timeout: 15_000 })
    .toBe('released');
  await expect
    .poll(
      async () =>
        (await shop('POST', '/v1/transactions', { events: [{ topic: 'orders', type: 'a', data }] })).status,
      { timeout: 15_000 },
    )
    .toBe(201);
});

it('the id of an event is free when the event was refused while it waited in the queue', async () => {
  await quotas({});
  await shop('PUT', '/v1/topics/once', { dedupSeconds: 86_400, cancellable: false });
  expect((await publish({ id: 'x', delaySeconds: 2 }, 'once')).body.events).toMatchObject([
    { status: 'scheduled' },
  ]);
  const given = await bus.call('PATCH', '/v1/topics/once', { owner: 'crm' });
  expect(given.status).toBe(200);
  await expect
    .poll(async () => JSON.stringify((await shop('GET', '/v1/refused')).body), { timeout: 30_000 })
    .toContain('"eventId":"x"');
  await bus.call('PATCH', '/v1/topics/once', { owner: 'shop' });
  await expect
    .poll(async () => (await publish({ id: 'x' }, 'once')).body.events?.[0]?.status, { timeout: 15_000 })
    .toBe('accepted');
  expect((await publish({ id: 'x' }, 'once')).body.events).toMatchObject([{ status: 'duplicate' }]);
});
