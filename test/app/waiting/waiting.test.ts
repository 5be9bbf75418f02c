import { describe, expect, it } from 'vitest';
import { cancelEvent } from '../../../lib/app/delay/recall.ts';
import { deleteTopicAndHeld } from '../../../lib/app/hold/topic-and-hold.ts';
import { noteWaiting } from '../../../lib/app/list/note-waiting.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deleteRecurrence } from '../../../lib/app/schedule/recurrences.ts';
import { beginTransaction, commitTransaction } from '../../../lib/app/transaction/transaction.ts';
import { listWaiting, type WaitingQuery } from '../../../lib/app/waiting/waiting.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import type { Target } from '../../../lib/core/event/target.ts';
import { admin, member, shorthand } from '../bus.ts';
import { putHold, putRecurrence, putTopic, reTimeEvent } from '../calls.ts';
import { type TransactionBus, transactionBus } from '../transaction/transaction-bus.ts';

const shop = member('shop');
const rival = member('rival');
const orders = { topic: 'orders' };

async function stillBus(): Promise<TransactionBus> {
  const bus = await transactionBus();
  await putTopic(bus.tools, shop, 'orders', {});
  await putTopic(bus.tools, rival, 'others', {});
  await bus.receiver('billing', { owner: 'shop' });
  return bus;
}

const later = (bus: TransactionBus, id: string, target: Target = orders, who = shop, delaySeconds = 3600) =>
  publish(bus.tools, who, target, shorthand({ id, source: '/s', type: 'a', delaySeconds }));
const begin = (bus: TransactionBus, ...ids: string[]) =>
  beginTransaction(
    bus.tools,
    shop,
    shorthand({ events: ids.map((id) => ({ ...orders, id, source: '/s', type: 'a' })) }),
    [],
  );
async function hold(bus: TransactionBus): Promise<void> {
  let isDone = false;
  const held = putHold(bus.tools, shop, 'orders', {}).finally(() => {
    isDone = true;
  });
  await bus.clock.until(() => isDone, 60_000);
  await held;
}
/** A topic and a receiver of somebody else, at which nothing waits; without their resources at AWS. */
async function registered({ tools: { registry } }: TransactionBus, n: number): Promise<void> {
  const about = { owner: `team-${n}`, declared: false, createdAt: '', updatedAt: '' };
  await registry.changeTopic(`t-${n}`, () => ({ topic: `t-${n}`, ...about }));
  await registry.changeReceiver(`r-${n}`, () => ({
    receiver: `r-${n}`,
    ...about,
    endpoint: 'https://example.com/',
    secret: '',
    state: 'active',
  }));
}

const list = (bus: TransactionBus, who: Principal, query: Partial<WaitingQuery> = {}) =>
  listWaiting(bus.tools, who, { limit: 100, ...query });
const ids = async (bus: TransactionBus, who: Principal, query: Partial<WaitingQuery> = {}) =>
  (await list(bus, who, query)).events.map(({ id }) => id).sort();

