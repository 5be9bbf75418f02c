import { beforeEach, describe, expect, it } from 'vitest';
import { patchApplication, putApplication } from '../../../lib/app/access/applications.ts';
import { cancelEvent, reTimeEvent } from '../../../lib/app/delay/recall.ts';
import { dropHeld, listHeld } from '../../../lib/app/hold/held.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { relayTransaction } from '../../../lib/app/transaction/relay-transaction.ts';
import {
  beginTransaction,
  commitTransaction,
  rollbackTransaction,
} from '../../../lib/app/transaction/transaction.ts';
import type { Quotas } from '../../../lib/core/access/quotas.ts';
import { delayedCell } from '../../../lib/core/access/stored.ts';
import { admin, member, shorthand } from '../bus.ts';
import { putHold, releaseHold } from '../calls.ts';
import { waited } from '../hold/hold-bus.ts';
import { type OutboxBus, outboxBus } from '../relay/outbox-bus.ts';

/** What waits in the bus for an application is bounded, and comes down again when it leaves. */

const shop = { ...member('shop'), keyId: 'k' };
const orders = { topic: 'orders' };
const minute = 60_000;
const hour = 60 * minute;

let bus: OutboxBus;
const quotas = (of: Quotas, application = 'shop') =>
  patchApplication(bus.tools, admin, application, { quotas: of });
let number = 0;
const later = (count = 1, delaySeconds = 3600) =>
  Array.from({ length: count }, () => ({
    type: 'a',
    id: `e${number++}`,
    source: '/s',
    delaySeconds,
    data: 1,
  }));
const send = (events: object[], principal = shop, tools = bus.newTools()) =>
  publish(tools, principal, orders, shorthand(events as never)).then(({ events: results }) =>
    results.map(({ status }) => status),
  );
const exceeded = (quota: string, limit: number) => ({
  code: 'quota_exceeded',
  status: 429,
  retryAfterSeconds: expect.any(Number),
  members: { quota, application: 'shop', limit, events: expect.any(Array) },
});
const big = (id: string) => ({ type: 'a', id, source: '/s', data: 'x'.repeat(1000) });
/** An instance refuses for a second by what it read. */
const aMoment = () => bus.clock.advance(2000);

beforeEach(async () => {
  bus = await outboxBus();
  await putApplication(bus.tools, admin, 'shop', {});
  await bus.topic('orders', { dedupSeconds: 86_400 });
  await bus.receiver('billing');
  await bus.subscription('orders', 'billing');
  bus.endpoint('https://billing.example.com/events', () => 204);
});

describe('delayedEvents', () => {
  it('refuses one more, and takes it when one has left, was cancelled, or was re-timed to now', async () => {
    await quotas({ delayedEvents: 3 });
    const [first, second] = later(2);
    await send([first ?? {}]);
    await send([second ?? {}, ...later(1, 60)]);
    await expect(send(later())).rejects.toMatchObject(exceeded('delayedEvents', 3));
    // What is due now is not delayed.
    expect(await send([{ type: 'a', data: 1 }])).toEqual(['accepted']);

    await cancelEvent(bus.newTools(), shop, { id: first?.id ?? '' });
    await aMoment();
    expect(await send(later())).toEqual(['scheduled']);
    await expect(send(later())).rejects.toMatchObject(exceeded('delayedEvents', 3));

    bus.run();
    await bus.clock.advance(3 * minute);
    expect(bus.requests).toHaveLength(2);
    expect(await send(later())).toEqual(['scheduled']);
    await reTimeEvent(bus.newTools(), shop, { id: second?.id ?? '' }, { delaySeconds: 0 });
    await bus.clock.advance(3 * minute);
    expect(await send(later())).toEqual(['scheduled']);
    await expect(send(later())).rejects.toMatchObject(exceeded('delayedEvents', 3));
  });

  it('counts those that wait whole in the queue, and frees the id of one that it refuses', async () => {
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, cancellable: false }) as never);
    await quotas({ delayedEvents: 1 });
    await send(later(1, 60));
    const [refused] = later(1, 60);
    await expect(send([refused ?? {}])).rejects.toMatchObject(exceeded('delayedEvents', 1));
    await bus.clock.advance(3 * minute);
    expect(await send([refused ?? {}])).toEqual(['scheduled']);
    expect(await send([refused ?? {}])).toEqual(['duplicate']);
  });

  it('refuses only what is delayed of a request', async () => {
    await quotas({ delayedEvents: 0 });
    const { events } = await publish(
      bus.tools,
      shop,
      orders,
      shorthand([{ type: 'a', data: 1 }, ...later()] as never),
    );
    expect(events).toMatchObject([{ status: 'accepted' }, { status: 'rejected', code: 'quota_exceeded' }]);
  });

  it('counts an event once that is published again, and one that could not be stored not at all', async () => {
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, dedupSeconds: 0 }) as never);
    await quotas({ delayedEvents: 1 });
    const [one] = later();
    bus.intercept('scheduler.CreateSchedule', () => {
      throw new Error('The fault of this test');
    });
    await expect(send([one ?? {}])).rejects.toMatchObject({ code: 'unavailable' });
    bus.restore('scheduler.CreateSchedule');
    expect(await send([one ?? {}])).toEqual(['scheduled']);
    await quotas({ delayedEvents: 2 });
    expect(await send([one ?? {}])).toEqual(['scheduled']);
    await aMoment();
    expect(await send(later())).toEqual(['scheduled']);
    await expect(send(later())).rejects.toMatchObject(exceeded('delayedEvents', 2));
  });

  it('holds when many instances store at the same time', async () => {
    await quotas({ delayedEvents: 5 });
    const sent = await Promise.allSettled(Array.from({ length: 12 }, () => send(later())));
    const stored = sent.filter(({ status }) => status === 'fulfilled').length;
    expect(stored).toBeLessThanOrEqual(5);
    await aMoment();
    for (let n = stored; n < 5; n++) expect(await send(later())).toEqual(['scheduled']);
    await expect(send(later())).rejects.toMatchObject(exceeded('delayedEvents', 5));
  });

  it('of a parent counts what its children have', async () => {
    await quotas({ delayedEvents: 1 });
    await putApplication(bus.tools, admin, 'child', { parent: 'shop' });
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, owner: 'child' }) as never);
    const child = { ...member('child'), keyId: 'c' };
    const [one] = later();
    await send([one ?? {}], child);
    await expect(send(later(), child)).rejects.toMatchObject(exceeded('delayedEvents', 1));
    await cancelEvent(bus.newTools(), child, { id: one?.id ?? '' });
    await aMoment();
    expect(await send(later(), child)).toEqual(['scheduled']);
  });

  it('costs an application nothing that is far below it, but a look a minute', async () => {
    const tools = bus.newTools();
    const writes = () => bus.calls.filter((call) => call.startsWith('dynamodb.UpdateItem')).length;
    await send(later(), shop, tools);
    const before = writes();
    const queries = bus.calls.filter((call) => call.startsWith('dynamodb.Query')).length;
    for (let n = 0; n < 20; n++) await send(later(10), shop, tools);
    expect(writes()).toBe(before);
    expect(bus.calls.filter((call) => call.startsWith('dynamodb.Query')).length).toBe(queries);
  });

  it('corrects itself: what a crash left is gone when it would have been due', async () => {
    await quotas({ delayedEvents: 1 });
    const nowMs = bus.clock.now();
    // Counted, and then the function is killed before it stores the event.
    const lost = { cell: delayedCell(nowMs + hour, nowMs), events: 1, bytes: 100 };
    await bus.newTools().usage.take('shop', [lost], { events: 1, bytes: 1e6 });
    await expect(send(later())).rejects.toMatchObject(exceeded('delayedEvents', 1));
    await bus.clock.advance(hour + 5 * minute);
    expect(await send(later())).toEqual(['scheduled']);
  });
});

