import { describe, expect, it } from 'vitest';
import { createTable, type Row } from '../../../lib/runtime/aws/table/table.ts';
import type { Input } from '../../../lib/stand-in/engines/engine.ts';
import { environment, type TestBus, testBus } from '../../app/bus.ts';

const rowsOf = (count: number, document: unknown = {}): Row[] =>
  Array.from({ length: count }, (_, at) => ({ pk: `p#${at}`, sk: 's', document }));
const keysOf = (rows: readonly Row[]) => rows.map(({ pk, sk }) => ({ pk, sk }));
const callsOf = (bus: TestBus, action: string) =>
  bus.calls.filter((call) => call === `dynamodb.${action}`).length;

async function tableOf() {
  const bus = await testBus();
  bus.calls.length = 0;
  return {
    bus,
    table: createTable(bus.runtime, bus.dynamodb, bus.config.table),
    nowSeconds: bus.clock.now() / 1000,
  };
}

describe('a row', () => {
  it.each([{ text: 'Grüße 😀', list: [1, null, true], nested: { '': {} } }, 'text', 0, null, []])(
    'is read as it was put: %j',
    async (document) => {
      const { table } = await tableOf();
      await table.put({ pk: 'a', sk: 'b', document });
      expect(await table.get({ pk: 'a', sk: 'b' }, { consistent: true })).toEqual({
        pk: 'a',
        sk: 'b',
        document,
      });
    },
  );

  it('is gone when it was deleted', async () => {
    const { table } = await tableOf();
    await table.put({ pk: 'a', sk: 'b', document: 1 });
    await table.delete({ pk: 'a', sk: 'b' });
    expect(await table.get({ pk: 'a', sk: 'b' })).toBeUndefined();
  });
});

it('has changed a row although the SDK made the call again, because the answer to the first was lost', async () => {
  const key = { pk: 'a', sk: 'b' };
  const { bus, table } = await tableOf();
  await table.put({ ...key, document: 1, fields: { state: 'waiting', turn: 'first' } });
  bus.intercept('dynamodb.UpdateItem', async (_, next) => {
    await next();
    return await next();
  });
  const mine = { state: 'left', turn: 'second' };
  expect((await table.change(key, mine, { turn: 'first' })).done).toBe(true);
  expect((await table.change(key, { state: 'left', turn: 'third' }, { turn: 'first' })).done).toBe(false);
});

describe('many rows', () => {
  it('are written, read and deleted in batches as large as DynamoDB takes', async () => {
    const { bus, table } = await tableOf();
    const rows = rowsOf(230, { n: 1 });
    await table.putMany(rows);
    expect(callsOf(bus, 'BatchWriteItem')).toBe(10);
    expect(await table.getMany(keysOf(rows))).toHaveLength(230);
    expect(callsOf(bus, 'BatchGetItem')).toBe(3);
    await table.deleteMany(keysOf(rows));
    expect(await table.getMany(keysOf(rows))).toEqual([]);
    expect(callsOf(bus, 'BatchWriteItem')).toBe(20);
  });

  it('are written when a key is named twice, and the last one counts', async () => {
    const { table } = await tableOf();
    const key = { pk: 'p', sk: 's' };
    await table.putMany([1, 2].map((document) => ({ ...key, document })));
    expect(await table.get(key)).toMatchObject({ document: 2 });
    await table.deleteMany([key, key]);
    expect(await table.get(key)).toBeUndefined();
  });

  it('are read once when a key is named twice', async () => {
    const { table } = await tableOf();
    const rows = rowsOf(2, { n: 1 });
    await table.putMany(rows);
    expect(await table.getMany(keysOf([...rows, ...rows]))).toHaveLength(2);
  });

  it('cost no call when there are none', async () => {
    const { bus, table } = await tableOf();
    await table.putMany([]);
    await table.deleteMany([]);
    expect(await table.getMany([])).toEqual([]);
    expect(bus.calls).toEqual([]);
  });

  it('that DynamoDB left over are written by and by, with a growing pause', async () => {
    const { bus, table } = await tableOf();
    const pauses: number[] = [];
    let lastMs = bus.clock.now();
    bus.intercept('dynamodb.BatchWriteItem', async (input, next) => {
      pauses.push(bus.clock.now() - lastMs);
      lastMs = bus.clock.now();
      const requests = (input.RequestItems as Record<string, unknown[]>)[environment.BUSBAR_TABLE] ?? [];
      const half = Math.ceil(requests.length / 2);
      await next({
        ...input,
        RequestItems: { [environment.BUSBAR_TABLE]: requests.slice(0, half) },
      } as Input);
      return { UnprocessedItems: { [environment.BUSBAR_TABLE]: requests.slice(half) } };
    });
    const rows = rowsOf(20);
    let done = false;
    const writing = table.putMany(rows).then(() => {
      done = true;
    });
    await bus.clock.until(() => done, 60_000);
    await writing;
    expect(await table.getMany(keysOf(rows))).toHaveLength(20);
    // 20, 10, 5, 2 and 1 rows.
    expect(pauses).toHaveLength(5);
    expect(pauses[0]).toBe(0);
    for (const [at, pause] of pauses.slice(1).entries()) {
      expect(pause).toBeGreaterThanOrEqual((50 * 2 ** at) / 2);
      expect(pause).toBeLessThanOrEqual(50 * 2 ** at);
    }
  });

  it('that DynamoDB left over are read by and by', async () => {
    const { bus, table } = await tableOf();
    const rows = rowsOf(8);
    await table.putMany(rows);
    bus.intercept('dynamodb.BatchGetItem', async (input, next) => {
      const request = (input.RequestItems as Record<string, { Keys: unknown[] }>)[environment.BUSBAR_TABLE];
      const keys = request?.Keys ?? [];
      const part = (list: unknown[]) => ({ [environment.BUSBAR_TABLE]: { ...request, Keys: list } });
      const output = await next({ ...input, RequestItems: part(keys.slice(0, 3)) });
      return keys.length <= 3 ? output : { ...output, UnprocessedKeys: part(keys.slice(3)) };
    });
    let read: Row[] | undefined;
    const reading = table.getMany(keysOf(rows)).then((found) => {
      read = found;
    });
    await bus.clock.until(() => read !== undefined, 60_000);
    await reading;
    expect(read).toHaveLength(8);
  });
});

