import { describe, expect, it } from 'vitest';
import { dropHeld, getHeld, sendHeld } from '../../../lib/app/hold/held.ts';
import { lookAfterHold } from '../../../lib/app/hold/look-after-hold.ts';
import { heldSweepSeconds } from '../../../lib/app/hold/release-held.ts';
import {
  deleteTopicAndHeld,
  getTopicAndHold,
  listTopicsAndHolds,
} from '../../../lib/app/hold/topic-and-hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { beginTransaction, commitTransaction } from '../../../lib/app/transaction/transaction.ts';
import { why } from '../../../lib/app/why/why.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, member, shorthand } from '../bus.ts';
import { listHeld, putHold, putTopicAndWatch } from '../calls.ts';
import { transactionBus } from '../transaction/transaction-bus.ts';
import {
  hold,
  holdBus,
  minute,
  orders,
  range,
  release,
  second,
  send,
  shop,
  state,
  statuses,
  subscribed,
  untilReleased,
  waited,
  watches,
} from './hold-bus.ts';

const day = 24 * 60 * minute;

describe('a topic on hold', () => {
  it('stores its events and routes none, until it is released in their order', async () => {
    const bus = await holdBus();
    bus.run();
    expect(await statuses(send(bus, ['e0']))).toBe('accepted');
    expect(await hold(bus, { reason: 'migration' })).toMatchObject({
      topic: 'orders',
      state: 'holding',
      by: 'hand',
      application: 'shop',
      reason: 'migration',
      held: 0,
    });
    expect(await statuses(send(bus, range(1, 60)))).toBe('held');
    expect(await statuses(send(bus, range(61, 61)))).toBe('held');
    await bus.clock.advance(minute);
    expect(bus.routed).toEqual(['e0']);
    expect(await state(bus)).toMatchObject({ state: 'holding', held: 61, released: 0 });

    expect(await release(bus)).toMatchObject({ state: 'releasing', releasedBy: 'hand', held: 61 });
    await untilReleased(bus);
    expect(bus.routed).toEqual(range(0, 61));
    expect(await state(bus)).toMatchObject({ state: 'released', held: 0, released: 61 });
    expect(await statuses(send(bus, ['e62']))).toBe('accepted');
    await bus.clock.advance(10 * second);
    expect(bus.requests).toHaveLength(63);
  });

  it('leaves nothing behind in the table but what became of it, and no schedule', async () => {
    const bus = await holdBus();
    bus.run();
    await hold(bus);
    await send(bus, range(1, 20));
    await release(bus);
    expect(await watches(bus)).toEqual(['hold-orders']);
    await untilReleased(bus);
    await bus.clock.advance((heldSweepSeconds + 120) * second);
    expect(await watches(bus)).toEqual([]);
    expect(await bus.rows('held')).toEqual([]);
    expect(await bus.rows('hold#')).toEqual(['hold#orders']);
    expect(await bus.tools.registry.topic('orders')).not.toHaveProperty('hold');
    expect(bus.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('holds for 30 days and longer', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, ['e1']);
    await bus.clock.advance(30 * day);
    await send(bus, ['e2']);
    await bus.clock.advance(370 * day);
    await send(bus, ['e3']);
    expect(await state(bus)).toMatchObject({ state: 'holding', held: 3 });
    bus.run();
    await release(bus);
    await untilReleased(bus);
    expect(bus.routed).toEqual(['e1', 'e2', 'e3']);
  });

  it('holds from the answer on, whatever publishers remember, and before it nothing for anybody', async () => {
    const bus = await holdBus();
    const other = bus.newTools();
    await send(bus, ['e1'], {}, other);
    const holding = putHold(bus.tools, shop, 'orders', {});
    // One instance remembers the topic without the hold, the other has read it anew: neither may hold yet.
    await bus.clock.advance(second / 2);
    const early = ['e2', 'e3'].map((id, at) =>
      publish(at === 0 ? other : bus.newTools(), shop, orders, shorthand({ id, type: 'a', data: {} })),
    );
    expect((await Promise.all(early)).map(({ events }) => events[0]?.status)).toEqual([
      'accepted',
      'accepted',
    ]);
    await waited(bus, holding);
    expect(await statuses(send(bus, ['e4'], {}, other))).toBe('held');
    expect(bus.routed).toEqual(['e1', 'e2', 'e3']);
  });

  it('holds what an instance publishes whose clock is a second behind', async () => {
    const bus = await holdBus();
    const { clock } = bus;
    const behind = { ...bus.newTools(), clock: { ...clock, now: () => clock.now() - second } };
    await send(bus, ['e1'], {}, behind);
    await hold(bus);
    expect(await statuses(send(bus, ['e2'], {}, behind))).toBe('held');
  });

  it('is shown with its topic, alone and in the list', async () => {
    const bus = await holdBus();
    await bus.topic('returns');
    await hold(bus, { reason: 'peak' });
    await send(bus, ['e1', 'e2']);
    expect(await getTopicAndHold(bus.tools, 'orders')).toMatchObject({
      hold: { state: 'holding', held: 2, reason: 'peak' },
    });
    expect(await getTopicAndHold(bus.tools, 'returns')).not.toHaveProperty('hold');
    const { topics } = await listTopicsAndHolds(bus.tools, admin, { limit: 100 });
    expect(topics.map(({ topic, hold: shown }) => [topic, shown?.state])).toEqual([
      ['orders', 'holding'],
      ['returns', undefined],
    ]);
  });

  it('stays on hold when its settings change', async () => {
    const bus = await holdBus();
    await hold(bus);
    const { document } = await putTopicAndWatch(bus.tools, shop, 'orders', { description: 'changed' });
    expect(document).toMatchObject({ description: 'changed', hold: { state: 'holding' } });
    await bus.clock.advance(5 * second);
    expect(await statuses(send(bus, ['e1']))).toBe('held');
  });

  it('belongs to its owner, and is refused what is no hold', async () => {
    const bus = await holdBus();
    await expect(release(bus)).rejects.toMatchObject({ code: 'unknown_hold' });
    await expect(state(bus)).rejects.toMatchObject({ code: 'unknown_hold' });
    await expect(hold(bus, { rate: 1 })).rejects.toMatchObject({ code: 'invalid_request' });
    await hold(bus);
    await expect(listHeld(bus.tools, member('crm'), 'orders', {})).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(release(bus, { perSecond: 'fast' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('answers a second event of an id as duplicate, and holds what is invoked never', async () => {
    const bus = await holdBus();
    await bus.topic('orders', { dedupSeconds: 600 });
    await hold(bus);
    expect(await statuses(send(bus, ['e1']))).toBe('held');
    expect(await statuses(send(bus, ['e1']))).toBe('duplicate');
    const { events } = await publish(
      bus.tools,
      shop,
      { receiver: 'billing' },
      shorthand({ type: 'a', data: 1 }),
    );
    expect(events[0]?.status).toBe('accepted');
  });

  it('holds a delayed event when it is due', async () => {
    const bus = await holdBus();
    bus.run();
    expect(await statuses(send(bus, ['e1'], { delaySeconds: 30 }))).toBe('scheduled');
    expect(await statuses(send(bus, ['e2'], { delaySeconds: 3600 }))).toBe('scheduled');
    await hold(bus);
    await bus.clock.advance(2 * 3600 * second);
    expect(bus.routed).toEqual([]);
    expect(await state(bus)).toMatchObject({ held: 2 });
    await release(bus);
    await untilReleased(bus);
    expect(bus.routed).toEqual(['e1', 'e2']);
  });

  it('holds what a transaction commits', async () => {
    const built = await transactionBus();
    const bus = await holdBus(async () => built);
    bus.run();
    await hold(bus);
    const request = shorthand({ events: [{ topic: 'orders', type: 'a', id: 'e1', data: {} }] });
    const { id } = await beginTransaction(built.tools, shop, request, []);
    await commitTransaction(built.tools, shop, id);
    await bus.clock.until(async () => (await state(bus)).held === 1, minute);
    expect(bus.routed).toEqual([]);
    await release(bus);
    await untilReleased(bus);
    expect(bus.routed).toEqual(['e1']);
  });

  it('keeps an event of every size that the bus takes, letter by letter', async () => {
    const bus = await holdBus();
    await hold(bus);
    // JSON in JSON: every quote of it is escaped twice over.
    const data = '"\\'.repeat(59_000);
    expect(await statuses(send(bus, ['e1'], { data }))).toBe('held');
    const { events } = await listHeld(bus.tools, shop, 'orders', {});
    const { event } = await getHeld(bus.tools, shop, 'orders', events[0]?.id ?? '');
    expect(event).toMatchObject({ id: 'e1', data });
  });

  it('refuses what could not be stored, event by event, and routes none of it', async () => {
    const bus = await holdBus();
    await hold(bus);
    // The first event of an instance also notes that something is held.
    await send(bus, ['e0']);
    let calls = 0;
    bus.intercept('dynamodb.BatchWriteItem', (_, next) => {
      calls += 1;
      if (calls === 1) throw new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
      return next();
    });
    const { events } = await send(bus, range(1, 24));
    expect(events.filter(({ status }) => status === 'held')).toHaveLength(12);
    expect(events.filter(({ status, code }) => status === 'rejected' && code === 'unavailable')).toHaveLength(
      12,
    );
    expect(bus.routed).toEqual([]);
    expect(await state(bus)).toMatchObject({ held: 13 });
  });

  it('is found by the id of an event, until that is released', async () => {
    const bus = await holdBus();
    bus.run();
    await hold(bus);
    await send(bus, ['e1']);
    const ask = () => why(bus.tools, shop, { id: 'e1' });
    expect((await ask()).events).toMatchObject([
      { topic: 'orders', heldAt: expect.any(String), receivers: [{ receiver: 'billing', state: 'held' }] },
    ]);
    await release(bus);
    await untilReleased(bus);
    const after = (await ask()).events[0];
    expect(after).not.toHaveProperty('heldAt');
    expect(after?.receivers[0]?.state).not.toBe('held');
  });
});

describe('a release', () => {
  it('goes at the rate that is asked for, and shows how far it is', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 100));
    bus.run();
    await release(bus, { perSecond: '10' });
    await bus.clock.advance(5 * second);
    expect(bus.routed.length).toBeGreaterThanOrEqual(40);
    expect(bus.routed.length).toBeLessThanOrEqual(60);
    expect(await state(bus)).toMatchObject({
      state: 'releasing',
      perSecond: 10,
      released: bus.routed.length,
      held: 100 - bus.routed.length,
    });
    await untilReleased(bus);
    expect(bus.routed).toEqual(range(1, 100));
  });

  it('stops when the topic is put on hold again, and goes on where it stopped', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 100));
    bus.run();
    await release(bus, { perSecond: '10' });
    await bus.clock.advance(3 * second);
    expect(await hold(bus, { reason: 'too early' })).toMatchObject({ state: 'holding', reason: 'too early' });
    await bus.clock.advance(2 * second);
    const stoppedAt = bus.routed.length;
    expect(stoppedAt).toBeLessThan(60);
    await bus.clock.advance(10 * minute);
    expect(bus.routed).toHaveLength(stoppedAt);
    expect(await state(bus)).toMatchObject({ state: 'holding', held: 100 - stoppedAt });
    await release(bus);
    await untilReleased(bus);
    expect(bus.routed).toEqual(range(1, 100));
  });

  it('takes along, behind what was held, what is published while it goes on', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 50));
    bus.run();
    await release(bus, { perSecond: '20' });
    await bus.clock.advance(second);
    expect(await statuses(send(bus, range(51, 60), {}, bus.newTools()))).toBe('held');
    await untilReleased(bus);
    expect(await statuses(send(bus, ['e61']))).toBe('accepted');
    expect(bus.routed).toEqual(range(1, 61));
  });

  it('ends under a stream of events, none of which waits for long or overtakes another', async () => {
    const bus = await holdBus();
    bus.run();
    await hold(bus);
    await send(bus, range(1, 30));
    await bus.clock.advance(5);
    await release(bus);
    let count = 30;
    const flow: Promise<string>[] = [];
    while ((await state(bus)).state !== 'released') {
      if (count > 600) throw new Error('The release does not end.');
      // Another one every 20 ms, each after the answer to the one before.
      flow.push(statuses(send(bus, [`e${++count}`], {}, count % 2 === 0 ? bus.tools : bus.newTools())));
      await flow.at(-1);
      await bus.clock.advance(20);
    }
    await statuses(send(bus, [`e${++count}`]));
    expect(bus.routed).toEqual(range(1, count));
    expect(new Set(await Promise.all(flow))).toContain('held');
  });

  it('tells its trouble and keeps everything while AWS takes nothing', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 15));
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('ThrottledException', 'Rate exceeded', { status: 429 });
    });
    bus.run();
    await release(bus);
    await bus.clock.advance(minute);
    expect(await state(bus)).toMatchObject({
      state: 'releasing',
      held: 15,
      trouble: expect.stringContaining('Throttled'),
    });
    expect(bus.lines.some((line) => line.startsWith('error: A release of held events is in trouble'))).toBe(
      true,
    );
    bus.intercept('sqs.SendMessageBatch', bus.record);
    await untilReleased(bus);
    expect(bus.routed).toEqual(range(1, 15));
    expect(await state(bus)).not.toHaveProperty('trouble');
  });

  it('goes on by its schedule when nobody could be woken', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 5));
    bus.intercept('lambda.Invoke', () => {
      throw new AwsError('TooManyRequestsException', 'Rate exceeded', { status: 429 });
    });
    expect(await release(bus)).toMatchObject({ state: 'releasing' });
    bus.restore('lambda.Invoke');
    bus.run();
    await untilReleased(bus, 3 * minute);
    expect(bus.routed).toEqual(range(1, 5));
  });

  it('is gone on with by one at a time', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 80));
    await release(bus, { perSecond: '20' });
    await waited(bus, Promise.all([1, 2, 3].map(() => lookAfterHold(bus.newTools(), 'orders'))));
    expect(bus.routed).toEqual(range(1, 80));
  });
});

