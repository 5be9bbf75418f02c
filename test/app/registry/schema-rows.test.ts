import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { listTopicsAndHolds } from '../../../lib/app/hold/topic-and-hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deleteTopic, getTopic } from '../../../lib/app/registry/topics.ts';
import { schemaCacheBytesMax } from '../../../lib/core/registry/limits.ts';
import { schemaHashOf, type TopicSchema } from '../../../lib/core/registry/topic.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putTopic } from '../calls.ts';

const TableName = 'busbar-table';
const shop = member('shop');
const crm = member('crm');
const range = (count: number) => Array.from({ length: count }, (_, n) => n);

/** A schema of this size that requires `a` in the data. */
const schemaOf = (bytes: number, title = 't'): TopicSchema => {
  const schema = { title, type: 'object', required: ['a'], description: '' };
  return { ...schema, description: 'x'.repeat(bytes - JSON.stringify(schema).length) };
};
const large = schemaOf(60 * 1024);

const key = (topic: string) => ({ pk: { S: 'registry#topic' }, sk: { S: topic } });

async function stored(bus: TestBus, topic: string): Promise<Record<string, unknown>> {
  const { Item } = await bus.dynamodb.send(
    new GetItemCommand({ TableName, Key: key(topic), ConsistentRead: true }),
  );
  return JSON.parse(Item?.document?.S ?? 'null');
}

/** Gives a topic the row that an earlier release wrote: with its schema in it. */
async function makeInline(bus: TestBus, topic: string): Promise<void> {
  const { schemaHash: _, ...row } = await stored(bus, topic);
  const { schema } = await getTopic(bus.tools, topic);
  const document = JSON.stringify({ ...row, schema });
  await bus.dynamodb.send(
    new PutItemCommand({ TableName, Item: { ...key(topic), document: { S: document } } }),
  );
}

/** What becomes of an event with this data. */
const send = (tools: TestBus['tools'], data: unknown, topic = 'orders'): Promise<string | undefined> =>
  publish(tools, admin, { topic }, shorthand({ type: 'test', data })).then(
    ({ events }) => events[0]?.status,
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

/** The read units that some work costs. */
async function readUnits(bus: TestBus, work: () => Promise<unknown>): Promise<number> {
  bus.meter.reset();
  await work();
  return bus.meter.counts()['dynamodb.read-units'] ?? 0;
}

const schemaRows = async (bus: TestBus) => [...new Set(await bus.rows('schema#'))].sort();

describe('the schema of a topic', () => {
  it('has a row of its own, which the topic names', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema: large });
    const row = await stored(bus, 'orders');
    expect(row).toMatchObject({ topic: 'orders', schemaHash: schemaHashOf(large), schemaVersion: 1 });
    expect(row).not.toHaveProperty('schema');
    expect(await schemaRows(bus)).toEqual([`schema#${schemaHashOf(large)}`]);
    const topic = await bus.newTools().registry.topic('orders');
    expect(topic?.schema).toEqual(large);
    expect(topic).not.toHaveProperty('schemaHash');
    await putTopic(bus.tools, shop, 'orders', {});
    expect(await stored(bus, 'orders')).toMatchObject({ schemaVersion: 2 });
    expect(await stored(bus, 'orders')).not.toHaveProperty('schemaHash');
    expect((await bus.newTools().registry.topic('orders'))?.schema).toBeUndefined();
  });

  it.each([true, false])('may be %s', async (schema) => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema });
    const { registry } = bus.newTools();
    expect((await registry.topic('orders'))?.schema).toBe(schema);
    expect((await registry.cachedTopic('orders'))?.schema).toBe(schema);
    expect(await send(bus.newTools(), 1)).toBe(schema ? 'accepted' : 'schema_mismatch');
  });

  it('is written before the topic names it', async () => {
    const bus = await testBus();
    bus.intercept('dynamodb.PutItem', (input, next) => {
      const { pk } = (input as { Item: { pk: { S: string } } }).Item;
      if (pk.S.startsWith('schema#')) throw new Error('The call broke off.');
      return next();
    });
    await expect(putTopic(bus.tools, shop, 'orders', { schema: large })).rejects.toThrow();
    expect(await stored(bus, 'orders')).toBeNull();
    bus.restore('dynamodb.PutItem');
    await putTopic(bus.tools, shop, 'orders', { schema: large });
    expect(await send(bus.tools, {})).toBe('schema_mismatch');
  });

  it('is not written again by a change of something else', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema: large });
    bus.meter.reset();
    await bus.tools.registry.changeTopic('orders', (was) => ({ ...was, description: 'd' }) as never);
    expect(bus.meter.counts()['dynamodb.write-units']).toBe(1);
    expect(await bus.tools.registry.topic('orders')).toMatchObject({ description: 'd', schema: large });
  });

  it('takes no event unchecked when its row is missing', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema: large });
    await bus.dynamodb.send(
      new DeleteItemCommand({
        TableName,
        Key: { pk: { S: `schema#${schemaHashOf(large)}` }, sk: { S: 'schema' } },
      }),
    );
    expect(await send(bus.newTools(), { a: 1 })).toMatch(/is missing/);
  });
});

