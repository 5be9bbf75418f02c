import {
  type AttributeValue,
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { testAccount } from './account.ts';

type Item = Record<string, AttributeValue>;

const Key = { id: { S: 'one' } };
const stored: Item = {
  ...Key,
  count: { N: '10' },
  word: { S: 'hello' },
  colors: { SS: ['red', 'blue'] },
  list: { L: [{ N: '1' }, { S: 'two' }, { L: [{ N: '3' }] }] },
  doc: { M: { box: { M: { deep: { N: '5' } } }, 'with.dot': { S: 'dotted' } } },
  flag: { BOOL: false },
  nothing: { NULL: true },
};

describe('expressions', () => {
  let account: ReturnType<typeof testAccount>;
  beforeEach(async () => {
    account = testAccount(dynamodbEngines().builders);
    await account.dynamodb.send(
      new CreateTableCommand({
        TableName: 'things',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    await account.dynamodb.send(new PutItemCommand({ TableName: 'things', Item: stored }));
  });

  async function holds(ConditionExpression: string, values?: Item, names?: Record<string, string>) {
    try {
      await account.dynamodb.send(
        new UpdateItemCommand({
          TableName: 'things',
          Key,
          ConditionExpression,
          ExpressionAttributeValues: values,
          ExpressionAttributeNames: names,
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }

  async function updated(UpdateExpression: string, values?: Item, names?: Record<string, string>) {
    const { Attributes } = await account.dynamodb.send(
      new UpdateItemCommand({
        TableName: 'things',
        Key,
        UpdateExpression,
        ExpressionAttributeValues: values,
        ExpressionAttributeNames: names,
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Attributes;
  }

  it.each<[string, boolean, (Item | undefined)?, Record<string, string>?]>([
    ['attribute_exists(doc.box.deep)', true],
    ['attribute_not_exists(doc.box.absent)', true],
    ['attribute_type(#flag, :t)', true, { ':t': { S: 'BOOL' } }, { '#flag': 'flag' }],
    [
      '#count BETWEEN :low AND :high',
      true,
      { ':low': { N: '9.99' }, ':high': { N: '10' } },
      { '#count': 'count' },
    ],
    ['#count > :v', false, { ':v': { N: '10.000000000000000000000000000000000001' } }, { '#count': 'count' }],
    ['#count = :v', true, { ':v': { N: '1e1' } }, { '#count': 'count' }],
    ['#count = :v', false, { ':v': { S: '10' } }, { '#count': 'count' }],
    ['word IN (:a, :b)', true, { ':a': { S: 'bye' }, ':b': { S: 'hello' } }],
    ['begins_with(word, :v)', true, { ':v': { S: 'hel' } }],
    ['contains(word, :v)', true, { ':v': { S: 'ell' } }],
    ['contains(colors, :v)', true, { ':v': { S: 'red' } }],
    ['contains(#list, :v)', true, { ':v': { L: [{ N: '3' }] } }, { '#list': 'list' }],
    ['colors = :v', true, { ':v': { SS: ['blue', 'red'] } }],
    ['size(word) = :v', true, { ':v': { N: '5' } }],
    ['size(#list) >= size(colors)', true, undefined, { '#list': 'list' }],
    ['doc.#name = :v', true, { ':v': { S: 'dotted' } }, { '#name': 'with.dot' }],
    ['absent <> :v', true, { ':v': { N: '1' } }],
    ['absent = :v', false, { ':v': { N: '1' } }],
    ['NOT absent = :v', true, { ':v': { N: '1' } }],
    ['word = :w or absent = :w and absent = :w', true, { ':w': { S: 'hello' } }],
    ['(word = :w OR absent = :w) AND absent = :w', false, { ':w': { S: 'hello' } }],
    ['(word) = :w', true, { ':w': { S: 'hello' } }],
    ['nothing = :v', true, { ':v': { NULL: true } }],
    ['doc.box = :v', true, { ':v': { M: { deep: { N: '5.0' } } } }],
  ])('%s is %s', async (condition, expected, values, names) => {
    expect(await holds(condition, values, names)).toBe(expected);
  });

  it.each<[string, RegExp, (Item | undefined)?, Record<string, string>?]>([
    ['word =', /Syntax error; token: "<EOF>", near: "="/],
    ['word', /Syntax error; token: "<EOF>"/],
    ['word = :a b', /Syntax error; token: "b"/, { ':a': { S: 'x' } }],
    ['wo?rd = :a', /Syntax error; token: "\?"/, { ':a': { S: 'x' } }],
    ['name = :a', /reserved keyword; reserved keyword: name/, { ':a': { S: 'x' } }],
    ['word = :b', /value used in expression is not defined; attribute value: :b/],
    ['#w = word', /name used in the document path is not defined; attribute name: #w/],
    ['((word = :a))', /redundant parentheses/, { ':a': { S: 'x' } }],
    ['nope(word)', /Invalid function name; function: nope/],
    ['size(word)', /not allowed to be used this way in an expression; function: size/],
    ['contains(word) ', /Incorrect number of operands .* contains, number of operands: 1/],
    ['attribute_exists(:a)', /requires a document path/, { ':a': { S: 'x' } }],
    ['begins_with(word, :a)', /Incorrect operand type .* begins_with, operand type: N/, { ':a': { N: '1' } }],
    [
      'attribute_type(word, :a)',
      /Invalid attribute type name found; type: STRING/,
      { ':a': { S: 'STRING' } },
    ],
    ['word < :a', /Incorrect operand type .* operator: <, operand type: BOOL/, { ':a': { BOOL: true } }],
    ['word = word', /first operand must be distinct/],
    [
      'word BETWEEN :a AND :b',
      /upper bound to be greater than or equal to lower bound/,
      { ':a': { S: 'b' }, ':b': { S: 'a' } },
    ],
    [`word = :a ${'OR word = :a '.repeat(500)}`, /Expression size has exceeded/, { ':a': { S: 'x' } }],
    [`word=:a${' OR word=:a'.repeat(310)}`, /too many operators/, { ':a': { S: 'x' } }],
  ])('rejects the condition %.40s', async (condition, message, values, names) => {
    await expect(holds(condition, values, names)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message),
    });
    await expect(holds(condition, values, names)).rejects.toThrow(/^Invalid ConditionExpression: /);
  });

  it('rejects placeholders that no expression uses', async () => {
    await expect(holds('word = :a', { ':a': { S: 'x' }, ':x': { S: 'y' } })).rejects.toThrow(
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}',
    );
    await expect(holds('word = :a', { ':a': { S: 'x' } }, { '#x': 'y' })).rejects.toThrow(
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}',
    );
  });

  it('sets, removes, adds and deletes in one expression, reading every operand from the old item', async () => {
    const after = await updated(
      'SET word = doc.#dot, doc.box.deep = #count + :one REMOVE flag ADD #count :one DELETE colors :red',
      { ':one': { N: '1' }, ':red': { SS: ['red'] } },
      { '#dot': 'with.dot', '#count': 'count' },
    );
    expect(after).toMatchObject({
      word: { S: 'dotted' },
      count: { N: '11' },
      colors: { SS: ['blue'] },
      doc: { M: { box: { M: { deep: { N: '11' } } } } },
    });
    expect(after).not.toHaveProperty('flag');
  });

  it('counts exactly where a float would not', async () => {
    const big = '9007199254740993000000000000000000001';
    await updated('SET big = :v', { ':v': { N: big } });
    expect((await updated('ADD big :one', { ':one': { N: '1' } }))?.big).toEqual({
      N: '9007199254740993000000000000000000002',
    });
    expect((await updated('SET tenth = :a + :b', { ':a': { N: '0.1' }, ':b': { N: '0.2' } }))?.tenth).toEqual(
      {
        N: '0.3',
      },
    );
    await expect(updated('ADD big :v', { ':v': { N: '0.01' } })).rejects.toThrow(/38 significant digits/);
  });

  it('removes several elements of a list by their old indexes', async () => {
    const after = await updated('REMOVE #list[0], #list[1]', undefined, { '#list': 'list' });
    expect(after?.list).toEqual({ L: [{ L: [{ N: '3' }] }] });
  });

  it('appends to lists, and appends an element set beyond the end', async () => {
    const names = { '#list': 'list' };
    const after = await updated(
      'SET #list = list_append(#list, :more)',
      { ':more': { L: [{ S: 'x' }] } },
      names,
    );
    expect(after?.list?.L).toHaveLength(4);
    const far = await updated(
      'SET #list[90] = :b, #list[50] = :a',
      { ':a': { S: 'a' }, ':b': { S: 'b' } },
      names,
    );
    expect(far?.list?.L?.slice(4)).toEqual([{ S: 'a' }, { S: 'b' }]);
  });

  it('leaves no empty set', async () => {
    const after = await updated('DELETE colors :all', { ':all': { SS: ['red', 'blue', 'green'] } });
    expect(after).not.toHaveProperty('colors');
  });

  it('initialises by if_not_exists, nested in a sum and in list_append', async () => {
    const after = await updated(
      'SET hits = if_not_exists(hits, :zero) + :one, tags = list_append(if_not_exists(tags, :none), :tag)',
      { ':zero': { N: '0' }, ':one': { N: '1' }, ':none': { L: [] }, ':tag': { L: [{ S: 't' }] } },
    );
    expect(after).toMatchObject({ hits: { N: '1' }, tags: { L: [{ S: 't' }] } });
  });

  it.each<[string, RegExp, Item?]>([
    ['SET word = :a SET flag = :a', /"SET" section can only be used once/, { ':a': { S: 'x' } }],
    [
      'SET doc.box = :a, doc.box.deep = :a',
      /Two document paths overlap .* path one: \[doc, box\]/,
      { ':a': { S: 'x' } },
    ],
    ['SET doc[0] = :a, doc.box = :a', /Two document paths conflict/, { ':a': { S: 'x' } }],
    ['ADD word :a', /Incorrect operand type .* operator: ADD, operand type: STRING/, { ':a': { S: 'x' } }],
    ['DELETE colors :a', /operator: DELETE, operand type: NUMBER/, { ':a': { N: '1' } }],
    ['SET word = list_append(word, :a)', /list_append, operand type: S/, { ':a': { S: 'x' } }],
    ['SET word = word + :a', /incorrect data type/, { ':a': { N: '1' } }],
    ['ADD word :a', /incorrect data type/, { ':a': { N: '1' } }],
    ['SET word = absent', /refers to an attribute that does not exist in the item/],
    [
      'SET absent.deep = :a',
      /document path provided in the update expression is invalid/,
      { ':a': { S: 'x' } },
    ],
    [
      'SET word.deep = :a',
      /document path provided in the update expression is invalid/,
      { ':a': { S: 'x' } },
    ],
    ['FROB word', /Syntax error; token: "FROB"/],
    ['', /The expression can not be empty/],
  ])('rejects the update %s', async (expression, message, values) => {
    await expect(updated(expression, values)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message),
    });
    const { Item } = await account.dynamodb.send(new GetItemCommand({ TableName: 'things', Key }));
    expect(Item).toEqual(stored);
  });

  it('projects nested parts in the form of the item', async () => {
    const { Item } = await account.dynamodb.send(
      new GetItemCommand({
        TableName: 'things',
        Key,
        ProjectionExpression: 'doc.box.deep, #list[2][0], #list[0], absent, #list[9]',
        ExpressionAttributeNames: { '#list': 'list' },
      }),
    );
    expect(Item).toEqual({
      doc: { M: { box: { M: { deep: { N: '5' } } } } },
      list: { L: [{ N: '1' }, { L: [{ N: '3' }] }] },
    });
  });
});