describe('the end of a release', () => {
  it('sends what a publisher was storing when it came, once and before the publisher has its answer', async () => {
    const bus = await holdBus();
    bus.run();
    await hold(bus);
    await send(bus, ['e1']);
    let store = () => {};
    const gate = new Promise<void>((resolve) => {
      store = resolve;
    });
    bus.intercept('dynamodb.BatchWriteItem', async (input, next) => {
      if (JSON.stringify(input).includes('PutRequest')) await gate;
      return await next();
    });
    const slow = publish(bus.newTools(), shop, orders, shorthand({ id: 'e2', type: 'a', data: {} }));
    await bus.clock.advance(10);
    await release(bus);
    await untilReleased(bus);
    expect(bus.routed).toEqual(['e1']);
    store();
    expect((await waited(bus, slow)).events[0]?.status).toBe('accepted');
    expect(bus.routed).toEqual(['e1', 'e2']);
    bus.restore('dynamodb.BatchWriteItem');
    await bus.clock.advance(5 * minute);
    expect(bus.routed).toEqual(['e1', 'e2']);
    expect(await bus.rows('held#')).toEqual([]);
  });

  it('is over for a publisher that remembers the hold', async () => {
    const bus = await holdBus();
    bus.run();
    await hold(bus);
    await release(bus);
    const other = bus.newTools();
    await other.registry.cachedTopic('orders');
    await untilReleased(bus);
    expect(await statuses(send(bus, ['e1'], {}, other))).toBe('accepted');
    expect(bus.routed).toEqual(['e1']);
  });

  it('is followed by a look for what a publisher left that died over storing', async () => {
    const bus = await holdBus();
    bus.run();
    await hold(bus);
    const held = await bus.tools.holds.find('orders');
    await release(bus);
    await untilReleased(bus);
    const body = JSON.stringify({ specversion: '1.0', id: 'e1', source: '/s', type: 'a' });
    await bus.tools.held.put({ topic: 'orders', id: held?.id ?? '' }, [
      { id: 'e1', source: '/s', type: 'a', subject: undefined, body },
    ]);
    await bus.clock.advance(3 * minute);
    expect(bus.routed).toEqual(['e1']);
    expect(await bus.rows('held')).toEqual([]);
  });

  it('is not waited for longer than some seconds when the release died over it', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, ['e1']);
    await release(bus);
    // It says that it is closing, and is never heard of again.
    const standing = await bus.tools.holds.find('orders');
    if (standing === undefined) throw new Error('There is no hold.');
    const nowMs = bus.clock.now();
    await bus.tools.holds.replace(
      {
        ...standing,
        state: 'closing',
        worker: 'dead',
        leaseUntilMs: nowMs + minute,
        gateUntilMs: nowMs + 5 * second,
      },
      standing,
    );
    expect(await statuses(send(bus, ['e2']))).toBe('held');
    expect(bus.clock.now() - nowMs).toBeLessThan(6 * second);
    bus.run();
    await untilReleased(bus);
    expect(bus.routed).toEqual(['e1', 'e2']);
  });
});

