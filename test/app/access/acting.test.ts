import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { cancelEvent } from '../../../lib/app/delay/recall.ts';
import { sendHeld } from '../../../lib/app/hold/held.ts';
import { getHold } from '../../../lib/app/hold/hold.ts';
import { deleteTopicAndHeld } from '../../../lib/app/hold/topic-and-hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { getRefused } from '../../../lib/app/refused/refused.ts';
import { getRecurrence } from '../../../lib/app/schedule/recurrences.ts';
import {
  beginTransaction,
  commitTransaction,
  getTransaction,
} from '../../../lib/app/transaction/transaction.ts';
import { why } from '../../../lib/app/why/why.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import type { Target } from '../../../lib/core/event/target.ts';
import { admin, answer, environment, member, shorthand } from '../bus.ts';
import {
  listHeld,
  listRefused,
  putHold,
  putRecurrence,
  putSubscription,
  putTopic,
  putTopicAndWatch,
  releaseHold,
  reTimeEvent,
} from '../calls.ts';
import { type OutboxBus, outboxBus, outboxTable } from '../relay/outbox-bus.ts';

// Two teams that do not trust each other: what the one stored must not act on what the other makes of the name.

const minute = 60_000;
const shop = member('shop');
const rival = member('rival');
const orders = { topic: 'orders' };
const checkUrl = 'https://shop.example.com/check';

/** A topic of the shop with a receiver of its own. */
async function runningBus(topic: object = {}): Promise<OutboxBus> {
  const bus = await outboxBus();
  await putTopic(bus.tools, shop, 'orders', topic);
  await bus.receiver('billing', { owner: 'shop' });
  await bus.receiver('spy', { owner: 'rival' });
  await putSubscription(bus.tools, shop, 'orders', 'billing', {});
  for (const name of ['billing', 'spy']) bus.endpoint(`https://${name}.example.com/events`, () => 204);
  bus.run();
  return bus;
}

/** The shop deletes its topic, and the rival makes one of the same name, with a receiver of its own. */
async function takeName(bus: OutboxBus, topic: object = {}): Promise<void> {
  await deleteTopicAndHeld(bus.tools, shop, 'orders', true);
  await expect(putTopic(bus.tools, rival, 'orders', topic)).rejects.toMatchObject({ code: 'in_use' });
  await bus.clock.advance(61_000);
  await putTopic(bus.tools, rival, 'orders', topic);
  await putSubscription(bus.tools, rival, 'orders', 'spy', {});
}

/** An admin gives the topic, as it stands, to the rival. */
async function giveAway(bus: OutboxBus, topic: object = {}): Promise<void> {
  await putTopic(bus.tools, admin, 'orders', { owner: 'rival', ...topic }, true);
  await bus.clock.advance(5000);
}

/** Puts a topic on hold, which takes until every publisher knows. */
async function inTime<Answer>(bus: OutboxBus, call: Promise<Answer>): Promise<Answer> {
  let isDone = false;
  void call.finally(() => {
    isDone = true;
  });
  await bus.clock.until(() => isDone, 60_000);
  return await call;
}

const send = (bus: OutboxBus, who: Principal, fields: object, target: Target = orders) =>
  publish(bus.tools, who, target, shorthand({ id: '1', source: '/s', type: 'a', data: {}, ...fields }));
const refused = async (bus: OutboxBus, who: Principal) =>
  (await listRefused(bus.tools, who, {})).refused.map(({ from, code, eventId }) => ({ from, code, eventId }));
const posted = (bus: OutboxBus) =>
  bus.requests
    .filter(({ url }) => url !== checkUrl)
    .map(({ url, body }) => [url, JSON.parse(String(body)).id]);

