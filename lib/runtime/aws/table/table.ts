import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { aws } from '../../../core/kernel/limits.ts';
import { sleep } from '../../../core/kernel/sleep.ts';
import type { Config } from '../../config.ts';
import type { BaseRuntime } from '../../runtime.ts';
import { type Advanced, advance, type Bounds } from './advance.ts';
import { putAllIfFree } from './create-all.ts';
import {
  type Changed,
  canBeKey,
  expression,
  type Fields,
  item,
  type Key,
  keyItem,
  type Row,
  rowOf,
} from './row.ts';

export type { Changed, Fields, Key, Row } from './row.ts';

export interface Search {
  readonly pk: string;
  readonly skFrom: string;
  readonly skTo: string;
  readonly holding: string;
}
/** Where the next page of a search begins. */
export type SearchPosition = Readonly<Record<string, AttributeValue>>;

/** The bus table, as the stores use it. */
export interface Table {
  get(key: Key, options?: { consistent?: boolean }): Promise<Row | undefined>;
  getMany(keys: readonly Key[]): Promise<Row[]>;
  /** Every row of a partition whose sort key starts so, in order. */
  query(pk: string, skPrefix?: string): Promise<Row[]>;
  /** Up to `limit` rows of a partition behind the sort key `after`, in order; one call, of at most 1 MB. */
  page(pk: string, after: string, limit: number): Promise<{ rows: Row[]; last: string | undefined }>;
  /** The rows of a partition, between two sort keys, whose documents hold a text; a page of them at a time. */
  search(search: Search, after?: SearchPosition): Promise<{ rows: Row[]; next: SearchPosition | undefined }>;
  put(row: Row): Promise<void>;
  /** Puts the row if there is none or an expired one; else answers the one that is there. */
  putIfFree(row: Row, nowMs: number): Promise<Row | undefined>;
  /** Puts all rows or none, if none of them is there; answers whether it did. At most 100 rows of 4 MB. */
  createAll(rows: readonly Row[]): Promise<boolean>;
  /** Puts the row in the place of one that still says the same as `earlier`, or of none where that is undefined; answers whether it did. */
  replace(row: Row, earlier: unknown): Promise<boolean>;
  /** Puts the row whatever stood there; answers what that was. */
  swap(row: Row): Promise<Row | undefined>;
  /** Sets fields of a row that has these others; one of them is never written by anybody else. A row that has expired counts, so that its state is never forgotten early. */
  change(key: Key, fields: Fields, where: Fields, expiresAtSeconds?: number): Promise<Changed>;
  /** Deletes a row that has these fields; one that has others stays. */
  deleteWhere(key: Key, where: Fields): Promise<void>;
  /** Deletes the row if it still says the same as `earlier`; answers whether it did. */
  remove(key: Key, earlier: unknown): Promise<boolean>;
  /** Adds to the numbers of a row, which begin at 0; answers what they are then. */
  add(
    key: Key,
    amounts: Readonly<Record<string, number>>,
    expiresAtSeconds: number,
  ): Promise<Record<string, number>>;
  /**
   * Advances a number of a row that never falls behind `atLeast`. Answers what it is then; or, where it is above
   * `atMost` already, that it was left so. One write where the guess is right whether it has fallen behind, else two.
   */
  advance(key: Key, by: number, bounds: Bounds, expiresAtSeconds: number): Promise<Advanced>;
  putMany(rows: readonly Row[]): Promise<void>;
  delete(key: Key): Promise<void>;
  deleteMany(keys: readonly Key[]): Promise<void>;
  /** Counts, in a row that holds nothing else. */
  increment(key: Key, count: number): Promise<void>;
  counter(key: Key): Promise<number>;
}

