import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { testAccount } from './account.ts';

type Item = Record<string, AttributeValue>;
const TableName = 'events';

describe('reading many items', () => {
  let account: ReturnType<typeof testAccount>;
  beforeEach(async () => {
    account = testAccount(dynamodbEngines().builders);
    await account.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
          { AttributeName: 'owner', AttributeType: 'S' },
          { AttributeName: 'at', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-owner',
            KeySchema: [
              { AttributeName: 'owner', KeyType: 'HASH' },
              { AttributeName: 'at', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['title'] },
          },
        ],
        LocalSecondaryIndexes: [
          {
            IndexName: 'by-time',
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'at', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
      }),
    );
  });

  const put = (pk: string, sk: string, more: Item = {}) =>
    account.dynamodb.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, sk: { S: sk }, ...more } }));
  const query = (input: Partial<QueryCommandInput>) =>
    account.dynamodb.send(new QueryCommand({ TableName, ...input }));
  const scan = (input: Partial<ScanCommandInput>) =>
    account.dynamodb.send(new ScanCommand({ TableName, ...input }));
  const sorts = (items: Item[] | undefined) => items?.map((item) => item.sk?.S);
  const ofPartition = (pk: string) => ({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: pk } },
  });

  it('returns a partition in the order of UTF-8 bytes, forwards and backwards', async () => {
    const inOrder = ['', 'A', 'Z', 'a', 'ab', 'é', '\uffee', '🎈'].filter((text) => text !== '');
    for (const sk of inOrder.toReversed()) await put('p', sk);
    expect(sorts((await query(ofPartition('p'))).Items)).toEqual(inOrder);
    expect(sorts((await query({ ...ofPartition('p'), ScanIndexForward: false })).Items)).toEqual(
      inOrder.toReversed(),
    );
  });

  it.each<[string, string[], Item]>([
    ['sk = :a', ['b'], { ':a': { S: 'b' } }],
    ['sk < :a', ['a', 'ab'], { ':a': { S: 'b' } }],
    [':a >= sk', ['a', 'ab', 'b'], { ':a': { S: 'b' } }],
    ['sk > :a', ['c'], { ':a': { S: 'b' } }],
    ['sk BETWEEN :a AND :b', ['ab', 'b'], { ':a': { S: 'aa' }, ':b': { S: 'b' } }],
    ['begins_with(sk, :a)', ['a', 'ab'], { ':a': { S: 'a' } }],
  ])('selects a range of the sort key by %s', async (test, expected, values) => {
    for (const sk of ['c', 'a', 'b', 'ab']) await put('p', sk);
    await put('other', 'a');
    const input = {
      KeyConditionExpression: `pk = :pk AND ${test}`,
      ExpressionAttributeValues: { ':pk': { S: 'p' }, ...values },
    };
    expect(sorts((await query(input)).Items)).toEqual(expected);
    expect(sorts((await query({ ...input, ScanIndexForward: false })).Items)).toEqual(expected.toReversed());
  });

  it.each<[string, string, Item?]>([
    ['sk = :a', 'Query condition missed key schema element: pk'],
    ['pk > :a', 'Query key condition not supported'],
    ['pk = :a OR sk = :a', 'Invalid operator used in KeyConditionExpression: OR'],
    ['pk = :a AND title = :a', 'Query condition missed key schema element: sk'],
    ['pk = :a AND pk = :a', 'must only contain one condition per key'],
    ['pk = :a AND contains(sk, :a)', 'Invalid operator used in KeyConditionExpression: contains'],
    ['pk = :a AND size(sk) = :a', 'KeyConditionExpressions cannot contain nested operations'],
    ['pk = :a', 'Condition parameter type does not match schema type', { ':a': { N: '1' } }],
  ])('rejects the key condition %s', async (KeyConditionExpression, message, values) => {
    await expect(
      query({ KeyConditionExpression, ExpressionAttributeValues: values ?? { ':a': { S: 'x' } } }),
    ).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining(message) });
  });

  it('counts against the limit before it filters, and rejects a filter on the key', async () => {
    for (const [index, sk] of ['a', 'b', 'c', 'd'].entries()) await put('p', sk, { n: { N: `${index}` } });
    const input = {
      KeyConditionExpression: 'pk = :pk',
      FilterExpression: 'n >= :min',
      ExpressionAttributeValues: { ':pk': { S: 'p' }, ':min': { N: '2' } },
      Limit: 3,
    };
    const first = await query(input);
    expect(first).toMatchObject({
      Count: 1,
      ScannedCount: 3,
      LastEvaluatedKey: { pk: { S: 'p' }, sk: { S: 'c' } },
    });
    const second = await query({ ...input, ExclusiveStartKey: first.LastEvaluatedKey });
    expect(second).toMatchObject({ Count: 1, ScannedCount: 1 });
    expect(second.LastEvaluatedKey).toBeUndefined();
    await expect(query({ ...input, FilterExpression: 'sk >= :min' })).rejects.toThrow(
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: sk',
    );
  });

  it('ends a page at 1 MB and continues after it', async () => {
    const text = { S: 'x'.repeat(100 * 1024) };
    for (let index = 0; index < 15; index++) await put('p', String(index).padStart(2, '0'), { text });
    const first = await query(ofPartition('p'));
    expect(first.Count).toBe(11);
    const rest = await query({ ...ofPartition('p'), ExclusiveStartKey: first.LastEvaluatedKey });
    expect(sorts(rest.Items)).toEqual(['11', '12', '13', '14']);
    expect((await scan({ Select: 'COUNT' })).Count).toBe(11);
  });

  it('continues after a start key whose item was deleted', async () => {
    await put('p', 'a');
    await put('p', 'c');
    const ExclusiveStartKey = { pk: { S: 'p' }, sk: { S: 'b' } };
    expect(sorts((await query({ ...ofPartition('p'), ExclusiveStartKey })).Items)).toEqual(['c']);
    const backwards = { ...ofPartition('p'), ExclusiveStartKey, ScanIndexForward: false };
    expect(sorts((await query(backwards)).Items)).toEqual(['a']);
  });

  it('keeps a global index sparse, in order and up to date', async () => {
    const byOwner = (owner: string) =>
      query({
        IndexName: 'by-owner',
        KeyConditionExpression: '#o = :o AND #at > :zero',
        ExpressionAttributeNames: { '#o': 'owner', '#at': 'at' },
        ExpressionAttributeValues: { ':o': { S: owner }, ':zero': { N: '0' } },
      });
    await put('p', 'late', {
      owner: { S: 'me' },
      at: { N: '10' },
      title: { S: 't' },
      body: { S: 'left out' },
    });
    await put('q', 'early', { owner: { S: 'me' }, at: { N: '9' } });
    await put('q', 'without time', { owner: { S: 'me' } });
    expect((await byOwner('me')).Items).toEqual([
      { pk: { S: 'q' }, sk: { S: 'early' }, owner: { S: 'me' }, at: { N: '9' } },
      { pk: { S: 'p' }, sk: { S: 'late' }, owner: { S: 'me' }, at: { N: '10' }, title: { S: 't' } },
    ]);
    await put('p', 'late', { owner: { S: 'you' }, at: { N: '10' } });
    expect(sorts((await byOwner('me')).Items)).toEqual(['early']);
    expect(sorts((await byOwner('you')).Items)).toEqual(['late']);
  });

  it('rejects what a global index cannot return', async () => {
    const input = {
      IndexName: 'by-owner',
      KeyConditionExpression: '#o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':o': { S: 'me' } },
    };
    await expect(query({ ...input, ConsistentRead: true })).rejects.toThrow(
      'Consistent reads are not supported on global secondary indexes',
    );
    await expect(query({ ...input, Select: 'ALL_ATTRIBUTES' })).rejects.toThrow(
      'Select type ALL_ATTRIBUTES is not supported for global secondary index by-owner',
    );
    await expect(query({ ...input, ProjectionExpression: 'body' })).rejects.toThrow(
      'Global secondary index by-owner does not project [body]',
    );
    await expect(query({ ...input, IndexName: 'nope' })).rejects.toThrow(
      'The table does not have the specified index: nope',
    );
  });

  it('fetches from the table what a local index does not hold', async () => {
    await put('p', 'a', { at: { N: '2' }, body: { S: 'x' } });
    const input = { IndexName: 'by-time', ...ofPartition('p'), ConsistentRead: true };
    expect((await query(input)).Items).toEqual([{ pk: { S: 'p' }, sk: { S: 'a' }, at: { N: '2' } }]);
    expect((await query({ ...input, Select: 'ALL_ATTRIBUTES' })).Items?.[0]).toHaveProperty('body');
    expect((await query({ ...input, ProjectionExpression: 'body' })).Items).toEqual([{ body: { S: 'x' } }]);
  });

  it('scans every item once, whole or in segments, in pages that resume', async () => {
    const all: string[] = [];
    for (let index = 0; index < 60; index++) {
      all.push(`${index % 20}/${index}`);
      await put(`${index % 20}`, `${index}`);
    }
    const names = (items: Item[]) => items.map((item) => `${item.pk?.S}/${item.sk?.S}`);
    const found: Item[] = [];
    for (let Segment = 0; Segment < 4; Segment++) {
      let page = await scan({ Segment, TotalSegments: 4, Limit: 3 });
      const ofSegment = [...(page.Items ?? [])];
      while (page.LastEvaluatedKey !== undefined) {
        page = await scan({ Segment, TotalSegments: 4, Limit: 3, ExclusiveStartKey: page.LastEvaluatedKey });
        ofSegment.push(...(page.Items ?? []));
      }
      expect(ofSegment.length).toBeLessThan(60);
      found.push(...ofSegment);
    }
    expect(names(found).sort()).toEqual(all.toSorted());
    expect(names((await scan({})).Items ?? []).sort()).toEqual(all.toSorted());
  });

  it('writes and reads batches, and rejects duplicates and too many', async () => {
    const item = (n: number) => ({ pk: { S: 'p' }, sk: { S: `${n}` } });
    const puts = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ PutRequest: { Item: item(n) } }));
    const write = (requests: object[]) =>
      account.dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests as never } }));
    expect(await write(puts(25))).toMatchObject({ UnprocessedItems: {} });
    for (const requests of [[], puts(26)]) {
      await expect(write(requests)).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringMatching(
          /^1 validation error detected: Value '.*' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: \[Member must have length less than or equal to 25, Member must have length greater than or equal to 1\]$/,
        ),
      });
    }
    await expect(
      account.dynamodb.send(new BatchWriteItemCommand({ RequestItems: {} })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'The requestItems parameter is required for BatchWriteItem',
    });
    await expect(write([...puts(1), { DeleteRequest: { Key: item(0) } }])).rejects.toThrow(
      'Provided list of item keys contains duplicates',
    );
    await write([{ DeleteRequest: { Key: item(0) } }]);
    const { Responses, UnprocessedKeys } = await account.dynamodb.send(
      new BatchGetItemCommand({
        RequestItems: { [TableName]: { Keys: [item(0), item(1), item(2)], ProjectionExpression: 'sk' } },
      }),
    );
    expect(Responses?.[TableName]).toEqual([{ sk: { S: '1' } }, { sk: { S: '2' } }]);
    expect(UnprocessedKeys).toEqual({});
    await expect(
      account.dynamodb.send(
        new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [item(1), item(1)] } } }),
      ),
    ).rejects.toThrow('Provided list of item keys contains duplicates');
  });

  it('returns 16 MB of a batch, and the rest as unprocessed keys', async () => {
    const text = { S: 'x'.repeat(390 * 1024) };
    const keys = Array.from({ length: 50 }, (_, n) => ({ pk: { S: 'p' }, sk: { S: `${n}` } }));
    for (const { pk, sk } of keys) await put(pk.S, sk.S, { text });
    const answer = await account.dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys } } }),
    );
    expect(answer.Responses?.[TableName]).toHaveLength(42);
    expect(answer.UnprocessedKeys?.[TableName]?.Keys).toHaveLength(8);
  });
});