describe('topics with the same schema', () => {
  it('share a row, which outlives one of them', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema: large });
    await putTopic(bus.tools, crm, 'leads', { schema: large });
    expect(await schemaRows(bus)).toHaveLength(1);
    await deleteTopic(bus.tools, shop, 'orders');
    const fresh = bus.newTools();
    expect((await fresh.registry.topic('leads'))?.schema).toEqual(large);
    expect(await send(fresh, {}, 'leads')).toBe('schema_mismatch');
    expect(await send(fresh, { a: 1 }, 'leads')).toBe('accepted');
  });
});

describe('a topic of an earlier release, with its schema in its row', () => {
  it('goes on working, and its next write moves the schema', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema: large, description: 'before' });
    await makeInline(bus, 'orders');
    const fresh = bus.newTools();
    expect(await send(fresh, {})).toBe('schema_mismatch');
    expect(await send(fresh, { a: 1 })).toBe('accepted');
    const { topics } = await listTopicsAndHolds(fresh, admin, { limit: 10 });
    expect(topics).toMatchObject([{ topic: 'orders', schemaHash: schemaHashOf(large) }]);
    expect(topics[0]).not.toHaveProperty('schema');

    await putTopic(fresh, shop, 'orders', { schema: large, description: 'after' });
    const row = await stored(bus, 'orders');
    expect(row).toMatchObject({ description: 'after', schemaHash: schemaHashOf(large), schemaVersion: 1 });
    expect(row).not.toHaveProperty('schema');
    expect(await send(bus.newTools(), {})).toBe('schema_mismatch');
  });

  it('is moved by a change of something else, and can be deleted', async () => {
    const bus = await testBus();
    for (const topic of ['orders', 'leads']) {
      await putTopic(bus.tools, shop, topic, { schema: large });
      await makeInline(bus, topic);
    }
    await bus.tools.registry.changeTopic('orders', (was) => ({ ...was, hold: 'h' }) as never);
    expect(await stored(bus, 'orders')).toMatchObject({ hold: 'h', schemaHash: schemaHashOf(large) });
    await deleteTopic(bus.tools, shop, 'leads');
    expect(await stored(bus, 'leads')).toBeNull();
  });
});

describe('what reads cost', () => {
  it('a publish reads a large schema once, at half the price, instead of every few seconds', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema: large });
    const before = bus.newTools();
    const after = bus.newTools();
    const publishOnce = (tools: TestBus['tools']) => readUnits(bus, () => send(tools, { a: 1 }));
    const now = { cold: await publishOnce(after), warm: 0 };
    await bus.clock.advance(60_000);
    now.warm = await publishOnce(after);
    await makeInline(bus, 'orders');
    const inline = { cold: await publishOnce(before), warm: 0 };
    await bus.clock.advance(60_000);
    inline.warm = await publishOnce(before);
    expect(inline).toEqual({ cold: 17, warm: 17 });
    // One of them reads the subscriptions.
    expect(now).toEqual({ cold: 10, warm: 2 });
  });

  it('an instance keeps the schemas that it used last, within a bound', async () => {
    const bus = await testBus();
    const size = 120 * 1024;
    const count = Math.floor(schemaCacheBytesMax / size);
    const { registry } = bus.newTools();
    const read = (n: number) => readUnits(bus, () => registry.topic(`t${n}`));
    for (const n of range(count + 1)) {
      await registry.changeTopic(
        `t${n}`,
        () => ({ topic: `t${n}`, schema: schemaOf(size, `t${n}`) }) as never,
      );
    }
    for (const n of range(count)) expect(await read(n)).toBeGreaterThan(15);
    expect(await read(0)).toBe(1);
    expect(await read(count)).toBeGreaterThan(15);
    // The one that was used longest ago had to go.
    expect(await read(0)).toBe(1);
    expect(await read(1)).toBeGreaterThan(15);
  });

  it('120 topics with large schemas are listed in pages, for a few units', async () => {
    const bus = await testBus();
    for (const n of range(120)) {
      await bus.tools.registry.changeTopic(
        `t${n}`,
        () => ({ topic: `t${n}`, owner: 'shop', schema: schemaOf(60 * 1024, `t${n}`) }) as never,
      );
    }
    const names: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    const units = await readUnits(bus, async () => {
      do {
        const page = await listTopicsAndHolds(bus.newTools(), admin, { limit: 50, cursor });
        expect(page.topics.every(({ schemaHash }) => schemaHash !== undefined)).toBe(true);
        names.push(...page.topics.map(({ topic }) => topic));
        cursor = page.cursor;
        pages++;
      } while (cursor !== undefined);
    });
    expect(new Set(names).size).toBe(120);
    expect(pages).toBe(3);
    // 120 rows with their schemas have 7 MB, which takes 1,800 units.
    expect(units).toBeLessThan(20);
  });
});