describe.each([
  ['a short while', 300, {}],
  ['a short while, without a row', 300, { cancellable: false }],
  ['an hour', 3600, {}],
])('an event that is delayed by %s', (_, delaySeconds, topic) => {
  it('does not reach the next owner of the name, and is refused where its producer sees it', async () => {
    const bus = await runningBus(topic);
    await send(bus, shop, { delaySeconds });
    await takeName(bus);

    await bus.clock.advance(delaySeconds * 1000 + minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([{ from: 'delayed', code: 'target_replaced', eventId: '1' }]);
    expect(await refused(bus, rival)).toEqual([]);
    expect(await bus.count(environment.BUSBAR_DELAY_QUEUE_URL)).toMatchObject({ inFlight: 0, delayed: 0 });
  });

  it('is refused when its topic was deleted, with the event as it was', async () => {
    const bus = await runningBus(topic);
    await send(bus, shop, { delaySeconds, data: { n: 1 } });
    await deleteTopicAndHeld(bus.tools, shop, 'orders', true);

    await bus.clock.advance(delaySeconds * 1000 + minute);

    const { refused: list } = await listRefused(bus.tools, shop, {});
    expect(list).toMatchObject([{ from: 'delayed', code: 'unknown_topic', topic: 'orders', times: 1 }]);
    const { event } = await getRefused(bus.tools, shop, list[0]?.id ?? '');
    expect(JSON.parse(event)).toMatchObject({ id: '1', source: '/s', data: { n: 1 } });
  });

  it('is refused after the topic went to another owner', async () => {
    const bus = await runningBus(topic);
    await send(bus, shop, { delaySeconds });
    await giveAway(bus);

    await bus.clock.advance(delaySeconds * 1000 + minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([{ from: 'delayed', code: 'forbidden', eventId: '1' }]);
  });

  it('of an admin meets the schema of the new owner', async () => {
    const bus = await runningBus(topic);
    await send(bus, admin, { delaySeconds, id: 'good', data: { n: 1 } });
    await send(bus, admin, { delaySeconds, id: 'bad', data: {} });
    await giveAway(bus, { ...topic, schema: { type: 'object', required: ['n'] } });
    await putSubscription(bus.tools, rival, 'orders', 'spy', {});

    await bus.clock.advance(delaySeconds * 1000 + minute);

    // The subscription of the shop ended with its ownership.
    expect(posted(bus)).toEqual([['https://spy.example.com/events', 'good']]);
    expect(await refused(bus, admin)).toEqual([{ from: 'delayed', code: 'schema_mismatch', eventId: 'bad' }]);
  });

  it('goes as it was accepted when its own team changes the schema or makes it anew for itself', async () => {
    const bus = await runningBus(topic);
    await send(bus, shop, { delaySeconds });
    await putTopic(
      bus.tools,
      shop,
      'orders',
      { ...topic, schema: { type: 'object', required: ['n'] } },
      true,
    );

    await bus.clock.advance(delaySeconds * 1000 + minute);

    expect(posted(bus)).toEqual([['https://billing.example.com/events', '1']]);
  });
});

it('an event that a parent delayed for the topic of its child goes while it is its child', async () => {
  const bus = await runningBus();
  const of = (children: readonly string[]) => ({
    application: 'parent',
    children,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  });
  await bus.tools.applications.change([{ was: undefined, now: of(['shop']) }]);
  const parent = { ...member('parent'), children: ['shop'] };
  await send(bus, parent, { delaySeconds: 60 });
  await send(bus, parent, { delaySeconds: 600, id: '2' });

  await bus.clock.advance(2 * minute);
  await bus.tools.applications.change([{ was: of(['shop']), now: of([]) }]);
  await bus.clock.advance(20 * minute);

  expect(posted(bus)).toEqual([['https://billing.example.com/events', '1']]);
  expect(await refused(bus, parent)).toEqual([{ from: 'delayed', code: 'forbidden', eventId: '2' }]);
});

describe('an event that waits for an earlier topic of its name', () => {
  it('is changed by its producer and an admin, and by no later owner', async () => {
    const bus = await runningBus();
    await send(bus, shop, { delaySeconds: 3600 });
    await takeName(bus);

    await expect(reTimeEvent(bus.tools, rival, { id: '1' }, { delaySeconds: 1 })).rejects.toMatchObject({
      code: 'unknown_event',
    });
    await expect(cancelEvent(bus.tools, rival, { id: '1' })).rejects.toMatchObject({ code: 'unknown_event' });
    await reTimeEvent(bus.tools, admin, { id: '1' }, { delaySeconds: 600 });
    await cancelEvent(bus.tools, shop, { id: '1' });
    await bus.clock.advance(2 * 3600_000);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([]);
  });

  it('is not replaced by the same event of the later one', async () => {
    const bus = await runningBus();
    await send(bus, shop, { delaySeconds: 3600 });
    await takeName(bus);
    await send(bus, rival, { delaySeconds: 3600, type: 'b' });

    await bus.clock.advance(2 * 3600_000);

    expect(posted(bus)).toEqual([['https://spy.example.com/events', '1']]);
    expect(await refused(bus, shop)).toHaveLength(1);
  });

  it('can be cancelled by the new owner of the same topic', async () => {
    const bus = await runningBus();
    await send(bus, shop, { delaySeconds: 3600 });
    await giveAway(bus);

    await cancelEvent(bus.tools, rival, { id: '1' });
    await bus.clock.advance(2 * 3600_000);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([]);
  });

  it('says that it was refused to who would still cancel it', async () => {
    const bus = await runningBus();
    await send(bus, shop, { delaySeconds: 3600 });
    await takeName(bus);
    await bus.clock.advance(2 * 3600_000);

    await expect(cancelEvent(bus.tools, shop, { id: '1' })).rejects.toMatchObject({
      code: 'event_left',
      message: expect.stringContaining('refused'),
    });
  });
});

describe('a schedule', () => {
  const put = (bus: OutboxBus, who: Principal) =>
    putRecurrence(bus.tools, who, 'nightly', { ...orders, everySeconds: 600, event: { type: 'a' } });

  it.each([
    ['made anew by another team', takeName, 'target_replaced'],
    ['given to another team', giveAway, 'forbidden'],
  ])('does not fire at a topic that was %s, and says why', async (_, change, code) => {
    const bus = await runningBus();
    await put(bus, shop);
    await change(bus);

    await bus.clock.advance(1800_000);

    expect(posted(bus)).toEqual([]);
    const { refused: list } = await listRefused(bus.tools, shop, {});
    expect(list).toMatchObject([{ from: 'schedule', schedule: 'nightly', code }]);
    expect(await refused(bus, rival)).toEqual([]);
    const { problem } = await getRecurrence(bus.tools, shop, 'nightly');
    expect(problem).toContain('The topic orders');
  });

  it('fires again once it is put again by who may', async () => {
    const bus = await runningBus();
    await put(bus, shop);
    await takeName(bus);
    await put(bus, admin);

    await bus.clock.advance(601_000);

    expect(posted(bus)).toEqual([['https://spy.example.com/events', expect.stringContaining('nightly@')]]);
    expect(await getRecurrence(bus.tools, admin, 'nightly')).not.toHaveProperty('problem');
  });
});

describe('a transaction', () => {
  const begin = (bus: OutboxBus, who: Principal, more: object = {}) =>
    beginTransaction(
      bus.tools,
      who,
      shorthand({ events: [{ ...orders, type: 'a', id: '1', source: '/s', data: {} }], ...more }),
      [],
    );

  it.each([
    ['made anew by another team', takeName, 'target_replaced'],
    ['given to another team', giveAway, 'forbidden'],
  ])('that is committed after its topic was %s is refused', async (_, change, code) => {
    const bus = await runningBus();
    const { id } = await begin(bus, shop);
    await change(bus);

    await commitTransaction(bus.tools, shop, id);
    await bus.clock.advance(minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([{ from: 'transaction', code, eventId: '1' }]);
    expect(await refused(bus, rival)).toEqual([]);
    expect(await getTransaction(bus.tools, shop, id)).toMatchObject({ refused: 1 });
    await expect(getTransaction(bus.tools, rival, id)).rejects.toMatchObject({
      code: 'unknown_transaction',
    });
  });

  it('that a check commits is refused in the same way', async () => {
    const bus = await runningBus();
    bus.endpoint(checkUrl, () => answer(200, {}, '{"state":"commit"}'));
    await begin(bus, shop, { checkUrl, checkAfterSeconds: 300 });
    await takeName(bus);

    await bus.clock.advance(6 * minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([
      { from: 'transaction', code: 'target_replaced', eventId: '1' },
    ]);
  });

  it('of an admin meets the schema of the new owner', async () => {
    const bus = await runningBus();
    const { id } = await begin(bus, admin);
    await giveAway(bus, { schema: { type: 'object', required: ['n'] } });

    await commitTransaction(bus.tools, admin, id);
    await bus.clock.advance(minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, admin)).toEqual([
      { from: 'transaction', code: 'schema_mismatch', eventId: '1' },
    ]);
  });
});

describe('a held event', () => {
  it.each([
    ['given to another team', shop, {}, 'forbidden'],
    [
      'given to a team with a schema',
      admin,
      { schema: { type: 'object', required: ['n'] } },
      'schema_mismatch',
    ],
  ])('is refused by the release of a topic that was %s', async (_, who, topic, code) => {
    const bus = await runningBus();
    await inTime(bus, putHold(bus.tools, shop, 'orders', {}));
    await send(bus, who, {});
    await giveAway(bus, topic);

    await releaseHold(bus.tools, rival, 'orders', {});
    await bus.clock.advance(2 * minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, who)).toEqual([{ from: 'held', code, eventId: '1' }]);
    expect(await getHold(bus.tools, rival, 'orders')).toMatchObject({ state: 'released', held: 0 });
  });

  it('is neither sent by hand, and stays', async () => {
    const bus = await runningBus();
    await inTime(bus, putHold(bus.tools, shop, 'orders', {}));
    await send(bus, shop, {});
    await giveAway(bus);
    const [held] = (await listHeld(bus.tools, rival, 'orders', {})).events;

    await expect(sendHeld(bus.tools, rival, 'orders', held?.id ?? '')).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect((await listHeld(bus.tools, rival, 'orders', {})).events).toHaveLength(1);
  });

  it('of an earlier topic is gone with it, and its hold does not hold the later one', async () => {
    const bus = await runningBus();
    await inTime(bus, putHold(bus.tools, shop, 'orders', {}));
    await send(bus, shop, {});
    const hold = await bus.tools.holds.find('orders');
    await deleteTopicAndHeld(bus.tools, shop, 'orders', true);
    // A deletion that broke off leaves the hold.
    if (hold !== undefined) await bus.tools.holds.replace(hold, undefined);
    await bus.clock.advance(61_000);
    await putTopicAndWatch(bus.tools, rival, 'orders', {});

    await expect(getHold(bus.tools, rival, 'orders')).rejects.toMatchObject({ code: 'unknown_hold' });
    expect(await send(bus, rival, {})).toMatchObject({ events: [{ status: 'accepted' }] });
  });
});

describe('why', () => {
  it('tells who published a refused event that it was refused, and nothing to the next owner of the name', async () => {
    const bus = await runningBus();
    await send(bus, shop, { delaySeconds: 300 });
    await takeName(bus);
    await bus.clock.advance(10 * minute);

    const [event] = (await why(bus.tools, shop, { id: '1' })).events;
    const { refused: list } = await listRefused(bus.tools, shop, {});
    expect(event).toMatchObject({
      topic: 'orders',
      former: true,
      refused: { id: list[0]?.id, code: 'target_replaced' },
    });
    expect((await why(bus.tools, admin, { id: '1' })).events).toHaveLength(1);
    expect((await why(bus.tools, rival, { id: '1' })).events).toEqual([]);
  });

  it('shows the trace of an event of an earlier topic to its producer alone', async () => {
    const bus = await runningBus({ trace: 'all' });
    await send(bus, shop, {});
    await bus.clock.advance(minute);
    await takeName(bus, { trace: 'all' });
    await send(bus, rival, { id: '2' });
    await bus.clock.advance(minute);

    expect((await why(bus.tools, shop, { id: '1' })).events).toMatchObject([
      { former: true, receivers: [{ receiver: 'billing', state: 'delivered' }] },
    ]);
    expect((await why(bus.tools, rival, { id: '1' })).events).toEqual([]);
    expect((await why(bus.tools, rival, { id: '2' })).events).toMatchObject([
      { receivers: [{ receiver: 'spy', state: 'delivered' }] },
    ]);
  });
});

describe('an outbox entry', () => {
  const write = async (bus: OutboxBus, atMs: number) =>
    await bus.dynamodb.send(
      new PutItemCommand({
        TableName: outboxTable,
        Item: {
          pk: { S: 'outbox#shop#key' },
          sk: { S: '1' },
          busbarTopic: { S: 'orders' },
          busbarEvent: { S: JSON.stringify({ id: '1', source: '/s', type: 'a', data: {} }) },
          busbarAt: { N: String(atMs) },
        },
      }),
    );

  it('is published by the rights of its application when it is relayed', async () => {
    const bus = await runningBus();
    await giveAway(bus);
    await write(bus, bus.clock.now());
    await bus.clock.advance(minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([{ from: 'outbox', code: 'forbidden', eventId: '1' }]);
  });

  it('from before the topic of its name was made is refused, also by the same team', async () => {
    const bus = await runningBus();
    const before = bus.clock.now();
    await deleteTopicAndHeld(bus.tools, shop, 'orders', true);
    await bus.clock.advance(2 * minute);
    await putTopic(bus.tools, shop, 'orders', {});
    await putSubscription(bus.tools, shop, 'orders', 'billing', {});
    await write(bus, before);
    await bus.clock.advance(minute);

    expect(posted(bus)).toEqual([]);
    expect(await refused(bus, shop)).toEqual([{ from: 'outbox', code: 'target_replaced', eventId: '1' }]);
  });
});

it('a claim of an earlier topic does not make an event of the later one a duplicate', async () => {
  const bus = await runningBus({ dedupSeconds: 3600 });
  await send(bus, shop, {});
  await takeName(bus, { dedupSeconds: 3600 });

  const { events } = await send(bus, rival, {});

  expect(events).toMatchObject([{ status: 'accepted' }]);
});

describe('the incarnation of a topic', () => {
  it('survives every change of its settings, and not its deletion', async () => {
    const bus = await runningBus();
    const of = async () => (await bus.tools.registry.topic('orders'))?.incarnation;
    const first = await of();

    await putTopic(bus.tools, shop, 'orders', { description: 'changed' });
    await putTopic(bus.tools, admin, 'orders', { owner: 'rival' });
    expect(first).toMatch(/^[0-9a-f]{8}$/);
    expect(await of()).toBe(first);

    await deleteTopicAndHeld(bus.tools, admin, 'orders', true);
    await bus.clock.advance(61_000);
    await putTopic(bus.tools, shop, 'orders', {});
    expect(await of()).not.toBe(first);
  });
});
