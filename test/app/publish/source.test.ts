import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { listRefused } from '../../../lib/app/refused/refused.ts';
import { relayOutbox } from '../../../lib/app/relay/relay-outbox.ts';
import { beginTransaction, commitTransaction } from '../../../lib/app/transaction/transaction.ts';
import type { BusbarError } from '../../../lib/core/kernel/errors.ts';
import { bridge, bridgeBus } from '../bridge/bridge-bus.ts';
import { admin, member, shorthand, testBus } from '../bus.ts';
import { putRecurrence } from '../calls.ts';
import { outboxBus, outboxTable } from '../relay/outbox-bus.ts';
import { transactionBus } from '../transaction/transaction-bus.ts';

const shop = member('shop');
const minute = 60_000;
const foreign = '/applications/bank';
const forged = { specversion: '1.0', id: '1', source: '/shop', type: 'a', busbarpublisher: 'bank' };
const whole = (event: object) => ({
  contentType: 'application/cloudevents+json',
  headers: {},
  body: Buffer.from(JSON.stringify(event)),
});

async function refusal(answer: Promise<unknown>): Promise<BusbarError> {
  return await answer.then(
    () => expect.fail('It was not refused.'),
    (error: BusbarError) => error,
  );
}

async function busWith<Bus extends Awaited<ReturnType<typeof testBus>>>(bus: Bus): Promise<Bus> {
  await bus.topic('orders');
  await bus.receiver('billing');
  await bus.subscription('orders', 'billing');
  bus.endpoint('https://billing.example.com/events', () => 204);
  bus.run();
  return bus;
}
const bodies = (bus: { requests: readonly { body?: string | Uint8Array | undefined }[] }) =>
  bus.requests.map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>);

describe('the source of another application is refused', () => {
  it.each([
    ['a member', shop],
    ['an admin', admin],
  ])('when %s publishes or invokes', async (_, who) => {
    const bus = await testBus();
    await bus.topic('orders');
    await bus.receiver('shop');
    for (const target of [{ topic: 'orders' }, { receiver: 'shop' }]) {
      const refused = await refusal(
        publish(bus.tools, who, target, shorthand({ type: 'a', source: foreign })),
      );
      expect(refused).toMatchObject({ code: 'source_reserved', status: 403 });
    }
    const mixed = [{ type: 'a', source: foreign }, { type: 'b' }];
    const { events } = await publish(bus.tools, who, { topic: 'orders' }, shorthand(mixed));
    expect(events.map(({ status, code }) => [status, code])).toEqual([
      ['rejected', 'source_reserved'],
      ['accepted', undefined],
    ]);
  });

  it('when a schedule is put', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    const spec = { receiver: 'shop', everySeconds: 60, event: { type: 'a', source: foreign } };
    expect((await refusal(putRecurrence(bus.tools, shop, 'nightly', spec))).code).toBe('source_reserved');
    // An admin who names the owner has the owner's source.
    const own = { ...spec, owner: 'shop', event: { type: 'a', source: '/applications/shop' } };
    expect((await putRecurrence(bus.tools, admin, 'nightly', own)).created).toBe(true);
    const others = { ...own, event: { type: 'a', source: '/applications/ops' } };
    expect((await refusal(putRecurrence(bus.tools, admin, 'nightly', others))).code).toBe('source_reserved');
  });

  it('when a schedule of an earlier version fires', async () => {
    const bus = await busWith(await testBus());
    const spec = { receiver: 'billing', everySeconds: 60, event: { type: 'a' }, owner: 'shop' };
    await putRecurrence(bus.tools, admin, 'nightly', spec);
    const kept = await bus.tools.recurrences.find('nightly');
    if (kept === undefined) expect.fail('There is no schedule.');
    const recurrence = { ...kept.recurrence, event: { type: 'a', source: foreign } };
    await bus.tools.recurrences.write({ ...kept, recurrence }, kept.recurrence);
    await bus.clock.advance(3 * minute);
    expect(bus.requests).toEqual([]);
    expect((await bus.tools.recurrences.find('nightly'))?.state.problem).toContain('is reserved for');
  });

  it('when a transaction begins', async () => {
    const bus = await transactionBus();
    await bus.topic('orders');
    const events = [{ topic: 'orders', type: 'a', source: foreign }];
    const refused = await refusal(beginTransaction(bus.tools, shop, shorthand({ events }), []));
    expect(refused.code).toBe('source_reserved');
    expect(refused.fields[0]?.path).toBe('events.0.source');
  });

  it('when an entry of the outbox is relayed, and lists it', async () => {
    const bus = await busWith(await outboxBus());
    await putEntry(bus, { type: 'a', source: foreign });
    await relayOutbox(bus.tools, ['outbox#shop#key']);
    const { refused } = await listRefused(bus.tools, shop, { limit: 10, cursor: undefined });
    expect(refused).toMatchObject([{ code: 'source_reserved', from: 'outbox' }]);
    expect(bus.requests).toEqual([]);
  });

  it('when a bridge brings it, unless its operator trusts the sources', async () => {
    const bus = await bridgeBus();
    const properties = { CE_specversion: '1.0', CE_id: '1', CE_source: foreign, CE_type: 'a' };
    bus.put('', { properties });
    expect(await bus.runBridge()).toMatchObject({ brought: 0, refused: 1 });
    bus.put('', { properties });
    expect(await bus.runBridge({ ...bridge, trustSources: true })).toMatchObject({ brought: 1, refused: 0 });
    expect(await bus.published()).toMatchObject([{ source: foreign, busbarpublisher: 'bridge:legacy' }]);
  });
});

describe('the publisher that the bus names', () => {
  it('is the application, whatever the event says, at the first attempt and at the next', async () => {
    const bus = await busWith(await testBus());
    let failures = 1;
    bus.endpoint('https://billing.example.com/events', () => (failures-- > 0 ? 500 : 204));
    await publish(bus.tools, shop, { topic: 'orders' }, whole(forged));
    await bus.clock.until(() => bus.requests.length === 2, minute);
    expect(bodies(bus).map(({ busbarpublisher }) => busbarpublisher)).toEqual(['shop', 'shop']);
  });

  it('is the application of a transaction and of an entry of the outbox', async () => {
    const bus = await busWith(await outboxBus());
    const events = [{ topic: 'orders', ...forged }];
    const { id } = await beginTransaction(bus.tools, shop, shorthand({ events }), []);
    await commitTransaction(bus.tools, shop, id);
    await putEntry(bus, { ...forged, id: '2' });
    await bus.clock.until(() => bus.requests.length === 2, minute);
    expect(bodies(bus).map(({ busbarpublisher }) => busbarpublisher)).toEqual(['shop', 'shop']);
  });

  it('is the owner of a schedule', async () => {
    const bus = await busWith(await testBus());
    const spec = { receiver: 'billing', everySeconds: 60, event: { type: 'a' }, owner: 'shop' };
    await putRecurrence(bus.tools, admin, 'nightly', spec);
    await bus.clock.until(() => bus.requests.length === 1, 2 * minute);
    expect(bodies(bus)).toMatchObject([{ source: '/schedules/nightly', busbarpublisher: 'shop' }]);
  });
});

async function putEntry(bus: Awaited<ReturnType<typeof outboxBus>>, event: object): Promise<void> {
  await bus.dynamodb.send(
    new PutItemCommand({
      TableName: outboxTable,
      Item: {
        pk: { S: 'outbox#shop#key' },
        sk: { S: '1' },
        busbarTopic: { S: 'orders' },
        busbarEvent: { S: JSON.stringify(event) },
      },
    }),
  );
}
