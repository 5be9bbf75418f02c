import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { sqliteStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';

const TableName = 'kept';
const create = new CreateTableCommand({
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
    { AttributeName: 'grp', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-grp',
      KeySchema: [{ AttributeName: 'grp', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
});

describe('state', () => {
  it('keeps tables, items and indexes over a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'dynamodb-'));
    const store = sqliteStore(directory);
    const before = testAccount(dynamodbEngines().builders, { store });
    await before.dynamodb.send(create);
    for (const sk of ['2', '10', '-1', '7']) {
      const Item = {
        pk: { S: 'p' },
        sk: { N: sk },
        grp: { S: 'g' },
        bytes: { B: Uint8Array.of(Number(sk) & 255) },
      };
      await before.dynamodb.send(new PutItemCommand({ TableName, Item }));
    }
    await before.dynamodb.send(new DeleteItemCommand({ TableName, Key: { pk: { S: 'p' }, sk: { N: '7' } } }));
    const expected = await before.dynamodb.send(new ScanCommand({ TableName }));
    await before.aws.close();
    store.close();

    const again = sqliteStore(directory);
    const after = testAccount(dynamodbEngines().builders, { store: again });
    expect((await after.dynamodb.send(new ScanCommand({ TableName }))).Items).toEqual(expected.Items);
    const byGroup = await after.dynamodb.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-grp',
        KeyConditionExpression: 'grp = :g',
        ExpressionAttributeValues: { ':g': { S: 'g' } },
      }),
    );
    expect(byGroup.Items?.map((item) => item.sk?.N).sort()).toEqual(['-1', '10', '2']);
    await after.aws.close();
    again.close();
    await rm(directory, { recursive: true });
  });

  it('finds a position in a large partition among many small ones', async () => {
    const { aws, dynamodb } = testAccount(dynamodbEngines().builders);
    await dynamodb.send(create);
    const count = 20_000;
    for (let index = 0; index < count; index++) {
      // A stride without a common factor with the count visits every number once, in no order.
      const sk = (index * 7919) % count;
      const pk = sk % 2 === 0 ? 'one large partition' : `p${sk}`;
      const Item = { pk: { S: pk }, sk: { N: `${sk}` }, grp: { S: 'g' } };
      await aws.call('dynamodb', 'PutItem', { TableName, Item }, root);
    }
    for (let from = 0; from < count - 20; from += 97) {
      const input = {
        TableName,
        KeyConditionExpression: 'pk = :p AND sk >= :from',
        ExpressionAttributeValues: { ':p': { S: 'one large partition' }, ':from': { N: `${from}` } },
        Limit: 3,
      };
      const page = await aws.call('dynamodb', 'Query', input, root);
      const first = from + (from % 2);
      expect(page?.Items).toMatchObject([0, 2, 4].map((step) => ({ sk: { N: `${first + step}` } })));
    }
  });
});
