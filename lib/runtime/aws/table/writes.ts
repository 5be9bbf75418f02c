import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { TableContext } from './context.ts';
import { item, type Key, keyItem, type Row, rowOf } from './row.ts';

/** Writes a row, whatever was there before. */
export interface Writes {
  put(row: Row): Promise<void>;
  /** Puts the row and returns the one it replaced. */
  swap(row: Row): Promise<Row | undefined>;
  delete(key: Key): Promise<void>;
  /** Adds to the numbers of a row, which begin at 0; returns the sums. */
  add(
    key: Key,
    amounts: Readonly<Record<string, number>>,
    expiresAtSeconds: number,
  ): Promise<Record<string, number>>;
  /** Counts up, in a row that contains nothing else. */
  increment(key: Key, count: number): Promise<void>;
}

export function createWrites(context: TableContext): Writes {
  const { client, TableName } = context;

  return {
    async put(row) {
      await client.send(new PutItemCommand({ TableName, Item: item(row) }));
    },

    async swap(row) {
      const answer = await client.send(
        new PutItemCommand({ TableName, Item: item(row), ReturnValues: 'ALL_OLD' }),
      );
      return answer.Attributes === undefined ? undefined : rowOf(answer.Attributes);
    },

    async delete(key) {
      await client.send(new DeleteItemCommand({ TableName, Key: keyItem(key) }));
    },

    async add(key, amounts, expiresAtSeconds) {
      const names = Object.keys(amounts);
      const answer = await client.send(
        new UpdateItemCommand({
          TableName,
          Key: keyItem(key),
          UpdateExpression: `SET expiresAt = :expiresAt ADD ${names.map((_, at) => `#n${at} :n${at}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(names.map((name, at) => [`#n${at}`, name])),
          ExpressionAttributeValues: {
            ':expiresAt': { N: String(expiresAtSeconds) },
            ...Object.fromEntries(names.map((name, at) => [`:n${at}`, { N: String(amounts[name]) }])),
          },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return Object.fromEntries(names.map((name) => [name, Number(answer.Attributes?.[name]?.N)]));
    },

    async increment(key, count) {
      await client.send(
        new UpdateItemCommand({
          TableName,
          Key: keyItem(key),
          UpdateExpression: 'ADD #count :count',
          ExpressionAttributeNames: { '#count': 'count' },
          ExpressionAttributeValues: { ':count': { N: String(count) } },
        }),
      );
    },
  };
}
