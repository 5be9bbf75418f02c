import {
  type AttributeValue,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { aws } from '../../core/kernel/limits.ts';
import { type OutboxRow, outboxAttributes, outboxTableName } from '../../core/relay/outbox.ts';
import type { Config } from '../config.ts';

type OutboxKey = Pick<OutboxRow, 'pk' | 'sk'>;

/** A row as the sweep sees it. */
export interface WaitingRow extends OutboxKey {
  readonly atMs: number | undefined;
  /** When the sweep last had the stream bring it. */
  readonly wokenAtMs: number | undefined;
}

/** The outbox: rows of any shape, for producers write them. */
export interface OutboxStore {
  /** The first rows of a partition, in their order, and whether there are more. */
  first(pk: string, limit: number): Promise<{ rows: OutboxRow[]; hasMore: boolean }>;
  /** Deletes rows; throws when some are left. */
  delete(keys: readonly OutboxKey[]): Promise<void>;
  put(row: OutboxRow): Promise<void>;
  /** Everything there is, without its events; a page at a time. */
  all(): AsyncIterable<WaitingRow[]>;
  /** Changes the row, so that the stream brings it once more; nothing when it is gone. */
  wake(key: OutboxKey, nowMs: number): Promise<void>;
}

const { topic, receiver, event, at } = outboxAttributes;
const keyItem = ({ pk, sk }: OutboxKey) => ({ pk: { S: pk }, sk: { S: sk } });

export function createOutboxStore(client: DynamoDBClient, { prefix }: Pick<Config, 'prefix'>): OutboxStore {
  const TableName = outboxTableName(prefix);
  return {
    async first(pk, limit) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: pk } },
          ConsistentRead: true,
          Limit: limit,
        }),
      );
      return { rows: Items.map(rowOf), hasMore: LastEvaluatedKey !== undefined };
    },

    async delete(keys) {
      for (let start = 0; start < keys.length; start += aws.dynamodb.batchWriteItemsMax) {
        let rest: WriteRequest[] = keys
          .slice(start, start + aws.dynamodb.batchWriteItemsMax)
          .map((key) => ({ DeleteRequest: { Key: keyItem(key) } }));
        for (let round = 0; rest.length > 0; round++) {
          // What is throttled for so long is deleted by whoever relays the row next.
          if (round === 5) throw new Error(`${rest.length} rows of the outbox could not be deleted.`);
          const answer = await client.send(
            new BatchWriteItemCommand({ RequestItems: { [TableName]: rest } }),
          );
          rest = answer.UnprocessedItems?.[TableName] ?? [];
        }
      }
    },

    async put(row) {
      const Item: Record<string, AttributeValue> = {
        ...keyItem(row),
        ...(row.topic !== undefined && { [topic]: { S: row.topic } }),
        ...(row.receiver !== undefined && { [receiver]: { S: row.receiver } }),
        ...(row.event !== undefined && { [event]: { S: row.event } }),
        ...(row.atMs !== undefined && { [at]: { N: String(row.atMs) } }),
      };
      await client.send(new PutItemCommand({ TableName, Item }));
    },

    async *all() {
      let start: Record<string, AttributeValue> | undefined;
      do {
        const answer = await client.send(
          new ScanCommand({
            TableName,
            ProjectionExpression: 'pk, sk, #at, wokenAt',
            ExpressionAttributeNames: { '#at': at },
            ...(start !== undefined && { ExclusiveStartKey: start }),
          }),
        );
        yield (answer.Items ?? []).map((item) => ({
          pk: item.pk?.S ?? '',
          sk: item.sk?.S ?? '',
          atMs: numberOf(item[at]),
          wokenAtMs: numberOf(item.wokenAt),
        }));
        start = answer.LastEvaluatedKey;
      } while (start !== undefined);
    },

    async wake(key, nowMs) {
      try {
        await client.send(
          new UpdateItemCommand({
            TableName,
            Key: keyItem(key),
            UpdateExpression: 'SET wokenAt = :now',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':now': { N: String(nowMs) } },
          }),
        );
      } catch (error) {
        // It was published meanwhile.
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },
  };
}

const numberOf = (value: AttributeValue | undefined) =>
  value?.N === undefined ? undefined : Number(value.N);

function rowOf(item: Record<string, AttributeValue>): OutboxRow {
  return {
    pk: item.pk?.S ?? '',
    sk: item.sk?.S ?? '',
    topic: item[topic]?.S,
    receiver: item[receiver]?.S,
    event: item[event]?.S,
    atMs: numberOf(item[at]),
  };
}
