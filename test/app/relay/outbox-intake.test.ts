import { CreateTableCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { create } from '../../../functions/outbox-intake.ts';
import { outboxAttributes } from '../../../lib/client/outbox.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { type OutboxBus, outboxBus, outboxTable } from './outbox-bus.ts';

const own = 'shop-orders';

async function shopBus() {
  const bus = await outboxBus();
  await bus.topic('orders');
  await bus.dynamodb.send(
    new CreateTableCommand({
      TableName: own,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'orderId', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'orderId', KeyType: 'HASH' }],
    }),
  );
  const intake = create({
    ...bus.runtime,
    env: {
      BUSBAR_APPLICATION: 'shop',
      BUSBAR_OUTBOX_TABLE: outboxTable,
      BUSBAR_OWN_TABLE: own,
      BUSBAR_OWN_KEYS: 'orderId',
    },
  });
  const items = async () => (await bus.dynamodb.send(new ScanCommand({ TableName: own }))).Items ?? [];
  return { ...bus, intake: (event: object) => intake(event as never), items };
}

async function put(bus: OutboxBus, id: string, key?: string) {
  const plain = outboxAttributes({
    topic: 'orders',
    event: { type: 'order.placed', id, source: '/shop', data: { id } },
    now: bus.clock.now,
    ...(key !== undefined && { key }),
  });
  const Item = {
    orderId: { S: `outbox-${id}` },
    ...Object.fromEntries(
      Object.entries(plain).map(([name, value]) => [
        name,
        typeof value === 'number' ? { N: String(value) } : { S: value },
      ]),
    ),
  };
  await bus.dynamodb.send(new PutItemCommand({ TableName: own, Item }));
  return Item;
}

const record = (item: Awaited<ReturnType<typeof put>>, sequence: number) => ({
  dynamodb: { Keys: { orderId: item.orderId }, NewImage: item, SequenceNumber: String(sequence) },
});
const idsOf = async (bus: OutboxBus, pk: string) =>
  (await bus.tools.outbox.first(pk, 100)).rows.map(({ event }) => JSON.parse(event ?? '').id);

describe('entries of a table of the producer', () => {
  it('move to the outbox of the bus in the order of the stream, and are gone there', async () => {
    const bus = await shopBus();
    const items = [await put(bus, '1', 'k'), await put(bus, '2', 'k'), await put(bus, '3')];
    const Records = items.map((item, n) => record(item, 9 + n));
    expect(await bus.intake({ Records })).toEqual({ batchItemFailures: [] });
    expect(await bus.items()).toEqual([]);
    expect(await idsOf(bus, 'outbox#shop#k')).toEqual(['1', '2']);
    expect(await bus.entries()).toHaveLength(3);
  });

  it('move once, however often their records come, also after they were published', async () => {
    const bus = await shopBus();
    const Records = [record(await put(bus, '1', 'k'), 1)];
    await bus.intake({ Records });
    await bus.tools.outbox.delete((await bus.tools.outbox.first('outbox#shop#k', 10)).rows);
    await bus.intake({ Records });
    expect(await bus.entries()).toEqual([]);
  });

  it('that cannot be moved stay with those of their key, and are named to the stream', async () => {
    const bus = await shopBus();
    const items = [await put(bus, '1', 'k'), await put(bus, '2', 'k'), await put(bus, '3', 'other')];
    bus.intercept('dynamodb.TransactWriteItems', (input, next) => {
      if (!JSON.stringify(input).includes('outbox-1')) return next();
      throw new AwsError('InternalServerError', 'away', { status: 500 });
    });
    const Records = items.map((item, n) => record(item, 1 + n));
    expect(await bus.intake({ Records })).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    expect(await idsOf(bus, 'outbox#shop#k')).toEqual([]);
    expect(await idsOf(bus, 'outbox#shop#other')).toEqual(['3']);
    expect(await bus.items()).toHaveLength(2);
    bus.restore('dynamodb.TransactWriteItems');
    await bus.intake({ Records });
    expect(await idsOf(bus, 'outbox#shop#k')).toEqual(['1', '2']);
  });

  it('that the stream lost are found by looking through the table, and business items are left alone', async () => {
    const bus = await shopBus();
    await put(bus, '1', 'k');
    await bus.dynamodb.send(
      new PutItemCommand({ TableName: own, Item: { orderId: { S: 'order-1' }, total: { N: '5' } } }),
    );
    await bus.intake({});
    expect(await idsOf(bus, 'outbox#shop#k')).toEqual(['1']);
    expect((await bus.items()).map((item) => item.orderId)).toEqual([{ S: 'order-1' }]);
  });
});
