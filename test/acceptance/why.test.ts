import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sink: Sink;

beforeAll(async () => {
  [bus, sink] = await Promise.all([
    startBus(),
    startSink(({ body, headers }, response) => {
      const fails = body.includes('"fails"') && headers['busbar-attempt'] === '1';
      response.writeHead(fails ? 500 : 204).end(fails ? 'out of order' : undefined);
    }),
  ]);
  await bus.call('PUT', '/v1/topics/orders', {});
  await bus.call('PUT', '/v1/topics/quiet', { trace: 'failures' });
  await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url, retry: { delaysSeconds: [1, 3600] } });
  await bus.call('PUT', '/v1/receivers/vip', { endpoint: sink.url });
  await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', {});
  await bus.call('PUT', '/v1/topics/quiet/subscriptions/billing', {});
  await bus.call('PUT', '/v1/topics/orders/subscriptions/vip', {
    filter: { data: { total: [{ numeric: ['>=', 100] }] } },
  });
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

/** Waits until the answer meets the condition, because the last write of a delivery comes after its request. */
async function whyOnce(path: string, isSo: (body: unknown) => boolean) {
  for (;;) {
    const { body } = await bus.call('GET', path);
    if (isSo(body)) return body;
  }
}
const says = (text: string) => (body: unknown) => JSON.stringify(body).includes(text);

describe('GET /v1/events/{id}', () => {
  it('reports for each receiver whether it matched, which rule did not, and every attempt', async () => {
    await bus.call('POST', '/v1/topics/orders/events', {
      type: 'order.placed',
      id: 'o-1',
      data: { total: 5 },
    });
    const why = await whyOnce('/v1/events/o-1', says('"delivered"'));
    expect(why).toMatchObject({ id: 'o-1', searched: { complete: true } });
    expect(why.events).toMatchObject([
      { id: 'o-1', source: '/applications/admin', type: 'order.placed', topic: 'orders', trace: 'all' },
    ]);
    expect(why.events[0].receivers).toMatchObject([
      {
        receiver: 'billing',
        matched: true,
        lane: 'online',
        state: 'delivered',
        attempts: [{ attempt: 1, status: 204, latencyMs: expect.any(Number) }],
      },
      {
        receiver: 'vip',
        matched: false,
        refusedBy: [{ key: 'data.total', condition: [{ numeric: ['>=', 100] }], because: 'different' }],
      },
    ]);
  });

  it('reports failed deliveries of a topic with trace failures, and what is not recorded', async () => {
    await bus.call('POST', '/v1/topics/quiet/events', [
      { type: 'fails', id: 'q-1', data: 1 },
      { type: 'works', id: 'q-2', data: 1 },
    ]);
    await sink.waitFor(2, ({ body }) => body.includes('"q-1"'));
    const why = await whyOnce('/v1/events/q-1', says('"delivered"'));
    expect(why.events[0].receivers).toMatchObject([
      {
        attempts: [
          { attempt: 1, status: 500, detail: 'out of order' },
          { attempt: 2, status: 204 },
        ],
      },
    ]);
    const other = await bus.call('GET', '/v1/events/q-2');
    expect(other.body.events).toEqual([]);
    expect(other.body.notRecorded).toContain('the topic quiet (trace: failures)');
  });

  it('accepts an id with slashes as a parameter, and a source', async () => {
    const events = ['/one', '/two'].map((source) => ({
      type: 'order.placed',
      id: 'a/b?c',
      source,
      data: {},
    }));
    await bus.call('POST', '/v1/topics/orders/events', events);
    const sources = async (query: string) => {
      const { body } = await bus.call('GET', `/v1/events?id=${encodeURIComponent('a/b?c')}${query}`);
      return body.events.map(({ source }: { source: string }) => source).sort();
    };
    expect(await sources('')).toEqual(['/one', '/two']);
    expect(await sources('&source=%2Ftwo')).toEqual(['/two']);
  });

  it('reports invoked and delayed events', async () => {
    await bus.call('POST', '/v1/receivers/billing/events', { type: 'recount', id: 'i-1', data: 1 });
    const invoked = await whyOnce('/v1/events/i-1', says('"delivered"'));
    expect(invoked.events).toMatchObject([{ invoked: 'billing', receivers: [{ receiver: 'billing' }] }]);
    const later = { type: 'later', id: 'd-1', data: { total: 500 }, delaySeconds: 3600 };
    await bus.call('POST', '/v1/topics/orders/events', later);
    const { body } = await bus.call('GET', '/v1/events/d-1');
    expect(body.events[0].receivers.map(({ state }: { state: string }) => state)).toEqual([
      'scheduled',
      'scheduled',
    ]);
  });

  it.each([
    ['/v1/events?state=late', 'state'],
    ['/v1/events?id=', 'id'],
    ['/v1/events/x?since=yesterday', 'since'],
    ['/v1/events/x?topic=orders', 'topic'],
    ['/v1/events/x?id=y', 'id'],
  ])('refuses %s and names the parameter', async (path, parameter) => {
    const { status, body } = await bus.call('GET', path);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_request', errors: [{ path: parameter }] });
  });

  it('needs a key', async () => {
    expect((await fetch(`${bus.url}/v1/events/o-1`)).status).toBe(401);
  });
});
