import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { testAccount } from './account.ts';

const table: CreateTableCommandInput = {
  TableName: 'things',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
    { AttributeName: 'group', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-group',
      KeySchema: [{ AttributeName: 'group', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
};

const key = { pk: { S: 'a' }, sk: { N: '1' } };

describe('items', () => {
  let account: ReturnType<typeof testAccount>;
  beforeEach(async () => {
    account = testAccount(dynamodbEngines().builders);
    await account.dynamodb.send(new CreateTableCommand(table));
  });

  const put = (item: NonNullable<ConstructorParameters<typeof PutItemCommand>[0]['Item']>) =>
    account.dynamodb.send(new PutItemCommand({ TableName: 'things', Item: { ...key, ...item } }));
  const get = async () =>
    (await account.dynamodb.send(new GetItemCommand({ TableName: 'things', Key: key, ConsistentRead: true })))
      .Item;
  const update = (input: Partial<UpdateItemCommandInput>) =>
    account.dynamodb.send(new UpdateItemCommand({ TableName: 'things', Key: key, ...input }));

  it('returns an item with every type unchanged', async () => {
    const item = {
      text: { S: 'grüße 🎈' },
      empty: { S: '' },
      number: { N: '-12.5' },
      bytes: { B: Uint8Array.of(0, 255, 7) },
      yes: { BOOL: true },
      none: { NULL: true as const },
      texts: { SS: ['a', 'b'] },
      numbers: { NS: ['1', '2.5'] },
      blobs: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
      list: { L: [{ S: 'x' }, { M: { deep: { L: [] } } }] },
      map: { M: { constructor: { N: '1' }, toString: { S: 'own' } } },
    };
    await put(item);
    expect(await get()).toEqual({ ...key, ...item });
  });

  it('treats names that every object inherits as ordinary names', async () => {
    const Item = { ...key, ['__proto__']: { S: 'own' } };
    await account.aws.call('dynamodb', 'PutItem', { TableName: 'things', Item }, root);
    const found = await account.aws.call('dynamodb', 'GetItem', { TableName: 'things', Key: key }, root);
    expect(Object.entries(found?.Item ?? {})).toContainEqual(['__proto__', { S: 'own' }]);
    const absent = update({
      UpdateExpression: 'SET v = valueOf',
      ConditionExpression: 'attribute_not_exists(toLocaleString)',
    });
    await expect(absent).rejects.toThrow('refers to an attribute that does not exist in the item');
  });

  it('keeps numbers exact to 38 digits and returns them in one normal form', async () => {
    await put({
      long: { N: '12345678901234567890123456789012345678' },
      small: { N: '1E-130' },
      zeros: { N: '+0012.3400' },
      zero: { N: '-0.0' },
      power: { N: '1.5e3' },
    });
    expect(await get()).toMatchObject({
      long: { N: '12345678901234567890123456789012345678' },
      small: { N: `0.${'0'.repeat(129)}1` },
      zeros: { N: '12.34' },
      zero: { N: '0' },
      power: { N: '1500' },
    });
  });

  it.each([
    ['more than 38 digits', { N: '123456789012345678901234567890123456789' }, /38 significant digits/],
    ['a number too large', { N: '1e126' }, /overflow/],
    ['a number too small', { N: '1e-131' }, /underflow/],
    ['no number', { N: 'one' }, /numeric value: one/],
    ['an empty set', { SS: [] }, /string set {2}may not be empty/],
    ['a set with duplicates', { NS: ['1', '1.0'] }, /duplicates/],
  ])('rejects %s', async (_what, value, message) => {
    await expect(put({ value } as never)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message),
    });
  });

  it('finds an item by a number key in another notation', async () => {
    await put({ value: { S: 'here' } });
    const found = await account.dynamodb.send(
      new GetItemCommand({ TableName: 'things', Key: { pk: { S: 'a' }, sk: { N: '1.00' } } }),
    );
    expect(found.Item).toMatchObject({ value: { S: 'here' }, sk: { N: '1' } });
  });

  it('nests 32 levels and rejects one more', async () => {
    const nested = (levels: number): never =>
      (levels === 0 ? { S: 'x' } : { L: [nested(levels - 1)] }) as never;
    await put({ deep: nested(31) });
    await expect(put({ deep: nested(33) })).rejects.toThrow(/32 levels/);
  });

  it('accepts items of 400 KB, including attribute names, and no byte more', async () => {
    const used = 'pk'.length + 1 + 'sk'.length + 2 + 'v'.length;
    await put({ v: { S: 'x'.repeat(400 * 1024 - used) } });
    await expect(put({ v: { S: 'x'.repeat(400 * 1024 - used + 1) } })).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Item size has exceeded the maximum allowed size',
    });
  });

  it.each([
    ['a missing sort key', { pk: { S: 'a' } }, 'Missing the key sk in the item'],
    [
      'a key of another type',
      { pk: { S: 'a' }, sk: { S: '1' } },
      'Type mismatch for key sk expected: N actual: S',
    ],
    ['an empty key', { pk: { S: '' }, sk: { N: '1' } }, 'cannot contain an empty string value. Key: pk'],
    ['an index key of another type', { ...key, group: { N: '1' } }, 'Type mismatch for Index Key group'],
    ['a partition key over 2048 bytes', { pk: { S: 'x'.repeat(2049) }, sk: { N: '1' } }, 'Size of hashkey'],
  ])('rejects a put of an item with %s', async (_what, Item, message) => {
    await expect(
      account.dynamodb.send(new PutItemCommand({ TableName: 'things', Item: Item as never })),
    ).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining(message) });
  });

  it('rejects a key that does not match the schema of the table', async () => {
    const wrong = [{ pk: { S: 'a' } }, { ...key, more: { S: 'x' } }, { pk: { N: '1' }, sk: { N: '1' } }];
    for (const Key of wrong) {
      await expect(
        account.dynamodb.send(new GetItemCommand({ TableName: 'things', Key: Key as never })),
      ).rejects.toMatchObject({
        name: 'ValidationException',
        message: 'The provided key element does not match the schema',
      });
    }
  });

  it('reports a table that does not exist', async () => {
    await expect(
      account.dynamodb.send(new GetItemCommand({ TableName: 'nothing', Key: key })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('rejects legacy parameters by name', async () => {
    await expect(
      account.dynamodb.send(
        new PutItemCommand({ TableName: 'things', Item: key, Expected: { pk: { Exists: false } } }),
      ),
    ).rejects.toMatchObject({ name: 'NotImplemented', message: expect.stringContaining('Expected') });
  });

  it('puts only when the condition holds, and shows the item that failed it', async () => {
    await put({ v: { N: '1' } });
    const again = new PutItemCommand({
      TableName: 'things',
      Item: { ...key, v: { N: '2' } },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    await expect(account.dynamodb.send(again)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: { ...key, v: { N: '1' } },
    });
    expect(await get()).toEqual({ ...key, v: { N: '1' } });
  });

  it('deletes, returns what was deleted, and accepts an item that does not exist', async () => {
    await put({ v: { N: '1' } });
    const deletion = () =>
      account.dynamodb.send(
        new DeleteItemCommand({ TableName: 'things', Key: key, ReturnValues: 'ALL_OLD' }),
      );
    expect((await deletion()).Attributes).toEqual({ ...key, v: { N: '1' } });
    expect(await get()).toBeUndefined();
    expect((await deletion()).Attributes).toBeUndefined();
  });

  it('creates the item that an update does not find', async () => {
    await update({ UpdateExpression: 'ADD hits :one', ExpressionAttributeValues: { ':one': { N: '1' } } });
    expect(await get()).toEqual({ ...key, hits: { N: '1' } });
    await account.dynamodb.send(
      new UpdateItemCommand({ TableName: 'things', Key: { pk: { S: 'b' }, sk: { N: '1' } } }),
    );
  });

  it.each([
    ['NONE', undefined],
    ['ALL_OLD', { ...key, a: { N: '1' }, b: { L: [{ N: '1' }, { N: '2' }] } }],
    ['UPDATED_OLD', { a: { N: '1' }, b: { L: [{ N: '2' }] } }],
    ['ALL_NEW', { ...key, a: { N: '2' }, b: { L: [{ N: '1' }, { N: '5' }] } }],
    ['UPDATED_NEW', { a: { N: '2' }, b: { L: [{ N: '5' }] } }],
  ] as const)('answers an update with ReturnValues %s', async (mode, expected) => {
    await put({ a: { N: '1' }, b: { L: [{ N: '1' }, { N: '2' }] } });
    const { Attributes } = await update({
      UpdateExpression: 'SET a = a + :one, b[1] = :five',
      ExpressionAttributeValues: { ':one': { N: '1' }, ':five': { N: '5' } },
      ReturnValues: mode,
    });
    expect(Attributes).toEqual(expected);
  });

  it('rejects an update of a key attribute', async () => {
    await expect(
      update({ UpdateExpression: 'SET sk = :v', ExpressionAttributeValues: { ':v': { N: '2' } } }),
    ).rejects.toThrow('Cannot update attribute sk. This attribute is part of the key');
  });

  it('rejects an update that makes the item too large, and keeps the item', async () => {
    await put({ v: { S: 'x'.repeat(399 * 1024) } });
    await expect(
      update({
        UpdateExpression: 'SET w = :w',
        ExpressionAttributeValues: { ':w': { S: 'x'.repeat(2048) } },
      }),
    ).rejects.toThrow('Item size to update has exceeded the maximum allowed size');
    expect(Object.keys((await get()) ?? {})).toEqual(['pk', 'sk', 'v']);
  });
});
