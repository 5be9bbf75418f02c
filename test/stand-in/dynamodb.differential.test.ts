import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { testAccount } from './account.ts';
import { type Call, call } from './dynamodb.generated.ts';

/**
 * Sends the same generated calls to this engine and to dynalite, an independent implementation that was tested
 * against the real service. Answers and error names must be equal. dynalite has no transactions, TTL or streams.
 */
const dynalite: (options: object) => Server = createRequire(import.meta.url)('dynalite');

const TableName = 'compared';
/** More runs and other seeds are for hunting bugs by hand; the suite always makes the same short run. */
const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 150);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 1);
type Item = Record<string, AttributeValue>;

interface Answer {
  readonly Attributes?: Item | undefined;
  readonly Item?: Item | undefined;
  readonly Items?: Item[] | undefined;
  readonly Count?: number | undefined;
  readonly ScannedCount?: number | undefined;
  readonly LastEvaluatedKey?: Item | undefined;
}

/** The generated inputs are not typed by action: the validation of the service is under test. */
async function send(
  client: DynamoDBClient,
  { action, input }: Pick<Call, 'action' | 'input'>,
): Promise<Answer> {
  const request = { TableName, ...input } as never;
  switch (action) {
    case 'PutItem':
      return client.send(new PutItemCommand(request));
    case 'UpdateItem':
      return client.send(new UpdateItemCommand(request));
    case 'DeleteItem':
      return client.send(new DeleteItemCommand(request));
    case 'GetItem':
      return client.send(new GetItemCommand(request));
    case 'Query':
      return client.send(new QueryCommand(request));
    case 'Scan':
      return client.send(new ScanCommand(request));
  }
}

describe('compared with dynalite', () => {
  let server: Server;
  let theirs: DynamoDBClient;
  let ours: DynamoDBClient;

  beforeAll(async () => {
    server = dynalite({ createTableMs: 0 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    theirs = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });
    ours = testAccount(dynamodbEngines().builders).dynamodb;
    for (const client of [ours, theirs]) await createTable(client);
  });

  afterAll(async () => {
    theirs.destroy();
    server.close();
    await once(server, 'close');
  });

  it('gives the same answers to every sequence of calls', { timeout: 30_000 + runs * 500 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 15, size: 'max' }), async (calls) => {
        await Promise.all([clear(ours), clear(theirs)]);
        for (const one of calls) {
          const [our, their] = await Promise.all([outcome(ours, one), outcome(theirs, one)]);
          expect(our, JSON.stringify(one)).toEqual(their);
        }
        expect(await allItems(ours, {})).toEqual(await allItems(theirs, {}));
      }),
      { numRuns: runs, seed },
    );
  });
});

async function createTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
        { AttributeName: 'g', AttributeType: 'S' },
        { AttributeName: 'h', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-g',
          KeySchema: [
            { AttributeName: 'g', KeyType: 'HASH' },
            { AttributeName: 'pk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'by-h',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'h', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  let status: string | undefined;
  while (status !== 'ACTIVE') {
    status = (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus;
  }
}

async function clear(client: DynamoDBClient): Promise<void> {
  for (const { pk, sk } of await allItems(client, {})) {
    if (pk === undefined || sk === undefined) throw new Error('An item lacks its key.');
    await client.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
  }
}

/** The outcome of a call, in a form that is equal for equal outcomes. */
async function outcome(client: DynamoDBClient, one: Call): Promise<unknown> {
  try {
    if (one.action === 'Query' || one.action === 'Scan') return await pages(client, one);
    const { Attributes, Item } = await send(client, one);
    return { Attributes: canonical(Attributes ?? {}), Item: canonical(Item ?? {}) };
  } catch (error) {
    if (error instanceof DynamoDBServiceException) return { error: error.name };
    throw error;
  }
}

/** All pages of a query or scan, concatenated. */
async function pages(client: DynamoDBClient, one: Call & { action: 'Query' | 'Scan' }): Promise<unknown> {
  const items: Item[] = [];
  const counts = { Count: 0, ScannedCount: 0 };
  let start: Item | undefined;
  do {
    const input = { ...one.input, Limit: one.pageLimit, ExclusiveStartKey: start };
    const page = await send(client, { action: one.action, input } as Call);
    items.push(...(page.Items ?? []));
    counts.Count += page.Count ?? 0;
    counts.ScannedCount += page.ScannedCount ?? 0;
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  const canonicalItems = items.map(canonical);
  // The order among equal keys of an index, and in a scan, is up to the implementation.
  const isOrdered = one.action === 'Query' && !('IndexName' in one.input && one.input.IndexName);
  return { ...counts, items: isOrdered ? canonicalItems : canonicalItems.sort(byText) };
}

async function allItems(client: DynamoDBClient, input: object): Promise<Item[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName, ...input }));
  return Items.map(canonical).sort(byText);
}

/** Sets have no order, so sort their members. */
function canonical(item: Item): Item {
  return Object.fromEntries(
    Object.entries(item)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => [name, canonicalValue(value)]),
  );
}

function canonicalValue(value: AttributeValue): AttributeValue {
  if (value.SS) return { SS: [...value.SS].sort() };
  if (value.NS) return { NS: [...value.NS].sort() };
  if (value.L) return { L: value.L.map(canonicalValue) };
  if (value.M) return { M: canonical(value.M) };
  if (value.B) return { B: Uint8Array.from(value.B) };
  return value;
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}
