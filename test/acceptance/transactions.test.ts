import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus, temporaryDirectory } from './bus.ts';
import { type Arrival, type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sink: Sink;
/** The answer of the check endpoint; undefined for an invalid one. */
let verdict: string | undefined;

beforeAll(async () => {
  bus = await startBus();
  sink = await startSink((arrival, response) => {
    if (arrival.headers['webhook-id']?.toString().startsWith('chk_')) {
      if (verdict === undefined) response.writeHead(500).end();
      else
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ state: verdict }));
      return;
    }
    response.writeHead(204).end();
  });
  for (const topic of ['orders', 'stock']) await bus.call('PUT', `/v1/topics/${topic}`, {});
  for (const receiver of ['billing', 'crm']) {
    await bus.call('PUT', `/v1/receivers/${receiver}`, { endpoint: sink.url });
  }
  await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', {});
  await bus.call('PUT', '/v1/topics/stock/subscriptions/billing', {});
}, 60_000);

afterAll(async () => {
  await sink.close();
  await bus.stop();
});

const eventId = (arrival: Arrival) => JSON.parse(arrival.body).id as string | undefined;
const ofEvent = (prefix: string) => (arrival: Arrival) => eventId(arrival)?.startsWith(prefix) ?? false;
const ofCheck = (id: string) => (arrival: Arrival) =>
  arrival.headers['webhook-id'] === `chk_${id}` && JSON.parse(arrival.body).transactionId === id;
const events = (prefix: string) => [
  { topic: 'orders', type: 'order.placed', id: `${prefix}-1`, data: { total: 5 } },
  { topic: 'stock', type: 'stock.reserved', id: `${prefix}-2`, data: { sku: 'a' } },
  { receiver: 'crm', type: 'customer.won', id: `${prefix}-3`, data: {} },
];
const arrived = (prefix: string) => sink.arrivals.filter(ofEvent(prefix)).map(eventId);