describe('storedBytes', () => {
  const held = () => listHeld(bus.tools, shop, 'orders', { limit: 10 }).then(({ events }) => events);

  it('counts delayed events by their size', async () => {
    await quotas({ storedBytes: 3000 });
    expect(await send([{ ...big('1'), delaySeconds: 3600 }])).toEqual(['scheduled']);
    expect(await send([{ ...big('2'), delaySeconds: 3600 }])).toEqual(['scheduled']);
    await expect(send([{ ...big('3'), delaySeconds: 3600 }])).rejects.toMatchObject(
      exceeded('storedBytes', 3000),
    );
  });

  it('counts held events until they are dropped or released', async () => {
    await quotas({ storedBytes: 3000 });
    await waited(bus, putHold(bus.tools, shop, 'orders', {}));
    await bus.clock.advance(2000);
    expect(await send([big('1')])).toEqual(['held']);
    expect(await send([big('2')])).toEqual(['held']);
    await expect(send([big('3')])).rejects.toMatchObject(exceeded('storedBytes', 3000));
    await dropHeld(bus.newTools(), shop, 'orders', String((await held())[0]?.id));
    await aMoment();
    expect(await send([big('3')])).toEqual(['held']);
    await expect(send([big('4')])).rejects.toMatchObject(exceeded('storedBytes', 3000));

    bus.run();
    await waited(bus, releaseHold(bus.tools, shop, 'orders', {}));
    await bus.clock.advance(minute);
    expect(bus.requests).toHaveLength(2);
    await waited(bus, putHold(bus.tools, shop, 'orders', {}));
    await bus.clock.advance(2000);
    expect(await send([big('4')])).toEqual(['held']);
    expect(await send([big('5')])).toEqual(['held']);
  });

  it('forgets what a hold left behind that is over', async () => {
    await quotas({ storedBytes: 3000 });
    await bus.tools.usage.count('shop', [{ cell: 'hold#orders#of-old', events: 0, bytes: 2900 }], {
      events: 1,
      bytes: 1,
    });
    expect(await send([{ ...big('1'), delaySeconds: 60 }])).toEqual(['scheduled']);
  });

  it('never refuses what was accepted: a delayed event whose topic is on hold when it is due', async () => {
    await quotas({ storedBytes: 1500 });
    expect(await send([{ ...big('1'), delaySeconds: 60 }])).toEqual(['scheduled']);
    await quotas({ storedBytes: 10 });
    await waited(bus, putHold(bus.tools, shop, 'orders', {}));
    bus.run();
    await bus.clock.advance(2 * minute);
    expect(await held()).toMatchObject([{ eventId: '1' }]);
  });

  it('counts the events of a transaction until it is over', async () => {
    await quotas({ storedBytes: 3000 });
    const begin = (id: string) =>
      beginTransaction(bus.newTools(), shop, shorthand({ events: [{ ...orders, ...big(id) }] } as never), []);
    const [one, other] = [await begin('1'), await begin('2')];
    await expect(begin('3')).rejects.toMatchObject({
      code: 'quota_exceeded',
      members: { quota: 'storedBytes', limit: 3000 },
    });
    await rollbackTransaction(bus.tools, shop, one.id);
    expect(await relayTransaction(bus.tools, one.id)).toBe(true);
    await aMoment();
    await begin('4');
    await expect(begin('5')).rejects.toMatchObject({ code: 'quota_exceeded' });
    await commitTransaction(bus.tools, shop, other.id);
    expect(await relayTransaction(bus.tools, other.id)).toBe(true);
    await aMoment();
    await begin('5');
  });
});
