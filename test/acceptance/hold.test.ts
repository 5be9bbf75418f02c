import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

/** Tests holds over HTTP, on a running bus with its IAM policies. */

let bus: AcceptanceBus;
let sink: Sink;

beforeAll(async () => {
  bus = await startBus();
  sink = await startSink();
  await bus.call('PUT', '/v1/topics/orders', {});
  await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url });
  await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', {});
});

afterAll(async () => {
  await bus.stop();
  await sink.close();
});

const publish = (...ids: string[]) =>
  bus.call(
    'POST',
    '/v1/topics/orders/events',
    ids.map((id) => ({ id, source: '/shop', type: 'order.placed', data: { id } })),
  );
const arrived = () => sink.arrivals.map(({ body }): string => JSON.parse(body).id);
const statusOf = (answer: Awaited<ReturnType<typeof publish>>) => answer.body.events[0].status;
async function untilState(state: string): Promise<void> {
  await expect
    .poll(async () => (await bus.call('GET', '/v1/topics/orders/hold')).body.state, {
      timeout: 60_000,
      interval: 200,
    })
    .toBe(state);
}

it('a topic on hold stores its events, shows them, and sends them when it is released', async () => {
  // Every function now has the topic cached without the hold.
  expect(statusOf(await publish('before'))).toBe('accepted');
  const held = await bus.call('PUT', '/v1/topics/orders/hold', { reason: 'migration' });
  expect([held.status, held.body]).toMatchObject([200, { state: 'holding', reason: 'migration', held: 0 }]);
  const answer = await publish('1', '2', '3', '4');
  expect([answer.status, answer.body.events.map((event: { status: string }) => event.status)]).toEqual([
    202,
    ['held', 'held', 'held', 'held'],
  ]);
  expect((await bus.call('GET', '/v1/topics/orders')).body.hold).toMatchObject({ state: 'holding', held: 4 });
  const why = await bus.call('GET', '/v1/events/1');
  expect(why.body.events[0].receivers[0]).toMatchObject({ receiver: 'billing', state: 'held' });

  const { body: list } = await bus.call('GET', '/v1/topics/orders/held?limit=3');
  expect(list.events.map((event: { eventId: string }) => event.eventId)).toEqual(['1', '2', '3']);
  const [first, second] = list.events;
  expect((await bus.call('GET', `/v1/topics/orders/held/${first.id}`)).body.event).toMatchObject({ id: '1' });
  expect((await bus.call('DELETE', `/v1/topics/orders/held/${first.id}`)).status).toBe(204);
  expect((await bus.call('POST', `/v1/topics/orders/held/${second.id}/send`)).status).toBe(202);
  await expect.poll(arrived, { timeout: 20_000 }).toEqual(['before', '2']);
  const gone = await bus.call('POST', `/v1/topics/orders/held/${second.id}/send`);
  expect([gone.status, gone.body.code]).toEqual([404, 'unknown_held_event']);

  const refused = await bus.call('DELETE', '/v1/topics/orders');
  expect([refused.status, refused.body.code]).toEqual([409, 'in_use']);

  const release = await bus.call('DELETE', '/v1/topics/orders/hold?perSecond=100');
  expect([release.status, release.body]).toMatchObject([
    202,
    { state: 'releasing', perSecond: 100, held: 2 },
  ]);
  await untilState('released');
  await expect.poll(() => arrived().sort(), { timeout: 20_000 }).toEqual(['2', '3', '4', 'before']);
  expect(statusOf(await publish('after'))).toBe('accepted');
  await expect.poll(() => arrived().length, { timeout: 20_000 }).toBe(5);
  const { arrivals } = sink;
  expect(new Set(arrivals.map(({ headers }) => headers['webhook-id'])).size).toBe(arrivals.length);
}, 120_000);

it('an invalid hold is refused with the name of the field', async () => {
  const calls: [string, string, unknown, number, string][] = [
    ['PUT', '/v1/topics/nothing/hold', {}, 404, 'unknown_topic'],
    ['PUT', '/v1/topics/orders/hold', { until: 'tomorrow' }, 400, 'invalid_request'],
    ['DELETE', '/v1/topics/orders/hold?perSecond=fast', undefined, 400, 'invalid_request'],
    ['DELETE', '/v1/topics/orders/hold?rate=1', undefined, 400, 'invalid_request'],
    ['PUT', '/v1/topics/rule', { holdWhen: {} }, 400, 'invalid_request'],
  ];
  for (const [method, path, body, status, code] of calls) {
    const answer = await bus.call(method, path, body);
    expect([path, answer.status, answer.body.code]).toEqual([path, status, code]);
  }
  await bus.call('PUT', '/v1/topics/quiet', {});
  expect((await bus.call('DELETE', '/v1/topics/quiet/hold')).body.code).toBe('unknown_hold');
});

it('a topic with a hold rule is held and released by its schedule, with the permissions that the stack grants', async () => {
  const put = await bus.call('PUT', '/v1/topics/low', {
    holdWhen: { backlogEvents: 1000, backlogSeconds: 600 },
  });
  expect([put.status, put.body.holdWhen]).toEqual([201, { backlogEvents: 1000, backlogSeconds: 600 }]);
  expect((await bus.call('DELETE', '/v1/topics/low')).status).toBe(204);
});
