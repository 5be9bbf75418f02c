import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { patchApplication, putApplication } from '../../../lib/app/access/applications.ts';
import { relayOutbox } from '../../../lib/app/relay/relay-outbox.ts';
import { sweep } from '../../../lib/app/relay/sweep.ts';
import { getRecurrence } from '../../../lib/app/schedule/recurrences.ts';
import { beginTransaction, commitTransaction } from '../../../lib/app/transaction/transaction.ts';
import { outboxEntry } from '../../../lib/client/outbox.ts';
import { admin, member, shorthand } from '../bus.ts';
import { putRecurrence } from '../calls.ts';
import { type OutboxBus, outboxBus } from '../relay/outbox-bus.ts';

/** What the bus publishes for an application counts as what the application publishes: beyond its rate it waits. */

const second = 1000;
const minute = 60 * second;
const shop = member('shop');

async function rateBus(perSecond: number, run = true): Promise<OutboxBus> {
  const bus = await outboxBus();
  for (const name of ['shop', 'crm']) await putApplication(bus.tools, admin, name, {});
  await quota(bus, perSecond);
  await bus.receiver('billing');
  for (const topic of ['orders', 'contacts']) {
    await bus.topic(topic, { owner: topic === 'orders' ? 'shop' : 'crm', dedupSeconds: 3600 });
    await bus.subscription(topic, 'billing');
  }
  bus.endpoint('https://billing.example.com/events', () => 204);
  if (run) bus.run();
  return bus;
}

const quota = (bus: OutboxBus, publishPerSecond: number) =>
  patchApplication(bus.tools, admin, 'shop', { quotas: { publishPerSecond } });
const arrived = (bus: OutboxBus) =>
  bus.requests.map(({ body }) => JSON.parse(String(body)) as { id: string; time: string });
const write = (bus: OutboxBus, application: string, ids: readonly string[], key?: string) =>
  bus.dynamodb.send(
    new TransactWriteItemsCommand({
      TransactItems: ids.map((id) =>
        outboxEntry({
          application,
          topic: application === 'shop' ? 'orders' : 'contacts',
          event: { type: 'a', id, source: '/s', data: {} },
          now: bus.clock.now,
          ...(key !== undefined && { key }),
        }),
      ),
    }),
  );
const pksOf = async (bus: OutboxBus) => [...new Set((await bus.entries()).map(({ pk }) => String(pk?.S)))];
const names = (count: number, prefix = 'e') => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe('entries of the outbox over the rate', () => {
  it('wait for the sweep, are all published in the order of their key, and do not hold up others', async () => {
    const bus = await rateBus(1, false);
    await write(bus, 'shop', names(20), 'k');
    await write(bus, 'crm', names(3, 'c'));
    const before = await relayOutbox(bus.tools, await pksOf(bus));
    // The stream is not asked to bring again what is over its rate, so nothing waits behind it.
    expect(before).toEqual(new Set());
    const left = (await bus.entries()).map(({ pk }) => pk?.S);
    expect(left.every((pk) => pk?.startsWith('outbox#shop'))).toBe(true);
    expect(left).toHaveLength(15);
    expect(await relayOutbox(bus.tools, await pksOf(bus))).toEqual(new Set());
    expect(await bus.entries()).toHaveLength(left.length);

    bus.run();
    for (let n = 0; n < 8 && (await bus.entries()).length > 0; n++) {
      await bus.clock.advance(minute);
      await sweep(bus.tools);
    }
    await bus.clock.until(() => bus.requests.length === 23, 5 * minute);
    expect(await bus.entries()).toEqual([]);
    const ids = arrived(bus).map(({ id }) => id);
    expect(new Set(ids).size).toBe(23);
  });

  it('count for the parent', async () => {
    const bus = await rateBus(1, false);
    await putApplication(bus.tools, admin, 'child', { parent: 'shop' });
    await bus.tools.registry.changeTopic('contacts', (topic) => ({ ...topic, owner: 'child' }) as never);
    await bus.dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: names(20).map((id) =>
          outboxEntry({
            application: 'child',
            topic: 'contacts',
            event: { type: 'a', id, source: '/s', data: {} },
            now: bus.clock.now,
          }),
        ),
      }),
    );
    await relayOutbox(bus.tools, await pksOf(bus));
    expect(await bus.entries()).toHaveLength(15);
  });
});

describe('a schedule over the rate', () => {
  const every = { topic: 'orders', everySeconds: 1, misfire: 'skip' as const, event: { type: 'tick' } };

  it('fires later and loses no time, though its misfires are skipped', async () => {
    const bus = await rateBus(0);
    await putRecurrence(bus.tools, shop, 'ticks', every);
    const startMs = bus.clock.now();
    await bus.clock.advance(3 * minute);
    expect(bus.requests).toEqual([]);
    await quota(bus, 1000);
    await bus.clock.advance(2 * minute);
    const times = arrived(bus).map(({ time }) => Date.parse(time) - startMs);
    expect(times.length).toBeGreaterThanOrEqual(299);
    expect(times.sort((one, other) => one - other)).toEqual(times.map((_, n) => (n + 1) * second));
    expect((await getRecurrence(bus.tools, shop, 'ticks')).problem).toBeUndefined();
  });

  it('fires at the rate, while that of another application goes on time', async () => {
    const bus = await rateBus(1);
    for (const name of ['a', 'b', 'c', 'd']) await putRecurrence(bus.tools, shop, name, every);
    await putRecurrence(bus.tools, member('crm'), 'other', { ...every, topic: 'contacts' });
    await bus.clock.advance(2 * minute);
    const ids = arrived(bus).map(({ id }) => id);
    expect(ids.filter((id) => id.startsWith('other')).length).toBeGreaterThanOrEqual(119);
    const own = ids.filter((id) => !id.startsWith('other')).length;
    expect(own).toBeGreaterThanOrEqual(60);
    expect(own).toBeLessThanOrEqual((24 + 1) * 5);
  });
});

it('a transaction is counted when it begins, and not again when it is committed', async () => {
  const bus = await rateBus(1);
  const keyed = { ...shop, keyId: 'k' };
  const events = names(5).map((id) => ({ topic: 'orders', type: 'a', id, data: {} }));
  const request = shorthand({ events } as never);
  const { id } = await beginTransaction(bus.tools, keyed, request, []);
  await expect(beginTransaction(bus.tools, keyed, request, [])).rejects.toMatchObject({
    code: 'quota_exceeded',
  });
  await commitTransaction(bus.tools, keyed, id);
  await bus.clock.until(() => bus.requests.length === 5, 3 * second);
});
