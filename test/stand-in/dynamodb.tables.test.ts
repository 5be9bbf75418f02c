import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { testAccount } from './account.ts';

const plain: CreateTableCommandInput = {
  TableName: 'plain',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
};
const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/plain';

describe('tables', () => {
  let account: ReturnType<typeof testAccount>;
  beforeEach(() => {
    account = testAccount(dynamodbEngines().builders);
  });
  const create = (more: Partial<CreateTableCommandInput> = {}) =>
    account.dynamodb.send(new CreateTableCommand({ ...plain, ...more }));
  const describeTable = async () =>
    (await account.dynamodb.send(new DescribeTableCommand({ TableName: 'plain' }))).Table;

  it('creates a table with on-demand billing that exists at once', async () => {
    const { TableDescription } = await create({
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      SSESpecification: { Enabled: true, SSEType: 'KMS' },
      Tags: [{ Key: 'team', Value: 'bus' }],
    });
    expect(TableDescription).toMatchObject({
      TableStatus: 'CREATING',
      TableArn: arn,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      LatestStreamArn: `${arn}/stream/2026-01-01T00:00:00.000`,
      LatestStreamLabel: '2026-01-01T00:00:00.000',
      SSEDescription: { Status: 'ENABLED', SSEType: 'KMS' },
      CreationDateTime: new Date('2026-01-01T00:00:00Z'),
    });
    const waited = await waitUntilTableExists(
      { client: account.dynamodb, minDelay: 1, maxWaitTime: 30 },
      { TableName: 'plain' },
    );
    expect(waited.state).toBe('SUCCESS');
    expect(await account.dynamodb.send(new ListTablesCommand({}))).toMatchObject({ TableNames: ['plain'] });
  });

  it.each<[string, Partial<CreateTableCommandInput>, string]>([
    ['a bad name', { TableName: 'a!b' }, 'regular expression pattern: [a-zA-Z0-9_.-]+'],
    [
      'a key without definition',
      { AttributeDefinitions: [{ AttributeName: 'x', AttributeType: 'S' }] },
      'Some index key attributes are not defined',
    ],
    [
      'a definition without key',
      {
        AttributeDefinitions: [
          { AttributeName: 'id', AttributeType: 'S' },
          { AttributeName: 'x', AttributeType: 'S' },
        ],
      },
      'Number of attributes in KeySchema does not exactly match',
    ],
    [
      'throughput on demand',
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      'when BillingMode is PAY_PER_REQUEST',
    ],
    ['provisioned without throughput', { BillingMode: 'PROVISIONED' }, 'when BillingMode is PROVISIONED'],
    [
      'a local index without a sort key',
      {
        LocalSecondaryIndexes: [
          {
            IndexName: 'lsi',
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      },
      'Table KeySchema does not have a range key',
    ],
    [
      'a stream without a view',
      { StreamSpecification: { StreamEnabled: true } },
      'StreamViewType must be specified',
    ],
  ])('rejects a table with %s', async (_what, input, message) => {
    await expect(create(input)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    });
  });

  it('rejects a second table with the same name, and unsupported members', async () => {
    await create();
    await expect(create()).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await expect(create({ ResourcePolicy: '{}' })).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('ResourcePolicy'),
    });
  });

  it('deletes a table with its items, unless it is protected', async () => {
    await create({ DeletionProtectionEnabled: true });
    await account.dynamodb.send(new PutItemCommand({ TableName: 'plain', Item: { id: { S: 'a' } } }));
    const remove = () => account.dynamodb.send(new DeleteTableCommand({ TableName: 'plain' }));
    await expect(remove()).rejects.toMatchObject({ name: 'ValidationException' });
    await account.dynamodb.send(
      new UpdateTableCommand({ TableName: 'plain', DeletionProtectionEnabled: false }),
    );
    expect((await remove()).TableDescription?.TableStatus).toBe('DELETING');
    await expect(describeTable()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await create();
    const { Item } = await account.dynamodb.send(
      new GetItemCommand({ TableName: 'plain', Key: { id: { S: 'a' } } }),
    );
    expect(Item).toBeUndefined();
  });

  it('fills an index that is created later, without items of another type, and deletes it', async () => {
    await create();
    for (const [id, group] of [
      ['a', { S: 'x' }],
      ['b', { S: 'x' }],
      ['c', { N: '1' }],
    ] as const) {
      await account.dynamodb.send(
        new PutItemCommand({ TableName: 'plain', Item: { id: { S: id }, grp: group } }),
      );
    }
    await account.dynamodb.send(
      new UpdateTableCommand({
        TableName: 'plain',
        AttributeDefinitions: [{ AttributeName: 'grp', AttributeType: 'S' }],
        GlobalSecondaryIndexUpdates: [
          {
            Create: {
              IndexName: 'by-grp',
              KeySchema: [{ AttributeName: 'grp', KeyType: 'HASH' }],
              Projection: { ProjectionType: 'ALL' },
            },
          },
        ],
      }),
    );
    const found = await account.dynamodb.send(
      new QueryCommand({
        TableName: 'plain',
        IndexName: 'by-grp',
        KeyConditionExpression: 'grp = :g',
        ExpressionAttributeValues: { ':g': { S: 'x' } },
      }),
    );
    expect(found.Items?.map((item) => item.id?.S)).toEqual(['a', 'b']);
    expect((await describeTable())?.GlobalSecondaryIndexes).toMatchObject([
      { IndexName: 'by-grp', IndexStatus: 'ACTIVE', ItemCount: 2, IndexArn: `${arn}/index/by-grp` },
    ]);
    await account.dynamodb.send(
      new UpdateTableCommand({
        TableName: 'plain',
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-grp' } }],
      }),
    );
    const after = await describeTable();
    expect(after?.GlobalSecondaryIndexes).toBeUndefined();
    expect(after?.AttributeDefinitions).toEqual(plain.AttributeDefinitions);
  });

  it('changes the billing mode', async () => {
    await create();
    const units = { ReadCapacityUnits: 5, WriteCapacityUnits: 6 };
    await account.dynamodb.send(
      new UpdateTableCommand({
        TableName: 'plain',
        BillingMode: 'PROVISIONED',
        ProvisionedThroughput: units,
      }),
    );
    expect((await describeTable())?.ProvisionedThroughput).toMatchObject(units);
    await account.dynamodb.send(
      new UpdateTableCommand({ TableName: 'plain', BillingMode: 'PAY_PER_REQUEST' }),
    );
    expect((await describeTable())?.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST');
  });

  it('keeps tags', async () => {
    await create({ Tags: [{ Key: 'a', Value: '1' }] });
    await account.dynamodb.send(
      new TagResourceCommand({ ResourceArn: arn, Tags: [{ Key: 'b', Value: '2' }] }),
    );
    await account.dynamodb.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: ['a'] }));
    const { Tags } = await account.dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: arn }));
    expect(Tags).toEqual([{ Key: 'b', Value: '2' }]);
  });

  it('stores the setting of continuous backups', async () => {
    await create();
    const setting = { TableName: 'plain' };
    const before = await account.dynamodb.send(new DescribeContinuousBackupsCommand(setting));
    expect(before.ContinuousBackupsDescription?.PointInTimeRecoveryDescription).toEqual({
      PointInTimeRecoveryStatus: 'DISABLED',
    });
    await account.dynamodb.send(
      new UpdateContinuousBackupsCommand({
        ...setting,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    );
    const after = await account.dynamodb.send(new DescribeContinuousBackupsCommand(setting));
    expect(after.ContinuousBackupsDescription?.PointInTimeRecoveryDescription).toMatchObject({
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: 35,
    });
  });

  it('deletes expired items within an hour, and only those that the rules call expired', async () => {
    await create();
    const nowSeconds = account.clock.now() / 1000;
    const expiries = {
      soon: { N: `${nowSeconds + 60}` },
      later: { N: `${nowSeconds + 24 * 3600}` },
      ancient: { N: `${nowSeconds - 6 * 365 * 24 * 3600}` },
      text: { S: `${nowSeconds}` },
      inMilliseconds: { N: `${nowSeconds * 1000}` },
    };
    for (const [id, expires] of Object.entries(expiries)) {
      await account.dynamodb.send(
        new PutItemCommand({ TableName: 'plain', Item: { id: { S: id }, expires } }),
      );
    }
    const enable = (Enabled: boolean, AttributeName = 'expires') =>
      account.dynamodb.send(
        new UpdateTimeToLiveCommand({
          TableName: 'plain',
          TimeToLiveSpecification: { AttributeName, Enabled },
        }),
      );
    await expect(enable(false)).rejects.toThrow('TimeToLive is already disabled');
    await enable(true);
    await expect(enable(true)).rejects.toThrow('TimeToLive is already enabled');
    await expect(enable(true, 'other')).rejects.toThrow('active on a different AttributeName');
    const described = await account.dynamodb.send(new DescribeTimeToLiveCommand({ TableName: 'plain' }));
    expect(described.TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'ENABLED',
      AttributeName: 'expires',
    });

    const has = async (id: string) =>
      (await account.dynamodb.send(new GetItemCommand({ TableName: 'plain', Key: { id: { S: id } } })))
        .Item !== undefined;
    await account.clock.advance(61_000);
    expect(await has('soon')).toBe(true);
    await account.clock.advance(60 * 60_000);
    expect(await has('soon')).toBe(false);
    for (const id of ['later', 'ancient', 'text', 'inMilliseconds']) expect(await has(id)).toBe(true);
  });
});
