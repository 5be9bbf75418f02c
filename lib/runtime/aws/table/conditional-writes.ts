import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Advanced, advance, type Bounds } from './advance.ts';
import type { TableContext } from './context.ts';
import { putAllIfFree } from './create-all.ts';
import { type Merge, mergeUpdate, settleUpdate } from './merge.ts';
import { type Changed, expression, type Fields, item, type Key, keyItem, type Row, rowOf } from './row.ts';
import { type Beside, writeTogether } from './together.ts';

/** Writes a row only if it is as the caller expects. */
export interface ConditionalWrites {
  /** Puts the row if there is none, or an expired one; otherwise returns the one that is there. */
  putIfFree(row: Row, nowMs: number): Promise<Row | undefined>;
  /** Puts all rows if none of them exists, otherwise none; returns whether it did. At most 100 rows and 4 MB. */
  createAll(rows: readonly Row[]): Promise<boolean>;
  /**
   * Replaces a row whose document is still `earlier`; undefined means that there is no row yet. Returns whether it did.
   */
  replace(row: Row, earlier: unknown): Promise<boolean>;
  /**
   * Sets `fields` of a row that has the fields `where`. One of `fields` must be a value that no other writer uses. A
   * row that has expired still counts.
   */
  change(key: Key, fields: Fields, where: Fields, expiresAtSeconds?: number): Promise<Changed>;
  /** The same, and puts a row beside it in the same transaction, unless that row is no longer as is expected. */
  changeBeside(
    key: Key,
    fields: Fields,
    where: Fields,
    expiresAtSeconds: number,
    beside: Beside,
  ): Promise<Changed>;
  /** Makes a change of a row, or its first write, that several writers can make in any order. */
  merge(merge: Merge): Promise<void>;
  /**
   * Sets fields of a row that has the fields `where`, removes others, and adds to numbers; returns whether it did.
   */
  settle(
    key: Key,
    set: Fields,
    remove: readonly string[],
    where: Fields,
    add?: Readonly<Record<string, number>>,
  ): Promise<boolean>;
  /** Deletes a row and puts another one in the same transaction, unless that one is no longer as is expected. */
  deleteBeside(key: Key, beside: Beside): Promise<void>;
  /** Deletes the row if it has these fields. */
  deleteWhere(key: Key, where: Fields): Promise<void>;
  /** Deletes the row if its document is still `earlier`; returns whether it did. */
  remove(key: Key, earlier: unknown): Promise<boolean>;
  /**
   * Advances the number of a row, from `atLeast` if it is lower, unless it is above `atMost`. It takes one write if
   * `bounds.isBehind` is right, otherwise two.
   */
  advance(key: Key, by: number, bounds: Bounds, expiresAtSeconds: number): Promise<Advanced>;
}

