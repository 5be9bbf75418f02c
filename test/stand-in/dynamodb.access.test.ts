import {
  BatchWriteItemCommand,
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { AwsError, type Permission, root } from '../../lib/stand-in/engines/engine.ts';
import { testAccount } from './account.ts';

const TableName = 'guarded';
const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`;
const Key = { pk: { S: 'p' }, sk: { N: '1' } };

describe('permissions and costs of calls', () => {
  let asked: Permission[];
  let account: ReturnType<typeof testAccount>;
  beforeEach(async () => {
    asked = [];
    account = testAccount(dynamodbEngines().builders, {
      authorize: (_caller, permissions) => void asked.push(...permissions),
    });
    await account.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'N' },
          { AttributeName: 'tag', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-tag',
            KeySchema: [{ AttributeName: 'tag', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
      }),
    );
    asked = [];
    account.meter.reset();
  });
  const put = (item: object) =>
    account.dynamodb.send(
      new PutItemCommand({ TableName, Item: { ...Key, ...item }, ReturnConsumedCapacity: 'INDEXES' }),
    );
  const leading = (...keys: string[]) => ({ 'dynamodb:LeadingKeys': keys });

  it('need the action on the table, with the partition keys that they touch', async () => {
    await put({});
    await account.dynamodb.send(new GetItemCommand({ TableName: arn, Key }));
    await account.dynamodb.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [{ PutRequest: { Item: { ...Key, pk: { S: 'q' } } } }, { DeleteRequest: { Key } }],
        },
      }),
    );
    await account.dynamodb.send(new ScanCommand({ TableName }));
    expect(asked).toEqual([
      { action: 'dynamodb:PutItem', resource: arn, context: leading('p') },
      { action: 'dynamodb:GetItem', resource: arn, context: leading('p') },
      { action: 'dynamodb:BatchWriteItem', resource: arn, context: leading('q', 'p') },
      { action: 'dynamodb:Scan', resource: arn },
    ]);
  });

  it('a query of an index needs a permission on the index', async () => {
    await account.dynamodb.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-tag',
        KeyConditionExpression: 'tag = :t',
        ExpressionAttributeValues: { ':t': { S: 'x' } },
      }),
    );
    expect(asked).toEqual([
      { action: 'dynamodb:Query', resource: `${arn}/index/by-tag`, context: leading('x') },
    ]);
  });

  it('a transaction needs the permissions of its actions', async () => {
    await account.dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName, Item: Key } },
          { Update: { TableName, Key: { ...Key, sk: { N: '2' } }, UpdateExpression: 'REMOVE a' } },
          { Delete: { TableName, Key: { ...Key, sk: { N: '3' } } } },
          {
            ConditionCheck: {
              TableName,
              Key: { ...Key, sk: { N: '4' } },
              ConditionExpression: 'attribute_not_exists(pk)',
            },
          },
        ],
      }),
    );
    await account.dynamodb.send(
      new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key } }] }),
    );
    expect(asked.map(({ action }) => action)).toEqual([
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      'dynamodb:ConditionCheckItem',
      'dynamodb:GetItem',
    ]);
  });

  it('reading a stream needs a permission on the stream', async () => {
    const StreamArn = `${arn}/stream/2026-01-01T00:00:00.000`;
    const call = (action: string, input: object) =>
      account.aws.call('dynamodbstreams', action, { ...input }, root) as Record<string, unknown>;
    const { StreamDescription } = call('DescribeStream', { StreamArn }) as {
      StreamDescription: { Shards: { ShardId: string }[] };
    };
    const ShardId = StreamDescription.Shards[0]?.ShardId;
    const { ShardIterator } = call('GetShardIterator', { StreamArn, ShardId, ShardIteratorType: 'LATEST' });
    call('GetRecords', { ShardIterator });
    call('ListStreams', {});
    expect(asked).toEqual([
      { action: 'dynamodb:DescribeStream', resource: StreamArn },
      { action: 'dynamodb:GetShardIterator', resource: StreamArn },
      { action: 'dynamodb:GetRecords', resource: StreamArn },
      { action: 'dynamodb:ListStreams', resource: '*' },
    ]);
    expect(account.meter.counts()['dynamodb.stream-reads']).toBe(1);
  });

  it('permissions are checked before the input, whatever the input is', async () => {
    const denied = testAccount(dynamodbEngines().builders, {
      authorize: () => {
        throw new AwsError('AccessDeniedException', 'No.');
      },
    });
    const actions = Object.keys(denied.aws.engines.get('dynamodb')?.operations ?? {});
    const inputs = [
      {},
      { TableName: 1 },
      { TableName, Key: 'x', Item: [], RequestItems: { [TableName]: null } },
      { TransactItems: [null, { Put: 1 }] },
    ];
    for (const action of actions) {
      for (const input of inputs) {
        expect(() => denied.aws.call('dynamodb', action, input, root), action).toThrow('No.');
      }
    }
  });

  it('a write is charged by the larger image and by each changed index entry', async () => {
    const body = { S: 'x'.repeat(3000) };
    const first = await put({ body, tag: { S: 'a' } });
    expect(first.ConsumedCapacity).toEqual({
      TableName,
      CapacityUnits: 4,
      Table: { CapacityUnits: 3 },
      GlobalSecondaryIndexes: { 'by-tag': { CapacityUnits: 1 } },
    });
    expect((await put({ tag: { S: 'a' } })).ConsumedCapacity?.CapacityUnits).toBe(3);
    expect((await put({ tag: { S: 'b' } })).ConsumedCapacity?.CapacityUnits).toBe(3);
    expect((await put({})).ConsumedCapacity?.CapacityUnits).toBe(2);
    expect(account.meter.counts()).toEqual({ 'dynamodb.write-units': 12 });
  });

  it('a write whose condition fails is charged', async () => {
    await put({ body: { S: 'x'.repeat(1500) } });
    account.meter.reset();
    await expect(
      account.dynamodb.send(
        new UpdateItemCommand({ TableName, Key, ConditionExpression: 'attribute_not_exists(pk)' }),
      ),
    ).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    expect(account.meter.counts()).toEqual({ 'dynamodb.write-units': 2 });
  });

  it('reads are charged by 4 KB: half when eventually consistent, double in a transaction', async () => {
    await put({ body: { S: 'x'.repeat(5000) } });
    account.meter.reset();
    const read = async (ConsistentRead: boolean) =>
      (
        await account.dynamodb.send(
          new GetItemCommand({ TableName, Key, ConsistentRead, ReturnConsumedCapacity: 'TOTAL' }),
        )
      ).ConsumedCapacity?.CapacityUnits;
    expect(await read(true)).toBe(2);
    expect(await read(false)).toBe(1);
    const { ConsumedCapacity } = await account.dynamodb.send(
      new TransactGetItemsCommand({
        TransactItems: [{ Get: { TableName, Key } }],
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    expect(ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 4, ReadCapacityUnits: 4 }]);
    expect(account.meter.counts()).toEqual({ 'dynamodb.read-units': 7 });
  });

  it('a transaction is charged twice', async () => {
    const { ConsumedCapacity } = await account.dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [{ Put: { TableName, Item: Key } }],
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    expect(ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 2, WriteCapacityUnits: 2 }]);
  });
});