describe('half messages over HTTP', () => {
  it('are delivered after the commit, to several topics and receivers', async () => {
    const begun = await bus.call('POST', '/v1/transactions', { events: events('commit') });
    expect(begun).toMatchObject({ status: 201, body: { id: expect.any(String), state: 'half' } });
    const path = `/v1/transactions/${begun.body.id}`;
    // A later event arrives, which shows that the earlier ones are held back.
    await bus.call('POST', '/v1/topics/orders/events', { type: 't', id: 'after-begin', data: {} });
    await sink.waitFor(1, ofEvent('after-begin'));
    expect(arrived('commit')).toEqual([]);
    expect(await bus.call('POST', `${path}/commit`)).toMatchObject({
      status: 200,
      body: { state: 'committed' },
    });
    expect((await sink.waitFor(3, ofEvent('commit'))).map(eventId).sort()).toEqual([
      'commit-1',
      'commit-2',
      'commit-3',
    ]);
    expect(await bus.call('POST', `${path}/commit`)).toMatchObject({ status: 200 });
    expect(await bus.call('POST', `${path}/rollback`)).toMatchObject({
      status: 409,
      body: { code: 'transaction_decided', state: 'committed' },
    });
    await expect
      .poll(async () => (await bus.call('GET', path)).body, { timeout: 10_000 })
      .toMatchObject({ state: 'committed', decidedBy: 'producer', publishedAt: expect.any(String) });
  });

  it('are never delivered after a rollback', async () => {
    const { body } = await bus.call('POST', '/v1/transactions', { events: events('rollback') });
    expect(await bus.call('POST', `/v1/transactions/${body.id}/rollback`)).toMatchObject({
      status: 200,
      body: { state: 'rolled-back' },
    });
    expect(await bus.call('POST', `/v1/transactions/${body.id}/commit`)).toMatchObject({ status: 409 });
    await bus.call('POST', '/v1/topics/orders/events', { type: 't', id: 'after-rollback', data: {} });
    await sink.waitFor(1, ofEvent('after-rollback'));
    expect(arrived('rollback-')).toEqual([]);
  });

  it('are committed by the answer to a signed check', async () => {
    verdict = 'commit';
    const checkUrl = `${sink.url}/checks`;
    const { body } = await bus.call('POST', '/v1/transactions', {
      events: events('checked'),
      checkUrl,
      checkAfterSeconds: 1,
    });
    const [check] = await sink.waitFor(1, ofCheck(body.id));
    expect(JSON.parse(check?.body ?? '').events).toMatchObject(events('checked'));
    const { checkSecret } = (await bus.call('POST', '/v1/check-secret')).body;
    expect(checkSecret).not.toBe(body.checkSecret);
    const proof = new Webhook(body.checkSecret).verify(check?.body ?? '', {
      'webhook-id': String(check?.headers['webhook-id']),
      'webhook-timestamp': String(check?.headers['webhook-timestamp']),
      'webhook-signature': String(check?.headers['webhook-signature']),
    });
    expect(proof).toMatchObject({ transactionId: body.id });
    expect((await sink.waitFor(3, ofEvent('checked'))).length).toBe(3);
    expect((await bus.call('GET', `/v1/transactions/${body.id}`)).body).toMatchObject({
      state: 'committed',
      decidedBy: 'check',
    });
  }, 30_000);

  it('are asked about again after a check without a usable answer', async () => {
    verdict = undefined;
    const { body } = await bus.call('POST', '/v1/transactions', {
      events: events('again'),
      checkUrl: `${sink.url}/checks`,
      checkAfterSeconds: 1,
    });
    await sink.waitFor(2, ofCheck(body.id));
    expect((await bus.call('GET', `/v1/transactions/${body.id}`)).body).toMatchObject({
      state: 'half',
      lastCheck: { outcome: 'it answered 500' },
    });
    verdict = 'rollback';
    await expect
      .poll(async () => (await bus.call('GET', `/v1/transactions/${body.id}`)).body, { timeout: 15_000 })
      .toMatchObject({ state: 'rolled-back', decidedBy: 'check' });
    expect(arrived('again')).toEqual([]);
  }, 30_000);

  it('are rolled back when their time is over if there is no check URL', async () => {
    const { body } = await bus.call('POST', '/v1/transactions', {
      events: events('silent'),
      checkAfterSeconds: 1,
    });
    expect(body).toMatchObject({ rollsBackAt: expect.any(String) });
    await expect
      .poll(async () => (await bus.call('GET', `/v1/transactions/${body.id}`)).body, { timeout: 15_000 })
      .toMatchObject({
        state: 'rolled-back',
        decidedBy: 'bus',
        reason: expect.stringContaining('no checkUrl'),
      });
  }, 30_000);

  it('are all stored or none of them', async () => {
    const before = sink.arrivals.length;
    const refused = await bus.call('POST', '/v1/transactions', {
      events: [...events('none'), { topic: 'orders', data: {} }],
    });
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'invalid_event', errors: [{ path: 'events.3.type' }] },
    });
    expect(
      await bus.call('POST', '/v1/transactions', { events: [{ topic: 'nowhere', type: 't' }] }),
    ).toMatchObject({
      status: 404,
      body: { code: 'unknown_topic' },
    });
    expect(await bus.call('POST', '/v1/transactions', { events: [] })).toMatchObject({ status: 400 });
    expect(await bus.call('GET', '/v1/transactions/none')).toMatchObject({
      status: 404,
      body: { code: 'unknown_transaction' },
    });
    expect(sink.arrivals.slice(before).filter(ofEvent('none'))).toEqual([]);
  });
});

it('a confirmed commit survives kill -9', async () => {
  const dataDirectory = temporaryDirectory();
  let running = await startBus({ dataDirectory });
  try {
    await running.call('PUT', '/v1/receivers/billing', { endpoint: sink.url });
    const { body } = await running.call('POST', '/v1/transactions', {
      events: [{ receiver: 'billing', type: 't', id: 'killed-1', data: {} }],
    });
    const open = await running.call('POST', '/v1/transactions', {
      events: [{ receiver: 'billing', type: 't', id: 'killed-2', data: {} }],
    });
    await running.call('POST', `/v1/transactions/${body.id}/commit`);
    await running.kill();
    running = await startBus({ dataDirectory });
    await sink.waitFor(1, ofEvent('killed-1'));
    expect((await running.call('GET', `/v1/transactions/${open.body.id}`)).body).toMatchObject({
      state: 'half',
    });
  } finally {
    await running.stop();
  }
}, 60_000);
