import { createHash } from 'node:crypto';
import { PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deleteRefused, getRefused, retryRefused } from '../../../lib/app/refused/refused.ts';
import { relayOutbox } from '../../../lib/app/relay/relay-outbox.ts';
import { sweep } from '../../../lib/app/relay/sweep.ts';
import { type OutboxOptions, outboxEntry } from '../../../lib/client/outbox.ts';
import type { Topic } from '../../../lib/core/registry/topic.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, member } from '../bus.ts';
import { listRefused } from '../calls.ts';
import { type FaultKind, faultKinds, inject } from '../faults.ts';
import { type OutboxBus, outboxBus, outboxTable } from './outbox-bus.ts';

const second = 1000;
const minute = 60 * second;
const shop = member('shop');

async function runningBus(options: { run?: boolean } = {}): Promise<OutboxBus> {
  const bus = await outboxBus();
  await bus.topic('orders');
  await bus.receiver('billing');
  bus.endpoint('https://billing.example.com/events', () => 204);
  await bus.tools.provision.putSubscription('orders', 'billing', { filter: undefined, isOrdered: false }, {});
  if (options.run !== false) bus.run();
  return bus;
}

const entry = (bus: OutboxBus, id: string, more: Partial<OutboxOptions> = {}) =>
  outboxEntry({
    application: 'shop',
    ...(more.receiver === undefined && { topic: 'orders' }),
    event: { type: 'order.placed', id, source: '/shop', data: { id } },
    now: bus.clock.now,
    ...more,
  });
const write = (bus: OutboxBus, ...items: ReturnType<typeof entry>[]) =>
  bus.dynamodb.send(new TransactWriteItemsCommand({ TransactItems: items }));
const delivered = (bus: OutboxBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id as string);
const pkOf = (item: ReturnType<typeof entry>) => (item.Put.Item.pk as { S: string }).S;
const publishes = (bus: OutboxBus) => bus.calls.filter((call) => call.startsWith('sns.PublishBatch')).length;
/** Something that a producer of another language wrote, or got wrong. */
const raw = (bus: OutboxBus, pk: string, attributes: Record<string, { S: string } | { N: string }>) =>
  bus.dynamodb.send(
    new PutItemCommand({ TableName: outboxTable, Item: { pk: { S: pk }, sk: { S: '1' }, ...attributes } }),
  );

