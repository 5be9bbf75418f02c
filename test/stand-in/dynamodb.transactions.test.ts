import {
  type AttributeValue,
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { testAccount } from './account.ts';

type Item = Record<string, AttributeValue>;
const TableName = 'ledger';
const key = (id: string) => ({ id: { S: id } });

describe('transactions', () => {
  let account: ReturnType<typeof testAccount>;
  beforeEach(async () => {
    account = testAccount(dynamodbEngines().builders);
    await account.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    await put({ ...key('a'), n: { N: '1' } });
    await put({ ...key('b'), n: { N: '2' } });
  });

  const put = (Item: Item) => account.dynamodb.send(new PutItemCommand({ TableName, Item }));
  const transact = (TransactItems: TransactWriteItem[], more: Partial<TransactWriteItemsCommandInput> = {}) =>
    account.dynamodb.send(new TransactWriteItemsCommand({ TransactItems, ...more }));
  const all = async () => {
    const { Items = [] } = await account.dynamodb.send(new ScanCommand({ TableName }));
    return Object.fromEntries(Items.map(({ id, ...rest }) => [id?.S, rest]));
  };
  const add = (id: string, amount: string): TransactWriteItem => ({
    Update: {
      TableName,
      Key: key(id),
      UpdateExpression: 'ADD n :n',
      ExpressionAttributeValues: { ':n': { N: amount } },
    },
  });

  it('applies puts, updates, deletes and checks together', async () => {
    await put(key('c'));
    await transact([
      { Put: { TableName, Item: { ...key('new'), n: { N: '9' } } } },
      add('a', '5'),
      { Delete: { TableName, Key: key('b'), ConditionExpression: 'attribute_exists(id)' } },
      { ConditionCheck: { TableName, Key: key('c'), ConditionExpression: 'attribute_exists(id)' } },
    ]);
    expect(await all()).toEqual({ new: { n: { N: '9' } }, a: { n: { N: '6' } }, c: {} });
  });

  it('applies nothing when one condition fails, and says which, with the item', async () => {
    const before = await all();
    const attempt = transact([
      add('a', '5'),
      {
        Put: {
          TableName,
          Item: key('b'),
          ConditionExpression: 'attribute_not_exists(id)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      { ConditionCheck: { TableName, Key: key('z'), ConditionExpression: 'attribute_exists(id)' } },
    ]);
    await expect(attempt).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ConditionalCheckFailed]',
      CancellationReasons: [
        { Code: 'None' },
        {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { ...key('b'), n: { N: '2' } },
        },
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
      ],
    });
    expect(await all()).toEqual(before);
  });

  it('reports what an item makes impossible as a validation error of that action', async () => {
    const wrongType = { ...add('a', '1') };
    await put({ ...key('text'), n: { S: 'not a number' } });
    await expect(transact([wrongType, add('text', '1')])).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [
        { Code: 'None' },
        {
          Code: 'ValidationError',
          Message: 'An operand in the update expression has an incorrect data type',
        },
      ],
    });
    expect((await all()).a).toEqual({ n: { N: '1' } });
  });

  it('rejects two actions on one item, more than 100 actions, and faulty expressions', async () => {
    await expect(
      transact([
        add('a', '1'),
        { ConditionCheck: { TableName, Key: key('a'), ConditionExpression: 'n > n2' } },
      ]),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Transaction request cannot include multiple operations on one item',
    });
    const many = Array.from({ length: 101 }, (_, index) => add(`x${index}`, '1'));
    await expect(transact(many)).rejects.toThrow('Member must have length less than or equal to 100');
    await transact(many.slice(1));
    await expect(
      transact([{ Delete: { TableName, Key: key('a'), ConditionExpression: 'name = :x' } }]),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(transact([{ Put: { TableName: 'missing', Item: key('a') } }])).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('rejects more than 4 MB', async () => {
    const text = { S: 'x'.repeat(399 * 1024) };
    const large = Array.from({ length: 11 }, (_, index) => ({
      Put: { TableName, Item: { ...key(`l${index}`), text } },
    }));
    await expect(transact(large)).rejects.toThrow(/exceeds 4 MB/);
    await transact(large.slice(1));
  });

  it('applies a request with the same token once, for ten minutes', async () => {
    const once = { ClientRequestToken: 'token-1' };
    await transact([add('a', '5')], once);
    await account.clock.advance(9 * 60_000);
    const repeated = await transact([add('a', '5')], { ...once, ReturnConsumedCapacity: 'TOTAL' });
    expect(repeated.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 2, ReadCapacityUnits: 2 }]);
    expect((await all()).a).toEqual({ n: { N: '6' } });
    await expect(transact([add('a', '6')], once)).rejects.toMatchObject({
      name: 'IdempotentParameterMismatchException',
    });
    await account.clock.advance(60_001);
    await transact([add('a', '6')], once);
    expect((await all()).a).toEqual({ n: { N: '12' } });
  });

  it('forgets the token of a cancelled transaction', async () => {
    const insert = {
      Put: { TableName, Item: key('a'), ConditionExpression: 'attribute_not_exists(id)' },
    };
    await expect(transact([insert], { ClientRequestToken: 'again' })).rejects.toMatchObject({
      name: 'TransactionCanceledException',
    });
    await transact([{ Delete: { TableName, Key: key('a') } }]);
    await transact([insert], { ClientRequestToken: 'again' });
    expect(await all()).toHaveProperty('a');
  });

  it('reads several items at one point in time, including missing ones', async () => {
    const { Responses } = await account.dynamodb.send(
      new TransactGetItemsCommand({
        TransactItems: [
          { Get: { TableName, Key: key('a'), ProjectionExpression: 'n' } },
          { Get: { TableName, Key: key('absent') } },
        ],
      }),
    );
    expect(Responses).toEqual([{ Item: { n: { N: '1' } } }, {}]);
    await expect(
      account.dynamodb.send(
        new TransactGetItemsCommand({
          TransactItems: [{ Get: { TableName, Key: key('a') } }, { Get: { TableName, Key: key('a') } }],
        }),
      ),
    ).rejects.toThrow('multiple operations on one item');
  });

  it('survives a restart as a whole, with its token', async () => {
    await transact([add('a', '5'), add('b', '5')], { ClientRequestToken: 'kept' });
    const restarted = testAccount(dynamodbEngines().builders, { store: account.store });
    await restarted.dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [add('a', '5'), add('b', '5')],
        ClientRequestToken: 'kept',
      }),
    );
    const { Item } = await restarted.dynamodb.send(new GetItemCommand({ TableName, Key: key('b') }));
    expect(Item).toEqual({ ...key('b'), n: { N: '7' } });
  });
});
