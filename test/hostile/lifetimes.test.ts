import { afterEach, beforeEach, expect, it } from 'vitest';
import { incarnationAttribute, topicAttribute } from '../../lib/core/routing/routing.ts';
import { type Caller, type FuzzWorld, startWorld } from '../fuzz/world.ts';

// The shop and the bank use the same names one after the other, and hand them to each other. What the shop publishes is
// for receivers of the shop, whatever becomes of the names.

let world: FuzzWorld;
beforeEach(async () => {
  world = await startWorld(7);
});
afterEach(async () => {
  await world.close();
});

const minute = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: each call has a document of its own.
async function done(caller: Caller, method: string, path: string, body?: unknown): Promise<any> {
  const { status, json } = await world.call(caller, method, `/v1${path}`, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
  return json;
}

/** A topic with a receiver that is subscribed, whose endpoint is at `/<behaviour>/<caller>`. */
async function make(caller: Caller, topic: string, receiver: string, behaviour = 'ok'): Promise<void> {
  await done(caller, 'PUT', `/topics/${topic}`, {});
  await done(caller, 'PUT', `/receivers/${receiver}`, {
    endpoint: `http://sink.test/${behaviour}/${caller}`,
    retry: { delaysSeconds: [600, 600] },
  });
  await done(caller, 'PUT', `/topics/${topic}/subscriptions/${receiver}`, {});
}
const publish = (caller: Caller, topic: string, id: string) =>
  done(caller, 'POST', `/topics/${topic}/events`, { id, type: 'order.placed', data: { of: caller } });

/** What reached the endpoint of a caller, each once. */
function reached(caller: Caller): string[] {
  const own = world.delivered.filter(({ url }) => new URL(url).pathname.endsWith(`/${caller}`));
  return [...new Set(own.map(({ body }) => String(JSON.parse(Buffer.from(body ?? '').toString()).id)))];
}

/** A publisher of the shop that ran on: it has read the topic of that incarnation, and sends to SNS only now. */
async function sendLate(topic: string, incarnation: string, id: string): Promise<void> {
  const { Topics = [] } = (await world.aws('sns', 'ListTopics', {})) as { Topics?: { TopicArn: string }[] };
  const TopicArn = Topics.map((each) => each.TopicArn).find((arn) => arn.endsWith(`-${topic}`));
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  await world.aws('sns', 'Publish', {
    TopicArn,
    Message: JSON.stringify({
      specversion: '1.0',
      id,
      source: '/applications/shop',
      type: 'order.placed',
      busbarpublisher: 'shop',
      data: { of: 'shop' },
    }),
    MessageAttributes: {
      type: text('order.placed'),
      source: text('/applications/shop'),
      [topicAttribute]: text(topic),
      [incarnationAttribute]: text(incarnation),
    },
  });
}

it('nothing that waits for a deleted topic and receiver reaches those that the bank makes of their names', async () => {
  await make('shop', 'orders', 'billing', 'fail');
  await publish('shop', 'orders', 'in-retry');
  await world.clock.advance(minute);
  expect(reached('shop')).toEqual(['in-retry']);
  await done('shop', 'DELETE', '/topics/orders?force=true');
  await done('shop', 'DELETE', '/receivers/billing?force=true');
  await world.clock.advance(2 * minute);

  await make('bank', 'orders', 'billing');
  await publish('bank', 'orders', 'own');
  await world.clock.advance(60 * minute);

  expect(reached('bank')).toEqual(['own']);
});

it('what is in retry is delivered to the receiver that has it, after the topic was deleted and made anew by the bank', async () => {
  await make('shop', 'orders', 'billing', 'fail');
  await publish('shop', 'orders', 'in-retry');
  await world.clock.advance(minute);
  await done('shop', 'DELETE', '/topics/orders?force=true');
  await world.clock.advance(2 * minute);
  await make('bank', 'orders', 'vault');
  const attempts = world.delivered.length;
  await world.clock.advance(15 * minute);

  expect(world.delivered.length).toBeGreaterThan(attempts);
  expect({ shop: reached('shop'), bank: reached('bank') }).toEqual({ shop: ['in-retry'], bank: [] });
});

it('what a publisher sends after its topic was made anew by the bank is listed as refused for the shop alone', async () => {
  await make('shop', 'orders', 'billing');
  const { incarnation } = await done('shop', 'GET', '/topics/orders');
  await done('shop', 'DELETE', '/topics/orders?force=true');
  await world.clock.advance(2 * minute);
  await make('bank', 'orders', 'vault');
  await sendLate('orders', incarnation, 'late');
  await world.clock.advance(30 * minute);

  expect(reached('bank')).toEqual([]);
  expect((await done('shop', 'GET', '/refused')).refused).toMatchObject([
    { eventId: 'late', topic: 'orders', from: 'delivery', code: 'target_replaced' },
  ]);
  expect((await done('bank', 'GET', '/refused')).refused).toEqual([]);
  expect((await done('bank', 'GET', '/receivers/vault/dead-letters')).deadLetters).toEqual([]);
  expect((await world.call('bank', 'GET', '/v1/events/late')).status).toBe(404);
});

it('the receiver of the shop gets nothing of a topic that went to the bank, which is told which subscriptions ended', async () => {
  await make('shop', 'orders', 'billing');
  await publish('shop', 'orders', 'before');
  await world.clock.advance(minute);

  const given = await done('shop', 'PATCH', '/topics/orders', { owner: 'bank' });
  await publish('bank', 'orders', 'after');
  await world.clock.advance(30 * minute);

  expect(given.endedSubscriptions).toEqual([{ topic: 'orders', receiver: 'billing' }]);
  expect(reached('shop')).toEqual(['before']);
  const { entries } = await done('bank', 'GET', '/audit?target=topics/orders');
  expect(entries).toContainEqual(
    expect.objectContaining({
      call: 'PATCH /v1/topics/{topic}',
      status: 200,
      change: { owner: 'bank', endedSubscriptions: [{ topic: 'orders', receiver: 'billing' }] },
    }),
  );
});

it('a receiver that went to the bank gets nothing of the topics of the shop', async () => {
  await make('shop', 'orders', 'billing');
  const given = await done('shop', 'PATCH', '/receivers/billing', { owner: 'bank' });
  await publish('shop', 'orders', 'after');
  await world.clock.advance(30 * minute);

  expect(given.endedSubscriptions).toEqual([{ topic: 'orders', receiver: 'billing' }]);
  expect(world.delivered).toEqual([]);
  expect((await done('shop', 'GET', '/topics/orders/subscriptions')).subscriptions).toEqual([]);
});

it('what waits for a paused receiver is delivered to it after its topic was deleted, and after the bank made it anew', async () => {
  await make('shop', 'orders', 'billing');
  await done('shop', 'POST', '/receivers/billing/pause', {});
  await world.clock.advance(minute);
  await publish('shop', 'orders', 'waiting');
  await world.clock.advance(minute);
  await done('shop', 'DELETE', '/topics/orders?force=true');
  await world.clock.advance(2 * minute);
  await make('bank', 'orders', 'vault');
  await done('shop', 'POST', '/receivers/billing/resume', {});
  await world.clock.advance(10 * minute);

  expect({ shop: reached('shop'), bank: reached('bank') }).toEqual({ shop: ['waiting'], bank: [] });
});

it('a receiver that the bank makes anew has nothing that waited for the earlier one, no dead letter and no redrive', async () => {
  await make('shop', 'orders', 'billing', 'fail');
  await done('shop', 'PATCH', '/receivers/billing', { retry: { delaysSeconds: [] } });
  await publish('shop', 'orders', 'dead');
  await world.clock.advance(minute);
  expect((await done('shop', 'GET', '/receivers/billing/dead-letters')).deadLetters).toMatchObject([
    { eventId: 'dead' },
  ]);
  await done('shop', 'POST', '/receivers/billing/redrive', {});
  await done('shop', 'POST', '/receivers/billing/pause', {});
  await world.clock.advance(minute);
  await publish('shop', 'orders', 'waiting');
  await done('shop', 'DELETE', '/receivers/billing?force=true');
  // The topic stays: what it had accepted was for the receiver of the shop.
  await world.clock.advance(2 * minute);

  await done('bank', 'PUT', '/receivers/billing', { endpoint: 'http://sink.test/ok/bank' });
  await world.clock.advance(60 * minute);

  expect(reached('bank')).toEqual([]);
  expect((await done('bank', 'GET', '/receivers/billing/dead-letters')).deadLetters).toEqual([]);
  expect((await world.call('bank', 'GET', '/v1/receivers/billing/redrive')).status).toBe(404);
  expect((await world.call('bank', 'GET', '/v1/events/waiting')).status).toBe(404);
});
