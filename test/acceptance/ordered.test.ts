import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Arrival, type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
const sinks: Sink[] = [];

beforeAll(async () => {
  bus = await startBus();
  await bus.call('PUT', '/v1/topics/orders', { ordered: true });
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(await bus?.stop()).toBe(0);
});

const idOf = ({ body }: Arrival): string => JSON.parse(body).id;
const keyOf = (arrival: Arrival): string => idOf(arrival).slice(0, 1);

/** A receiver of the ordered topic that responds with 500 to some events, each for the given number of times. */
async function receiver(name: string, failures: Record<string, number> = {}): Promise<Sink> {
  const left = new Map(Object.entries(failures));
  const sink = await startSink((arrival, response) => {
    const open = left.get(idOf(arrival)) ?? 0;
    left.set(idOf(arrival), open - 1);
    response.writeHead(open > 0 ? 500 : 204).end();
  });
  sinks.push(sink);
  await bus.call('PUT', `/v1/receivers/${name}`, { endpoint: sink.url, retry: { delaysSeconds: [2, 2, 2] } });
  expect(await bus.call('PUT', `/v1/topics/orders/subscriptions/${name}`, {})).toMatchObject({ status: 201 });
  return sink;
}

const publish = (...ids: string[]) =>
  bus.call(
    'POST',
    '/v1/topics/orders/events',
    ids.map((id) => ({ type: 'order.changed', id, subject: `customer ${id.slice(0, 1)}`, data: { id } })),
  );

describe('an ordered topic', () => {
  it('holds back only the key of an event that fails, and then delivers it in order', async () => {
    const sink = await receiver('crm', { a1: 2 });
    const { status, body } = await publish('a1', 'a2', 'b1', 'a3', 'b2');
    expect(status).toBe(202);
    expect(body.events.map((event: { status: string }) => event.status)).toEqual(Array(5).fill('accepted'));
    await sink.waitFor(7);
    const ofKey = (key: string) => sink.arrivals.filter((arrival) => keyOf(arrival) === key);
    expect(ofKey('a').map(idOf)).toEqual(['a1', 'a1', 'a1', 'a2', 'a3']);
    expect(ofKey('a').map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '2', '3', '1', '1']);
    expect(ofKey('b').map(idOf)).toEqual(['b1', 'b2']);
    const bDone = ofKey('b').at(-1)?.atMs ?? Number.POSITIVE_INFINITY;
    expect(bDone).toBeLessThan(ofKey('a')[1]?.atMs ?? 0);
    await expect
      .poll(async () => (await bus.call('GET', '/v1/events/a1')).body.events[0]?.receivers, {
        timeout: 15_000,
      })
      .toMatchObject([{ receiver: 'crm', lane: 'ordered', state: 'delivered' }]);
    await bus.call('DELETE', '/v1/topics/orders/subscriptions/crm');
  });

  it('keeps the order of consecutive requests, over many keys', async () => {
    const sink = await receiver('audit', { c3: 1, d2: 1 });
    for (let round = 1; round <= 8; round++) await publish(`c${round}`, `d${round}`, `e${round}`);
    await sink.waitFor(24 + 2);
    for (const key of ['c', 'd', 'e']) {
      const order = [...new Set(sink.arrivals.filter((arrival) => keyOf(arrival) === key).map(idOf))];
      expect(order).toEqual(Array.from({ length: 8 }, (_, index) => `${key}${index + 1}`));
    }
    await bus.call('DELETE', '/v1/topics/orders/subscriptions/audit');
  });

  it('keeps its order after a crash of the bus', async () => {
    const crashing = await startBus();
    let sink: Sink | undefined;
    let again: AcceptanceBus | undefined;
    try {
      let failing = true;
      sink = await startSink((_, response) => response.writeHead(failing ? 500 : 204).end());
      await crashing.call('PUT', '/v1/topics/orders', { ordered: { by: 'type' } });
      await crashing.call('PUT', '/v1/receivers/crm', {
        endpoint: sink.url,
        retry: { delaysSeconds: [3, 3, 3, 3, 3, 3] },
      });
      await crashing.call('PUT', '/v1/topics/orders/subscriptions/crm', {});
      const events = ['1', '2', '3', '4', '5'].map((id) => ({ type: 't', id, data: {} }));
      expect((await crashing.call('POST', '/v1/topics/orders/events', events)).status).toBe(202);
      await sink.waitFor(1);
      await crashing.kill();
      failing = false;
      again = await startBus({ dataDirectory: crashing.dataDirectory });
      await sink.waitFor(1, (arrival) => idOf(arrival) === '5');
      expect([...new Set(sink.arrivals.map(idOf))]).toEqual(['1', '2', '3', '4', '5']);
    } finally {
      await sink?.close();
      await again?.stop();
    }
    // The bus starts twice.
  }, 60_000);

  it('cannot be changed to an unordered one, and the error says so', async () => {
    expect((await bus.call('GET', '/v1/topics/orders')).body).toMatchObject({ ordered: true });
    expect(await bus.call('PUT', '/v1/topics/orders', {})).toMatchObject({
      status: 409,
      body: { code: 'order_fixed', detail: expect.stringContaining('Send `ordered: true` again') },
    });
    expect(await bus.call('PUT', '/v1/topics/plain', { ordered: { by: 'Customer-Id' } })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: expect.stringContaining('ordered') }] },
    });
  });

  it('prevents the deletion of a receiver while an event waits in its ordered lane', async () => {
    const sink = await receiver('gone');
    await bus.call('POST', '/v1/receivers/gone/pause');
    await publish('z1');
    expect(await bus.call('DELETE', '/v1/receivers/gone')).toMatchObject({
      status: 409,
      body: { code: 'in_use' },
    });
    await bus.call('POST', '/v1/receivers/gone/resume');
    await sink.waitFor(1);
    await expect
      .poll(async () => (await bus.call('DELETE', '/v1/receivers/gone')).status, { timeout: 20_000 })
      .toBe(204);
  });
});