describe('the list of what waits', () => {
  it('shows each state, with what is known of it', async () => {
    const bus = await stillBus();
    await later(bus, 'delayed');
    await later(bus, 'invoked', { receiver: 'billing' }, admin);
    const { id: transaction } = await begin(bus, 'open');
    await hold(bus);
    await publish(bus.tools, shop, orders, shorthand({ id: 'held', source: '/s', type: 'a' }));

    const { events } = await list(bus, shop);

    const about = { source: '/s', type: 'a' };
    expect(events).toEqual([
      {
        state: 'delayed',
        id: 'invoked',
        ...about,
        receiver: 'billing',
        application: 'ops',
        deliverAt: '2026-01-01T01:00:00.000Z',
      },
      {
        state: 'delayed',
        id: 'delayed',
        ...about,
        ...orders,
        application: 'shop',
        deliverAt: '2026-01-01T01:00:00.000Z',
      },
      {
        state: 'held',
        id: 'held',
        ...about,
        ...orders,
        heldAt: expect.any(String),
        heldId: expect.any(String),
      },
      { state: 'open', id: 'open', ...about, ...orders, application: 'shop', transaction },
    ]);
    expect(await ids(bus, shop, { state: 'held' })).toEqual(['held']);
    expect(await ids(bus, shop, { receiver: 'billing' })).toEqual(['invoked']);
    expect(await ids(bus, shop, { topic: 'orders', state: 'open' })).toEqual(['open']);
  });

  it('is of what the caller owns', async () => {
    const bus = await stillBus();
    await later(bus, '1');
    await later(bus, '2', { topic: 'others' }, rival);

    expect(await ids(bus, shop)).toEqual(['1']);
    expect(await ids(bus, rival)).toEqual(['2']);
    expect(await ids(bus, admin)).toEqual(['1', '2']);
    await expect(list(bus, rival, orders)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(list(bus, rival, { topic: 'none' })).rejects.toMatchObject({ code: 'unknown_topic' });
    await expect(list(bus, rival, { receiver: 'none' })).rejects.toMatchObject({ code: 'unknown_receiver' });
  });

  it('no longer has what left, was cancelled or was committed, and keeps what was put off', async () => {
    const bus = await stillBus();
    await later(bus, 'left', orders, shop, 60);
    await later(bus, 'cancelled');
    await later(bus, 'put-off', orders, shop, 60);
    const { id } = await begin(bus, 'committed');
    bus.run();
    await cancelEvent(bus.tools, shop, { id: 'cancelled' });
    await reTimeEvent(bus.tools, shop, { id: 'put-off' }, { delaySeconds: 86_400 });
    await commitTransaction(bus.tools, shop, id);
    await bus.clock.advance(5 * 3600_000);

    expect(await ids(bus, shop)).toEqual(['put-off']);
  });

  it('comes in pages that leave nothing out and repeat nothing', async () => {
    const bus = await stillBus();
    const delayed = Array.from({ length: 11 }, (_, n) => `delayed-${n}`);
    for (const id of delayed) await later(bus, id);
    await begin(bus, 'open-1', 'open-2', 'open-3');
    await begin(bus, 'open-4');
    const all: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(bus, shop, { limit: 2, cursor });
      expect(page.events.length).toBeLessThanOrEqual(2);
      all.push(...page.events.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);

    expect(all.toSorted()).toEqual([...delayed, 'open-1', 'open-2', 'open-3', 'open-4'].toSorted());
  });

  it('is found by a new owner, also what a publisher stores that still takes the old one for the owner', async () => {
    const bus = await stillBus();
    await later(bus, 'before');
    const stale = bus.newTools();
    await stale.registry.cachedTopic('orders');
    await putTopic(bus.tools, admin, 'orders', { owner: 'rival' });
    await noteWaiting(stale, orders, 'delayed', bus.clock.now() + 1000);
    await later(bus, 'after', orders, rival);

    expect(await ids(bus, rival)).toEqual(['after', 'before']);
    expect(await ids(bus, shop)).toEqual([]);
  });

  it('has what waits for the children of an application for its members', async () => {
    const bus = await stillBus();
    await later(bus, '1');
    await later(bus, '2', { topic: 'others' }, rival);
    const parent: Principal = { application: 'holding', role: 'member', children: ['shop', 'rival'] };

    expect(await ids(bus, parent)).toEqual(['1', '2']);
    expect(await ids(bus, parent, { limit: 1 })).toHaveLength(1);
    expect(await ids(bus, { ...parent, role: 'viewer' })).toEqual([]);
  });

  it('costs as many reads in a registry of thousands as in a small one', async () => {
    const readsOf = async (others: number) => {
      const bus = await stillBus();
      for (let n = 0; n < others; n++) await registered(bus, n);
      await later(bus, '1');
      await later(bus, '2', { receiver: 'billing' });
      const reads = { shop: 0, admin: 0, nobody: 0 };
      for (const [who, principal] of [
        ['shop', shop],
        ['admin', admin],
        ['nobody', member('nobody')],
      ] as const) {
        const before = bus.calls.length;
        const { events, cursor } = await list(bus, principal);
        expect([events.length, cursor]).toEqual([who === 'nobody' ? 0 : 2, undefined]);
        reads[who] = bus.calls.length - before;
      }
      return reads;
    };

    const small = await readsOf(0);

    expect(await readsOf(300)).toEqual(small);
    expect(small.admin).toBeLessThan(20);
    expect(small.nobody).toBe(1);
  });

  it('does not show what waits for an earlier topic of the name', async () => {
    const bus = await stillBus();
    await later(bus, '1');
    await begin(bus, '2');
    await deleteTopicAndHeld(bus.tools, shop, 'orders', true);
    await bus.clock.advance(61_000);
    await putTopic(bus.tools, rival, 'orders', {});

    expect(await ids(bus, rival, orders)).toEqual([]);
    expect(await ids(bus, admin)).toEqual([]);
  });
});

it('the owner of a target may delete a schedule that fires at it', async () => {
  const bus = await stillBus();
  await putRecurrence(bus.tools, shop, 'nightly', { ...orders, everySeconds: 600, event: { type: 'a' } });
  await expect(deleteRecurrence(bus.tools, rival, 'nightly')).rejects.toMatchObject({ code: 'forbidden' });
  await putTopic(bus.tools, admin, 'orders', { owner: 'rival' });

  await deleteRecurrence(bus.tools, rival, 'nightly');

  expect(await bus.tools.recurrences.find('nightly')).toBeUndefined();
});
