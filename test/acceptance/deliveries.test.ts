import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AcceptanceBus, type Call, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

/** The latest attempts, over HTTP, with the functions' own permissions. On a laptop everything is traced. */

let bus: AcceptanceBus;
let good: Sink;
let bad: Sink;
let shop: Call;
let desk: Call;

const keyOf = async (application: string, role: string): Promise<Call> => {
  const made = await bus.call('POST', `/v1/applications/${application}/keys`, { name: 'test', role });
  return bus.as(made.body.key);
};
interface Listed {
  readonly id: string;
  readonly receiver: string;
  readonly state: string;
}
const seen = async (call: Call, query = ''): Promise<string[]> => {
  const { body } = await call('GET', `/v1/deliveries${query}`);
  return body.deliveries.map(({ id, receiver, state }: Listed) => `${id} ${receiver} ${state}`);
};

beforeAll(async () => {
  [bus, good, bad] = await Promise.all([
    startBus(),
    startSink(),
    startSink((_, response) => response.writeHead(503).end()),
  ]);
  for (const name of ['shop', 'desk']) await bus.call('PUT', `/v1/applications/${name}`, {});
  [shop, desk] = await Promise.all([keyOf('shop', 'member'), keyOf('desk', 'member')]);
  await shop('PUT', '/v1/topics/orders', { access: { subscribe: 'anyone' } });
  await shop('PUT', '/v1/receivers/billing', { endpoint: good.url });
  await desk('PUT', '/v1/receivers/archive', { endpoint: bad.url, retry: { delaysSeconds: [1] } });
  await shop('PUT', '/v1/topics/orders/subscriptions/billing', {});
  await desk('PUT', '/v1/topics/orders/subscriptions/archive', {});
});

afterAll(async () => {
  await Promise.all([good?.close(), bad?.close()]);
  expect(await bus?.stop()).toBe(0);
});

it('has each attempt, the last one first, for those who may see it', async () => {
  await shop('POST', '/v1/topics/orders/events', { id: 'o-1', type: 'order.placed', data: 1 });
  await expect
    .poll(() => seen(shop, '?topic=orders&receiver=archive'), { timeout: 30_000 })
    .toEqual(['o-1 archive dead-lettered', 'o-1 archive failed']);
  expect(await seen(shop, '?receiver=billing')).toEqual(['o-1 billing delivered']);
  expect(await seen(desk)).toEqual(['o-1 archive dead-lettered', 'o-1 archive failed']);
  expect(await seen(desk, '?state=delivered')).toEqual([]);

  const own = await desk('GET', '/v1/deliveries?state=failed&limit=1');
  expect(own.body.deliveries).toMatchObject([{ attempt: 2, status: 503, lane: 'online', topic: 'orders' }]);
  expect(own.body.deliveries[0].latencyMs).toBeGreaterThanOrEqual(0);
  const next = await desk('GET', `/v1/deliveries?state=failed&limit=1&cursor=${own.body.cursor}`);
  expect(next.body.deliveries).toMatchObject([{ attempt: 1, state: 'failed' }]);
  // The owner of the topic learns nothing about the endpoint of another application.
  const others = await shop('GET', '/v1/deliveries?topic=orders&receiver=archive');
  for (const one of others.body.deliveries) {
    expect(Object.keys(one)).not.toEqual(expect.arrayContaining(['status']));
    expect(one).not.toHaveProperty('latencyMs');
    expect(one).not.toHaveProperty('error');
  }
});

it('has not changed for who has it already, until there is another attempt', async () => {
  const ask = (tag?: string) =>
    fetch(`${bus.url}/v1/deliveries?receiver=billing`, {
      headers: {
        authorization: `Bearer ${bus.adminKey}`,
        ...(tag !== undefined && { 'if-none-match': tag }),
      },
    });
  const first = await ask();
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^".+"$/);
  await first.text();
  const again = await ask(tag);
  expect([again.status, await again.text()]).toEqual([304, '']);
  await shop('POST', '/v1/topics/orders/events', { id: 'o-2', type: 'order.placed', data: 1 });
  await expect
    .poll(
      async () => {
        const { status, ok } = await ask(tag);
        return [status, ok];
      },
      { timeout: 20_000 },
    )
    .toEqual([200, true]);
});

it('names what is wrong with a question, and refuses those who own nothing of it', async () => {
  for (const query of ['state=lost', 'since=yesterday', 'limit=0', 'cursor=AAAA', 'colour=red']) {
    const { status, body } = await desk('GET', `/v1/deliveries?${query}`);
    expect([query, status, body.code]).toEqual([query, 400, 'invalid_request']);
  }
  expect((await desk('GET', '/v1/deliveries?receiver=billing')).status).toBe(403);
  expect((await desk('GET', '/v1/deliveries?receiver=none')).status).toBe(404);
  expect(await seen(desk, '?topic=orders&state=delivered')).toEqual([]);
});