describe('a held event', () => {
  it('is listed in its order, a page at a time', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 45), { subject: 'order/1' });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listHeld(bus.tools, shop, 'orders', {
        limit: '10',
        ...(cursor !== undefined && { cursor }),
      });
      expect(page.events.length).toBeLessThanOrEqual(10);
      seen.push(...page.events.map(({ eventId }) => eventId));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(range(1, 45));
    await expect(listHeld(bus.tools, shop, 'orders', { limit: '1001' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(listHeld(bus.tools, shop, 'orders', { cursor: 'A B' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('is sent or dropped by hand, and then is not released', async () => {
    const bus = await holdBus();
    bus.run();
    await hold(bus);
    await send(bus, range(1, 4));
    const { events } = await listHeld(bus.tools, shop, 'orders', {});
    const idOf = (eventId: string) => events.find((event) => event.eventId === eventId)?.id ?? '';
    expect(await sendHeld(bus.tools, shop, 'orders', idOf('e3'))).toMatchObject({ eventId: 'e3' });
    await dropHeld(bus.tools, shop, 'orders', idOf('e2'));
    expect(bus.routed).toEqual(['e3']);
    expect(await state(bus)).toMatchObject({ held: 2, sentByHand: 1, dropped: 1 });
    for (const act of [sendHeld, dropHeld, getHeld]) {
      await expect(act(bus.tools, shop, 'orders', idOf('e2'))).rejects.toMatchObject({
        code: 'unknown_held_event',
      });
      await expect(act(bus.tools, shop, 'orders', 'nonsense')).rejects.toMatchObject({
        code: 'unknown_held_event',
      });
    }
    await release(bus);
    await untilReleased(bus);
    expect(bus.routed).toEqual(['e3', 'e1', 'e4']);
  });

  it('is not dropped while the release may be sending it', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, ['e1']);
    const { events } = await listHeld(bus.tools, shop, 'orders', {});
    await release(bus);
    for (const act of [sendHeld, dropHeld]) {
      await expect(act(bus.tools, shop, 'orders', events[0]?.id ?? '')).rejects.toMatchObject({
        code: 'releasing',
      });
    }
  });

  it('stays held when it could not be sent', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, ['e1']);
    const { events } = await listHeld(bus.tools, shop, 'orders', {});
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('ThrottledException', 'Rate exceeded', { status: 429 });
    });
    await expect(sendHeld(bus.tools, shop, 'orders', events[0]?.id ?? '')).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await state(bus)).toMatchObject({ held: 1 });
  });
});