describe('an entry of the outbox', () => {
  it('is published when the transaction of its producer goes through, and gone then', async () => {
    const bus = await runningBus();
    await write(bus, entry(bus, '1'), entry(bus, '2', { receiver: 'billing' }));
    await bus.clock.until(() => bus.requests.length === 2, minute);
    expect(delivered(bus).sort()).toEqual(['1', '2']);
    await bus.clock.until(async () => (await bus.entries()).length === 0, minute);
    await bus.clock.advance(5 * minute);
    expect(bus.requests).toHaveLength(2);
  });

  it('of a transaction that fails is never published', async () => {
    const bus = await runningBus();
    const failing = {
      ConditionCheck: {
        TableName: outboxTable,
        Key: { pk: { S: 'none' }, sk: { S: 'none' } },
        ConditionExpression: 'attribute_exists(pk)',
      },
    };
    const items = new TransactWriteItemsCommand({ TransactItems: [entry(bus, '1'), failing] });
    await expect(bus.dynamodb.send(items)).rejects.toThrow('Transaction cancelled');
    await bus.clock.advance(5 * minute);
    expect(bus.requests).toEqual([]);
  });

  it('may be relayed again and again and is accepted once', async () => {
    const bus = await runningBus({ run: false });
    const one = entry(bus, '1');
    await write(bus, one);
    for (let round = 0; round < 5; round++) await relayOutbox(bus.tools, [pkOf(one)]);
    expect(publishes(bus)).toBe(1);
    expect((await bus.count(bus.urlOf('billing', 'online'))).ready).toBe(1);
  });

  it('is one delivery for the receiver, even when a crash after the publish has it published twice', async () => {
    const bus = await runningBus({ run: false });
    const one = entry(bus, '1');
    await write(bus, one);
    bus.intercept('dynamodb.BatchWriteItem', () => {
      throw new AwsError('InternalServerError', 'away', { status: 500 });
    });
    await relayOutbox(bus.tools, [pkOf(one)]);
    bus.restore('dynamodb.BatchWriteItem');
    await relayOutbox(bus.tools, [pkOf(one)]);
    expect(publishes(bus)).toBe(2);
    bus.run();
    await bus.clock.until(() => bus.requests.length === 2, minute);
    const [first, again] = bus.requests;
    expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(again?.body).toBe(first?.body);
  });

  it('is accepted once by a topic that deduplicates, crash or not', async () => {
    const bus = await runningBus({ run: false });
    await bus.topic('orders', { dedupSeconds: 3600 });
    const one = entry(bus, '1');
    await write(bus, one);
    let failed = false;
    bus.intercept('dynamodb.BatchWriteItem', (input, next) => {
      if (failed || !JSON.stringify(input).includes(outboxTable)) return next();
      failed = true;
      throw new AwsError('InternalServerError', 'away', { status: 500 });
    });
    await relayOutbox(bus.tools, [pkOf(one)]);
    await relayOutbox(bus.tools, [pkOf(one)]);
    expect(failed).toBe(true);
    expect(publishes(bus)).toBe(1);
    expect(await bus.entries()).toEqual([]);
  });

  it('may be written by hand, with no more than a type', async () => {
    const bus = await runningBus();
    await raw(bus, 'outbox#shop#k', { busbarTopic: { S: 'orders' }, busbarEvent: { S: '{"type":"t"}' } });
    await bus.clock.until(() => bus.requests.length === 1, minute);
    expect(JSON.parse(String(bus.requests[0]?.body))).toMatchObject({
      type: 't',
      source: '/applications/shop',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it('keeps its data letter by letter, and its delay counts from when it was written', async () => {
    const bus = await runningBus({ run: false });
    const text = '{"type":"t","id":"1","delaySeconds":90,"data":{"n":12345678901234567890.10}}';
    const startMs = bus.clock.now();
    await raw(bus, 'outbox#shop#k', {
      busbarTopic: { S: 'orders' },
      busbarEvent: { S: text },
      busbarAt: { N: String(startMs) },
    });
    await bus.clock.advance(minute);
    bus.run();
    await bus.clock.until(() => bus.requests.length === 1, minute);
    expect((bus.clock.now() - startMs) / second).toBeGreaterThanOrEqual(90);
    expect((bus.clock.now() - startMs) / second).toBeLessThan(93);
    expect(String(bus.requests[0]?.body)).toContain('12345678901234567890.10');
  });
});

describe('order', () => {
  it('holds for each key, by sequence, and batches are filled over the keys', async () => {
    const bus = await runningBus({ run: false });
    const keys = Array.from({ length: 10 }, (_, n) => `order-${n}`);
    const items = keys.flatMap((key) =>
      [3, 1, 2].map((sequence) => entry(bus, `${key}/${sequence}`, { key, sequence })),
    );
    await write(bus, ...items);
    const order: string[] = [];
    bus.intercept('sns.PublishBatch', (input, next) => {
      const list = input.PublishBatchRequestEntries as { Message: string }[];
      order.push(...list.map(({ Message }) => JSON.parse(Message).id));
      return next();
    });
    await relayOutbox(bus.tools, items.map(pkOf));
    for (const key of keys) {
      expect(order.filter((id) => id.startsWith(`${key}/`))).toEqual([1, 2, 3].map((n) => `${key}/${n}`));
    }
    expect(publishes(bus)).toBe(3);
  });

  it('is that of writing, where there is no sequence', async () => {
    const bus = await runningBus({ run: false });
    const items = Array.from({ length: 5 }, (_, n) => entry(bus, String(n), { key: 'k' }));
    await write(bus, ...items.toReversed());
    const { rows } = await bus.tools.outbox.first('outbox#shop#k', 10);
    expect(rows.map(({ event }) => JSON.parse(event ?? '').id)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('has the events of a key wait behind one that must wait, and no others', async () => {
    const bus = await runningBus({ run: false });
    const items = ['a', 'b'].flatMap((key) =>
      [1, 2].map((sequence) => entry(bus, `${key}${sequence}`, { key, sequence })),
    );
    await write(bus, ...items);
    bus.intercept('sns.PublishBatch', async (input, next) => {
      const list = input.PublishBatchRequestEntries as { Id: string; Message: string }[];
      const isBad = ({ Message }: { Message: string }) => JSON.parse(Message).id === 'a1';
      await next({ ...input, PublishBatchRequestEntries: list.filter((one) => !isBad(one)) });
      return {
        Failed: list.filter(isBad).map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
        Successful: [],
      };
    });
    expect(await relayOutbox(bus.tools, items.map(pkOf))).toEqual(new Set());
    const left = (await bus.entries()).map((item) => JSON.parse(item.busbarEvent?.S ?? '').id);
    expect(left.sort()).toEqual(['a1', 'a2']);
    bus.restore('sns.PublishBatch');
    await bus.clock.advance(2 * minute);
    await sweep(bus.tools);
    bus.run();
    await bus.clock.until(() => bus.requests.length === 4, minute);
    expect(delivered(bus).filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2']);
  });

  it('holds however entries and looks come one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ key: fc.constantFrom('a', 'b', 'c'), look: fc.boolean(), fails: fc.boolean() }),
          {
            minLength: 1,
            maxLength: 15,
          },
        ),
        async (steps) => {
          const bus = await runningBus({ run: false });
          const order: string[] = [];
          let fails = false;
          bus.intercept('sns.PublishBatch', (input, next) => {
            if (fails) throw new AwsError('InternalError', 'away', { status: 500 });
            const list = input.PublishBatchRequestEntries as { Message: string }[];
            order.push(...list.map(({ Message }) => JSON.parse(Message).id));
            return next();
          });
          const pks: string[] = [];
          for (const [n, { key, look, fails: failing }] of steps.entries()) {
            const item = entry(bus, `${key}${String(n).padStart(2, '0')}`, { key, sequence: n });
            await write(bus, item);
            pks.push(pkOf(item));
            fails = failing;
            if (look) await relayOutbox(bus.tools, pks);
          }
          fails = false;
          await relayOutbox(bus.tools, pks);
          for (const key of ['a', 'b', 'c']) {
            const sent = order.filter((id) => id.startsWith(key));
            expect(sent).toEqual([...sent].sort());
          }
          expect(order).toHaveLength(steps.length);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);
});

describe('an entry that cannot be published as it is', () => {
  const good = { S: '{"type":"t","id":"1"}' };
  it.each<[string, string, Record<string, { S: string }>, string]>([
    ['names no topic', 'outbox#shop#k', { busbarEvent: good }, 'invalid_event'],
    [
      'names a topic that is not there',
      'outbox#shop#k',
      { busbarTopic: { S: 'none' }, busbarEvent: good },
      'unknown_topic',
    ],
    [
      'has no name for a topic',
      'outbox#shop#k',
      { busbarTopic: { S: 'No Name' }, busbarEvent: good },
      'invalid_event',
    ],
    [
      'is for a topic of somebody else',
      'outbox#crm#k',
      { busbarTopic: { S: 'orders' }, busbarEvent: good },
      'forbidden',
    ],
    ['has no event', 'outbox#shop#k', { busbarTopic: { S: 'orders' } }, 'invalid_event'],
    [
      'is no JSON',
      'outbox#shop#k',
      { busbarTopic: { S: 'orders' }, busbarEvent: { S: '{' } },
      'malformed_json',
    ],
    [
      'is no event',
      'outbox#shop#k',
      { busbarTopic: { S: 'orders' }, busbarEvent: { S: '7' } },
      'invalid_event',
    ],
    [
      'holds several',
      'outbox#shop#k',
      { busbarTopic: { S: 'orders' }, busbarEvent: { S: '[{"type":"t"},{"type":"t"}]' } },
      'invalid_event',
    ],
    [
      'is against the schema',
      'outbox#shop#k',
      { busbarTopic: { S: 'strict' }, busbarEvent: { S: '{"type":"t","data":1}' } },
      'schema_mismatch',
    ],
    [
      'is too large',
      'outbox#shop#k',
      { busbarTopic: { S: 'orders' }, busbarEvent: { S: `{"type":"t","data":"${'x'.repeat(300_000)}"}` } },
      'event_too_large',
    ],
    ['has another key', 'something', { busbarTopic: { S: 'orders' }, busbarEvent: good }, 'invalid_request'],
  ])('because it %s is listed with its cause, and holds up nobody', async (_, pk, attributes, code) => {
    const bus = await runningBus();
    await bus.topic('strict', { schema: { type: 'object' } });
    await raw(bus, pk, attributes);
    await write(bus, entry(bus, 'behind', { key: 'k', sequence: 1 }));
    await bus.clock.until(() => bus.requests.length === 1, minute);
    expect(delivered(bus)).toEqual(['behind']);
    await bus.clock.until(async () => (await bus.entries()).length === 0, minute);
    const { refused } = await listRefused(bus.tools, admin, {});
    expect(refused).toEqual([expect.objectContaining({ from: 'outbox', code, times: 1 })]);
    const [one] = refused;
    expect(one?.detail).toMatch(/.{20,}/);
    expect(await getRefused(bus.tools, admin, one?.id ?? '')).toMatchObject({
      event: attributes.busbarEvent?.S ?? '',
    });
    expect(bus.lines.filter((line) => line.includes('A stored event was refused'))).toHaveLength(1);
  });

  it('says that it cannot be retried when only its beginning can be kept', async () => {
    const bus = await runningBus();
    const parts = Array.from({ length: 8000 }, (_, n) =>
      createHash('sha256').update(String(n)).digest('base64'),
    );
    const event = `{"type":"t","data":"${parts.join('')}"}`;
    await raw(bus, 'outbox#shop#k', { busbarTopic: { S: 'orders' }, busbarEvent: { S: event } });
    await bus.clock.until(async () => (await bus.entries()).length === 0, minute);
    const { refused } = await listRefused(bus.tools, shop, {});
    expect(refused).toMatchObject([{ code: 'event_too_large', retryable: false }]);
    const id = refused[0]?.id ?? '';
    expect(event.startsWith((await getRefused(bus.tools, shop, id)).event)).toBe(true);
    await expect(retryRefused(bus.tools, shop, id)).rejects.toMatchObject({
      code: 'event_too_large',
      message: expect.stringContaining('Have its producer write a smaller one'),
    });
    expect((await listRefused(bus.tools, shop, {})).refused).toHaveLength(1);
    await deleteRefused(bus.tools, shop, id);
  });

  it('is retried by hand once its cause is fixed, and listed again if it is not', async () => {
    const bus = await runningBus();
    await raw(bus, 'outbox#shop#k', { busbarTopic: { S: 'later' }, busbarEvent: good });
    const refused = async () => (await listRefused(bus.tools, shop, {})).refused;
    await bus.clock.until(async () => (await refused()).length === 1, minute);
    const [first] = await refused();
    await retryRefused(bus.tools, shop, first?.id ?? '');
    await bus.clock.until(async () => (await refused()).length === 1, minute);
    await bus.topic('later');
    await bus.tools.provision.putSubscription(
      'later',
      'billing',
      { filter: undefined, isOrdered: false },
      {},
    );
    const [second_] = await refused();
    await retryRefused(bus.tools, shop, second_?.id ?? '');
    await bus.clock.until(() => bus.requests.length === 1, minute);
    expect(await refused()).toEqual([]);
  });

  it('is seen by its application and by admins, page by page, and may be deleted', async () => {
    const bus = await runningBus();
    for (const n of [1, 2, 3]) {
      await raw(bus, `outbox#shop#k${n}`, { busbarTopic: { S: 'none' }, busbarEvent: good });
    }
    await raw(bus, 'outbox#crm#k', { busbarTopic: { S: 'none' }, busbarEvent: good });
    await bus.clock.until(async () => (await listRefused(bus.tools, admin, {})).refused.length === 4, minute);
    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRefused(bus.tools, admin, {
        limit: '2',
        ...(cursor !== undefined && { cursor }),
      });
      pages.push(...page.refused.map(({ application }) => application));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(pages.sort()).toEqual(['crm', 'shop', 'shop', 'shop']);
    const mine = (await listRefused(bus.tools, member('crm'), {})).refused;
    expect(mine).toHaveLength(1);
    const id = mine[0]?.id ?? '';
    await expect(getRefused(bus.tools, shop, id)).rejects.toMatchObject({ code: 'unknown_refused' });
    await deleteRefused(bus.tools, member('crm'), id);
    await expect(deleteRefused(bus.tools, admin, id)).rejects.toMatchObject({ code: 'unknown_refused' });
    await expect(listRefused(bus.tools, shop, { limit: '0' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('the sweep', () => {
  it('publishes what the stream lost', async () => {
    const bus = await runningBus({ run: false });
    await write(bus, entry(bus, '1'), entry(bus, '2', { key: 'k' }));
    // A day without the relay: the records are gone from the stream.
    await bus.clock.advance(25 * 60 * minute);
    bus.run();
    await bus.clock.advance(10 * second);
    expect(bus.requests).toEqual([]);
    expect(await sweep(bus.tools)).toEqual({ woken: 2, waiting: 2 });
    await bus.clock.until(() => bus.requests.length === 2, minute);
    expect(await bus.entries()).toEqual([]);
    expect(bus.lines.join('\n')).toContain('Outbox entries wait');
  });

  it('leaves alone what is young, and wakes a key once a minute', async () => {
    const bus = await runningBus({ run: false });
    await write(bus, entry(bus, '1', { key: 'k' }), entry(bus, '2', { key: 'k' }));
    await bus.clock.advance(59 * second);
    expect(await sweep(bus.tools)).toEqual({ woken: 0, waiting: 0 });
    await bus.clock.advance(second);
    expect(await sweep(bus.tools)).toEqual({ woken: 1, waiting: 2 });
    expect(await sweep(bus.tools)).toEqual({ woken: 0, waiting: 2 });
    await bus.clock.advance(minute);
    expect(await sweep(bus.tools)).toEqual({ woken: 1, waiting: 2 });
  });

  it('is not fooled by a clock that is ahead, or by none', async () => {
    const bus = await runningBus({ run: false });
    await raw(bus, 'outbox#shop#k', { busbarTopic: { S: 'orders' }, busbarEvent: { S: '{"type":"t"}' } });
    expect(await sweep(bus.tools)).toEqual({ woken: 1, waiting: 1 });
  });
});

describe.each(faultKinds)('a relay that breaks off: %s a call', (kind) => {
  it('loses nothing, and lists what cannot go once, whichever call it is', async () => {
    const walk = async (at: number, way: FaultKind) => {
      const bus = await runningBus();
      const fault = inject(bus, -1, way);
      await write(
        bus,
        ...[1, 2, 3].map((sequence) => entry(bus, `k${sequence}`, { key: 'k', sequence })),
        entry(bus, 'free'),
        entry(bus, 'bad', { topic: 'none' }),
      );
      fault.heal();
      const relaying = inject(bus, at, way);
      bus.clock.setTimer(10 * second, relaying.heal);
      await bus.clock.advance(10 * second);
      // The sweep is a schedule of the stack; here it is called by hand.
      for (let minutes = 0; minutes < 4; minutes++) {
        await bus.clock.advance(minute);
        await sweep(bus.tools);
      }
      // What a delivery broke off over comes back after the visibility of its queue.
      await bus.clock.advance(10 * minute);
      return { bus, calls: relaying.calls.length };
    };
    const { calls } = await walk(-1, kind);
    expect(calls).toBeGreaterThan(6);
    for (let at = 0; at < calls; at++) {
      const { bus } = await walk(at, kind);
      const unique = new Map(bus.requests.map(({ headers, body }) => [headers['webhook-id'], String(body)]));
      const ids = [...unique.values()].map((body) => JSON.parse(body).id);
      expect([...ids].sort(), `call ${at}`).toEqual(['free', 'k1', 'k2', 'k3']);
      expect(await bus.entries(), `call ${at}`).toEqual([]);
      const { refused } = await listRefused(bus.tools, admin, {});
      expect(
        refused.map(({ eventId }) => eventId),
        `call ${at}`,
      ).toEqual(['bad']);
    }
  }, 120_000);
});

it('an event of half a KB costs three write units in its producer and the bus together, beside the publish', async () => {
  const bus = await runningBus({ run: false });
  const data = 'x'.repeat(500);
  const items = Array.from({ length: 10 }, (_, n) =>
    entry(bus, String(n), { event: { type: 't', id: String(n), source: '/shop', data } }),
  );
  // Nothing is kept for dry runs, which is another cost.
  await bus.tools.registry.changeTopic('orders', (was) => ({ ...(was as Topic), trace: 'none' }));
  bus.meter.reset();
  await write(bus, ...items);
  await relayOutbox(bus.tools, items.map(pkOf));
  const counts = bus.meter.counts();
  expect(counts['dynamodb.write-units']).toBe(30);
  expect(counts['dynamodb.read-units']).toBeLessThanOrEqual(15);
  expect(counts['sns.requests']).toBe(1);
});