export function createConditionalWrites(context: TableContext): ConditionalWrites {
  const { client, TableName } = context;

  async function changeAlone(
    key: Key,
    fields: Fields,
    where: Fields,
    expiresAtSeconds?: number,
  ): Promise<Changed> {
    const set = expression('s', fields, ', ');
    const only = expression('w', where, ' AND ');
    try {
      const answer = await client.send(
        new UpdateItemCommand({
          TableName,
          Key: keyItem(key),
          UpdateExpression: `SET ${expiresAtSeconds === undefined ? '' : 'expiresAt = :expiresAt, '}${set.text}`,
          ConditionExpression: only.text,
          ExpressionAttributeNames: { ...set.names, ...only.names },
          ExpressionAttributeValues: {
            ...set.values,
            ...only.values,
            ...(expiresAtSeconds !== undefined && { ':expiresAt': { N: String(expiresAtSeconds) } }),
          },
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { done: true, row: answer.Attributes && rowOf(answer.Attributes) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const wanted = expression('s', fields, '').values;
      const names = Object.keys(fields);
      const written = Object.fromEntries(names.map((name, at) => [name, wanted[`:s${at}`]]));
      return { done: isRepeated(written, error.Item), row: error.Item && rowOf(error.Item) };
    }
  }

  return {
    async putIfFree(row, nowMs) {
      try {
        await client.send(
          new PutItemCommand({
            TableName,
            Item: item(row),
            ...onlyIfFree(nowMs),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return undefined;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException && error.Item !== undefined)
          return rowOf(error.Item);
        throw error;
      }
    },

    createAll: (rows) => putAllIfFree(client, TableName, rows),

    replace: (row, earlier) =>
      unlessRefused(
        client.send(
          new PutItemCommand({
            TableName,
            Item: item(row),
            ...(earlier === undefined ? onlyIfFree(context.clock.now()) : onlyIfStill(earlier)),
          }),
        ),
      ),

    change: changeAlone,

    async changeBeside(key, fields, where, expiresAtSeconds, beside) {
      const set = expression('s', fields, ', ');
      const only = expression('w', where, ' AND ');
      const update = {
        TableName,
        Key: keyItem(key),
        UpdateExpression: `SET expiresAt = :expiresAt, ${set.text}`,
        ConditionExpression: only.text,
        ExpressionAttributeNames: { ...set.names, ...only.names },
        ExpressionAttributeValues: {
          ...set.values,
          ...only.values,
          ':expiresAt': { N: String(expiresAtSeconds) },
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
      };
      const result = await writeTogether(client, TableName, { Update: update }, beside);
      if (result.kind === 'beside-refused') return await changeAlone(key, fields, where, expiresAtSeconds);
      if (result.kind === 'done') return { done: true, row: undefined };
      const names = Object.keys(fields);
      const written = Object.fromEntries(names.map((name, at) => [name, set.values[`:s${at}`]]));
      return { done: isRepeated(written, result.item), row: result.item && rowOf(result.item) };
    },

    async merge(merge) {
      await client.send(new UpdateItemCommand({ TableName, ...mergeUpdate(merge) }));
    },

    settle: (key, set, remove, where, add) =>
      unlessRefused(
        client.send(new UpdateItemCommand({ TableName, ...settleUpdate(key, set, remove, where, add) })),
      ),

    async deleteBeside(key, beside) {
      const result = await writeTogether(
        client,
        TableName,
        { Delete: { TableName, Key: keyItem(key) } },
        beside,
      );
      if (result.kind === 'beside-refused') {
        await client.send(new DeleteItemCommand({ TableName, Key: keyItem(key) }));
      }
    },

    async deleteWhere(key, where) {
      const only = expression('w', where, ' AND ');
      // A refusal means that another writer changed the row, which is then theirs.
      await unlessRefused(
        client.send(
          new DeleteItemCommand({
            TableName,
            Key: keyItem(key),
            ConditionExpression: only.text,
            ExpressionAttributeNames: only.names,
            ExpressionAttributeValues: only.values,
          }),
        ),
      );
    },

    remove: (key, earlier) =>
      unlessRefused(
        client.send(new DeleteItemCommand({ TableName, Key: keyItem(key), ...onlyIfStill(earlier) })),
      ),

    advance: (key, by, bounds, expiresAtSeconds) =>
      advance(client, TableName, key, by, bounds, expiresAtSeconds),
  };
}

/**
 * Whether a refused change has been made all the same. When the SDK repeats a call whose response was lost, the second
 * request finds what the first one wrote. This is conclusive only for values that no other writer uses, such as a turn.
 */
function isRepeated(
  wanted: Readonly<Record<string, AttributeValue | undefined>>,
  standing: Readonly<Record<string, AttributeValue>> | undefined,
): boolean {
  if (standing === undefined) return false;
  return Object.entries(wanted).every(
    ([name, value]) => JSON.stringify(standing[name]) === JSON.stringify(value),
  );
}

/** TTL may take days to delete an expired row (DynamoDB guide, "Using TTL"). */
const onlyIfFree = (nowMs: number) => ({
  ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :nowSeconds',
  ExpressionAttributeValues: { ':nowSeconds': { N: String(Math.floor(nowMs / 1000)) } },
});

/** The condition that a document is unchanged: it is stored as text, which parsing and writing preserves. */
const onlyIfStill = (earlier: unknown) => ({
  ConditionExpression: '#document = :earlier',
  ExpressionAttributeNames: { '#document': 'document' },
  ExpressionAttributeValues: { ':earlier': { S: JSON.stringify(earlier) } },
});

/** True when a write was done, false when its condition refused it. */
async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