describe('a topic that holds events', () => {
  it('is deleted with them by force only', async () => {
    const bus = await holdBus();
    await hold(bus);
    await send(bus, range(1, 30));
    await expect(deleteTopicAndHeld(bus.tools, shop, 'orders', false)).rejects.toMatchObject({
      code: 'in_use',
    });
    expect(await state(bus)).toMatchObject({ held: 30 });
    await deleteTopicAndHeld(bus.tools, shop, 'orders', true);
    expect(await bus.tools.registry.topic('orders')).toBeUndefined();
    expect(await bus.rows('held')).toEqual([]);
    expect(await bus.rows('hold')).toEqual([]);
    expect(await watches(bus)).toEqual([]);
    // A topic that is made anew under its name is not on hold.
    await bus.topic('orders');
    expect(await statuses(send(bus, ['e31']))).toBe('accepted');
  });

  it('is deleted as any other when it holds none', async () => {
    const bus = await holdBus();
    await hold(bus);
    await deleteTopicAndHeld(bus.tools, admin, 'orders', false);
    expect(await bus.rows('hold')).toEqual([]);
  });
});

describe('a rule', () => {
  const rule = { backlogEvents: 20, releaseBelow: { backlogEvents: 5 } };
  /** A topic of low priority, and one of high priority to the same receiver. */
  async function ruledBus(holdWhen: object) {
    const bus = await holdBus();
    await bus.topic('payments');
    await subscribed(bus, 'payments', 'billing');
    await putTopicAndWatch(bus.tools, shop, 'orders', { holdWhen });
    const pay = (count: number) =>
      publish(
        bus.tools,
        shop,
        { topic: 'payments' },
        shorthand(Array.from({ length: count }, () => ({ type: 'p', data: {} }))),
      );
    const look = () => waited(bus, lookAfterHold(bus.newTools(), 'orders'));
    return { bus, pay, look };
  }

  it('has the topic give way above one line, and flow again below the other', async () => {
    const { bus, pay, look } = await ruledBus(rule);
    expect(await watches(bus)).toEqual(['hold-orders']);
    await pay(19);
    await look();
    await expect(state(bus)).rejects.toMatchObject({ code: 'unknown_hold' });
    await pay(1);
    await look();
    expect(await state(bus)).toMatchObject({
      state: 'holding',
      by: 'rule',
      reason: '20 events wait for billing; the rule holds from 20.',
    });
    expect(bus.lines.some((line) => line.startsWith('warn: A topic was put on hold by its rule'))).toBe(true);
    await bus.clock.advance(3 * second);
    expect(await statuses(send(bus, range(1, 3)))).toBe('held');
    // Between the lines nothing changes.
    await bus.runLane('billing');
    await look();
    expect(await state(bus)).toMatchObject({ state: 'holding', held: 3 });
    await bus.runLane('billing');
    await look();
    expect(await state(bus)).toMatchObject({ state: 'released', released: 3, releasedBy: 'rule' });
    // The rule goes on, and so does its schedule.
    await bus.clock.advance(2 * minute);
    await look();
    expect(await watches(bus)).toEqual(['hold-orders']);
  });

  it('goes by how long events wait for their first attempt, not by those that are retried', async () => {
    const { bus, pay, look } = await ruledBus({ backlogSeconds: 60 });
    bus.endpoint('https://billing.example.com/events', () => 500);
    await pay(2);
    await bus.runLane('billing');
    await bus.clock.advance(10 * minute);
    await look();
    await expect(state(bus)).rejects.toMatchObject({ code: 'unknown_hold' });
    await pay(1);
    await bus.clock.advance(59 * second);
    await look();
    await expect(state(bus)).rejects.toMatchObject({ code: 'unknown_hold' });
    await bus.clock.advance(3 * second);
    await look();
    expect(await state(bus)).toMatchObject({ state: 'holding', by: 'rule' });
  });

  it('leaves alone what is held or released by hand', async () => {
    const { bus, pay, look } = await ruledBus(rule);
    await hold(bus);
    await look();
    expect(await state(bus)).toMatchObject({ state: 'holding', by: 'hand' });
    await send(bus, range(1, 30));
    await pay(25);
    await release(bus, { perSecond: '1' });
    const going = lookAfterHold(bus.newTools(), 'orders');
    await bus.clock.advance(5 * second);
    const other = lookAfterHold(bus.newTools(), 'orders');
    await bus.clock.advance(second);
    expect(await state(bus)).toMatchObject({ state: 'releasing', releasedBy: 'hand' });
    await waited(bus, Promise.all([going, other]));
  });

  it('stops its own release when the release itself makes a backlog, and cuts the peak so', async () => {
    const { bus, pay, look } = await ruledBus({ ...rule, perSecond: 10 });
    await pay(20);
    await look();
    await bus.clock.advance(3 * second);
    await send(bus, range(1, 60));
    await bus.runLane('billing');
    await bus.runLane('billing');
    const going = look();
    await bus.clock.advance(3 * second);
    await waited(bus, lookAfterHold(bus.newTools(), 'orders'));
    await going;
    const { state: now, held } = await state(bus);
    expect(now).toBe('holding');
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(60);
    expect((await bus.count(bus.urlOf('billing', 'online'))).ready).toBeLessThan(50);
  });

  it('releases what it holds when it is taken away, and then is not looked at any more', async () => {
    const { bus, pay, look } = await ruledBus(rule);
    await pay(20);
    await look();
    await bus.clock.advance(3 * second);
    await send(bus, ['e1']);
    await putTopicAndWatch(bus.tools, shop, 'orders', {});
    await look();
    expect(bus.routed).toContain('e1');
    expect(await state(bus)).toMatchObject({ state: 'released' });
    await bus.clock.advance(2 * minute);
    await look();
    expect(await watches(bus)).toEqual([]);
  });

  it('leaves the topic as it is when the backlog cannot be measured', async () => {
    const { bus, pay, look } = await ruledBus(rule);
    await pay(20);
    bus.intercept('sqs.GetQueueAttributes', () => {
      throw new AwsError('ServiceUnavailable', 'The fault of this test', { status: 503 });
    });
    await look();
    await expect(state(bus)).rejects.toMatchObject({ code: 'unknown_hold' });
    expect(
      bus.lines.some((line) => line.startsWith('error: The rule of a topic could not be followed')),
    ).toBe(true);
  });
});