export function createTable(runtime: BaseRuntime, config: Pick<Config, 'table'>): Table {
  const client = new DynamoDBClient(runtime.aws);
  const TableName = config.table;

  async function writeMany(requests: readonly WriteRequest[]): Promise<void> {
    for (let start = 0; start < requests.length; start += aws.dynamodb.batchWriteItemsMax) {
      let rest: WriteRequest[] = requests.slice(start, start + aws.dynamodb.batchWriteItemsMax);
      for (let round = 0; rest.length > 0; round++) {
        if (round > 0) await backOff(runtime, round);
        const answer = await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: rest } }));
        rest = answer.UnprocessedItems?.[TableName] ?? [];
      }
    }
  }

  return {
    async get(key, options = {}) {
      if (!canBeKey(key)) return undefined;
      const answer = await client.send(
        new GetItemCommand({ TableName, Key: keyItem(key), ConsistentRead: options.consistent ?? false }),
      );
      return liveRows(runtime, [answer.Item])[0];
    },

    async getMany(all) {
      const keys = all.filter(canBeKey);
      const rows: Row[] = [];
      for (let start = 0; start < keys.length; start += aws.dynamodb.batchGetKeysMax) {
        let rest = keys.slice(start, start + aws.dynamodb.batchGetKeysMax).map(keyItem);
        for (let round = 0; rest.length > 0; round++) {
          if (round > 0) await backOff(runtime, round);
          const answer = await client.send(
            new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: rest, ConsistentRead: true } } }),
          );
          rows.push(...liveRows(runtime, answer.Responses?.[TableName]));
          rest = answer.UnprocessedKeys?.[TableName]?.Keys ?? [];
        }
      }
      return rows;
    },

    async query(pk, skPrefix = '') {
      const rows: Row[] = [];
      let start: Record<string, AttributeValue> | undefined;
      do {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: skPrefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :sk)',
            ExpressionAttributeValues: {
              ':pk': { S: pk },
              ...(skPrefix !== '' && { ':sk': { S: skPrefix } }),
            },
            ConsistentRead: true,
            ...(start !== undefined && { ExclusiveStartKey: start }),
          }),
        );
        rows.push(...liveRows(runtime, answer.Items));
        start = answer.LastEvaluatedKey;
      } while (start !== undefined);
      return rows;
    },

    async page(pk, after, limit) {
      const answer = await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: after === '' ? 'pk = :pk' : 'pk = :pk AND sk > :after',
          ExpressionAttributeValues: { ':pk': { S: pk }, ...(after !== '' && { ':after': { S: after } }) },
          ConsistentRead: true,
          Limit: limit,
        }),
      );
      return { rows: liveRows(runtime, answer.Items), last: answer.LastEvaluatedKey?.sk?.S };
    },

    async search({ pk, skFrom, skTo, holding }, after) {
      const answer = await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          FilterExpression: 'contains(#document, :holding)',
          ExpressionAttributeNames: { '#document': 'document' },
          ExpressionAttributeValues: {
            ':pk': { S: pk },
            ':from': { S: skFrom },
            ':to': { S: skTo },
            ':holding': { S: holding },
          },
          ScanIndexForward: false,
          ...(after !== undefined && { ExclusiveStartKey: after }),
        }),
      );
      return { rows: liveRows(runtime, answer.Items), next: answer.LastEvaluatedKey };
    },

    async put(row) {
      await client.send(new PutItemCommand({ TableName, Item: item(row) }));
    },

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
            ...(earlier === undefined ? onlyIfFree(runtime.clock.now()) : onlyIfStill(earlier)),
          }),
        ),
      ),

    async swap(row) {
      const answer = await client.send(
        new PutItemCommand({ TableName, Item: item(row), ReturnValues: 'ALL_OLD' }),
      );
      return answer.Attributes === undefined ? undefined : rowOf(answer.Attributes);
    },

    async change(key, fields, where, expiresAtSeconds) {
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
    },

    async deleteWhere(key, where) {
      const only = expression('w', where, ' AND ');
      // Where it is refused somebody changed it meanwhile: it is theirs.
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

    advance: (key, by, bounds, expiresAtSeconds) =>
      advance(client, TableName, key, by, bounds, expiresAtSeconds),

    putMany: (rows) => writeMany(rows.map((row) => ({ PutRequest: { Item: item(row) } }))),

    async delete(key) {
      await client.send(new DeleteItemCommand({ TableName, Key: keyItem(key) }));
    },

    deleteMany: (keys) => writeMany(keys.map((key) => ({ DeleteRequest: { Key: keyItem(key) } }))),

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

    async counter(key) {
      const answer = await client.send(
        new GetItemCommand({ TableName, Key: keyItem(key), ConsistentRead: true }),
      );
      return Number(answer.Item?.count?.N ?? 0);
    },
  };
}

/**
 * Whether a change that was refused is there all the same. The SDK makes a call again whose answer was lost: then the first
 * one did it, and the second one meets what it wrote. That tells only fields that nobody else writes, such as a turn.
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

/** TTL deletes within days, so that an expired row may still be there (DynamoDB guide, "Using TTL"). */
const onlyIfFree = (nowMs: number) => ({
  ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :nowSeconds',
  ExpressionAttributeValues: { ':nowSeconds': { N: String(Math.floor(nowMs / 1000)) } },
});

/** The condition that a row still says the same. A document is kept as text, and reading and writing it again gives the same text. */
const onlyIfStill = (earlier: unknown) => ({
  ConditionExpression: '#document = :earlier',
  ExpressionAttributeNames: { '#document': 'document' },
  ExpressionAttributeValues: { ':earlier': { S: JSON.stringify(earlier) } },
});

/** Whether a write was done, or its condition refused it. */
async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** What a batch left over was throttled: wait longer each round, up to a second. The function's timeout ends it. */
function backOff(runtime: BaseRuntime, round: number): Promise<void> {
  const waitMs = Math.min(1000, 25 * 2 ** round) * (0.5 + runtime.random.next() / 2);
  return sleep(runtime.clock, waitMs);
}

/** Without those that have expired: TTL deletes within days, and until then they are still found. */
function liveRows(
  runtime: BaseRuntime,
  items: readonly (Record<string, AttributeValue> | undefined)[] = [],
): Row[] {
  const nowSeconds = Math.floor(runtime.clock.now() / 1000);
  return items
    .filter((attributes) => attributes !== undefined)
    .map(rowOf)
    .filter((row) => row.expiresAtSeconds === undefined || row.expiresAtSeconds > nowSeconds);
}