describe('a query', () => {
  it('finds every row of a partition in order, over as many pages as it takes', async () => {
    const { bus, table } = await tableOf();
    const large = 'x'.repeat(300_000);
    for (const sk of ['b', 'a', 'd', 'c', 'e']) await table.put({ pk: 'p', sk, document: large });
    await table.put({ pk: 'q', sk: 'f', document: 1 });
    expect((await table.query('p')).map(({ sk }) => sk)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(callsOf(bus, 'Query')).toBeGreaterThan(1);
  });

  it('finds those alone whose sort key starts so', async () => {
    const { table } = await tableOf();
    for (const sk of ['ab#x', 'a#x', 'a#y', 'b#x']) await table.put({ pk: 'p', sk, document: 1 });
    expect((await table.query('p', 'a#')).map(({ sk }) => sk)).toEqual(['a#x', 'a#y']);
  });
});

describe('a row that has expired', () => {
  it('is not read any more, although DynamoDB still has it', async () => {
    const { bus, table, nowSeconds } = await tableOf();
    const row = { pk: 'p', sk: 's', document: 1, expiresAtSeconds: nowSeconds + 10 };
    await table.put(row);
    expect(await table.get(row)).toEqual(row);
    await bus.clock.advance(10_000);
    expect(await table.get(row)).toBeUndefined();
    expect(await table.getMany([row])).toEqual([]);
    expect(await table.query('p')).toEqual([]);
    expect(await bus.rows('p')).toEqual(['p']);
  });
});

describe('putting a row if its place is free', () => {
  const row = (document: string, expiresAtSeconds?: number) => ({
    pk: 'p',
    sk: 's',
    document,
    ...(expiresAtSeconds !== undefined && { expiresAtSeconds }),
  });

  it('puts it where there is none, and answers the one that is there', async () => {
    const { bus, table, nowSeconds } = await tableOf();
    expect(await table.putIfFree(row('first', nowSeconds + 10), bus.clock.now())).toBeUndefined();
    expect(await table.putIfFree(row('second', nowSeconds + 10), bus.clock.now())).toEqual(
      row('first', nowSeconds + 10),
    );
    expect((await table.get({ pk: 'p', sk: 's' }))?.document).toBe('first');
  });

  it('takes the place of one that has expired, to the second', async () => {
    const { bus, table, nowSeconds } = await tableOf();
    await table.put(row('first', nowSeconds + 10));
    await bus.clock.advance(9999);
    expect(await table.putIfFree(row('second'), bus.clock.now())).toBeDefined();
    await bus.clock.advance(1);
    expect(await table.putIfFree(row('third'), bus.clock.now())).toBeUndefined();
    expect((await table.get({ pk: 'p', sk: 's' }))?.document).toBe('third');
  });

  it('never takes the place of one that does not expire', async () => {
    const { bus, table } = await tableOf();
    await table.put(row('first'));
    await bus.clock.advance(30 * 24 * 3600 * 1000);
    expect(await table.putIfFree(row('second'), bus.clock.now())).toEqual(row('first'));
  });

  it('gives it to one of many who try at once', async () => {
    const { bus, table } = await tableOf();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => table.putIfFree(row(String(at)), bus.clock.now())),
    );
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
  });
});
