import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  type TransactWriteItem,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Remembered, standing, type Work, type WorkStore } from './work-store.ts';

export interface DynamoDbStoreOptions {
  /** A client with region, credentials and retries. */
  readonly client: DynamoDBClient;
  /** A table whose partition key is the string `id`, without a sort key. Enable TTL on `expiresAt` to expire old items. */
  readonly table: string;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly uuid?: () => string;
}

export interface DynamoDbStore extends WorkStore {
  /**
   * An item for the `TransactWriteItems` of a handler that writes to DynamoDB. It records the work as done in the same
   * transaction that does it. The transaction fails if another instance has begun the work meanwhile.
   */
  finishing(work: Work, keepSeconds: number): TransactWriteItem;
}

/** How often to retry when other instances change the item at the same time. */
const triesMax = 8;

/** Records work in a DynamoDB table, which all instances share. Conditional writes decide who does the work; TTL expires it. */
export function dynamoDbStore(options: DynamoDbStoreOptions): DynamoDbStore {
  const { client, table: TableName, now = Date.now, uuid = randomUUID } = options;
  const keyOf = (id: string) => ({ id: { S: id } });

  /** Resolves to undefined if the condition held, and otherwise to the current item. */
  async function unlessRefused(
    write: Promise<unknown>,
  ): Promise<{ row: Remembered | undefined } | undefined> {
    try {
      await write;
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { row: error.Item === undefined ? undefined : readRow(error.Item) };
    }
  }

  function update(work: Work, keepSeconds: number) {
    return {
      TableName,
      Key: keyOf(work.key),
      UpdateExpression: 'SET #version = :version, expiresAt = :expiresAt REMOVE leaseUntil',
      ConditionExpression: '#token = :token',
      ExpressionAttributeNames: { '#version': 'version', '#token': 'token' },
      ExpressionAttributeValues: {
        ':version': { N: String(work.version) },
        ':expiresAt': { N: String(Math.ceil(now() / 1000) + keepSeconds) },
        ':token': { S: work.token },
      },
    };
  }

  return {
    async begin(key, version, leaseSeconds) {
      const token = uuid();
      for (let tries = 0; tries < triesMax; tries++) {
        const nowMs = now();
        const leaseUntilMs = nowMs + leaseSeconds * 1000;
        const refused = await unlessRefused(
          client.send(
            new UpdateItemCommand({
              TableName,
              Key: keyOf(key),
              UpdateExpression: 'SET #token = :token, leaseUntil = :leaseUntil, expiresAt = :expiresAt',
              ConditionExpression:
                'attribute_not_exists(id) OR ((attribute_not_exists(leaseUntil) OR leaseUntil <= :now)' +
                ' AND expiresAt > :nowSeconds AND (attribute_not_exists(#version) OR #version < :version))',
              ExpressionAttributeNames: { '#version': 'version', '#token': 'token' },
              ExpressionAttributeValues: {
                ':token': { S: token },
                ':version': { N: String(version) },
                ':leaseUntil': { N: String(leaseUntilMs) },
                // The item must not expire during the work.
                ':expiresAt': { N: String(Math.ceil(leaseUntilMs / 1000) + unfinishedSeconds) },
                ':now': { N: String(nowMs) },
                ':nowSeconds': { N: String(Math.floor(nowMs / 1000)) },
              },
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            }),
          ),
        );
        if (refused === undefined) return { state: 'begun', work: { key, version, token } };
        const obstacle = standing(refused.row, version, nowMs);
        if (obstacle !== undefined) return obstacle;
        // The item has expired but TTL has not deleted it yet, or it has changed meanwhile. Try again.
        if (refused.row !== undefined) await forget(key, refused.row.token);
      }
      return { state: 'in-progress', retryAfterSeconds: 1 };
    },

    async finish(work, keepSeconds) {
      return (
        (await unlessRefused(client.send(new UpdateItemCommand(update(work, keepSeconds))))) === undefined
      );
    },

    async abandon({ key, token }) {
      // If the lease has expired, another instance may have begun the work; then the condition fails.
      await unlessRefused(
        client.send(
          new UpdateItemCommand({
            TableName,
            Key: keyOf(key),
            UpdateExpression: 'REMOVE leaseUntil',
            ConditionExpression: '#token = :token',
            ExpressionAttributeNames: { '#token': 'token' },
            ExpressionAttributeValues: { ':token': { S: token } },
          }),
        ),
      );
    },

    finishing: (work, keepSeconds) => ({ Update: update(work, keepSeconds) }),
  };

  async function forget(key: string, token: string): Promise<void> {
    await unlessRefused(
      client.send(
        new DeleteItemCommand({
          TableName,
          Key: keyOf(key),
          ConditionExpression: '#token = :token AND expiresAt <= :nowSeconds',
          ExpressionAttributeNames: { '#token': 'token' },
          ExpressionAttributeValues: {
            ':token': { S: token },
            ':nowSeconds': { N: String(Math.floor(now() / 1000)) },
          },
        }),
      ),
    );
  }
}

/** How long to keep the item of unfinished work. */
const unfinishedSeconds = 24 * 3600;

function readRow(item: Record<string, AttributeValue>): Remembered {
  const number = (value: AttributeValue | undefined) => Number(value?.N ?? 0);
  return {
    version: number(item.version),
    token: item.token?.S ?? '',
    leaseUntilMs: number(item.leaseUntil),
    expiresAtMs: number(item.expiresAt) * 1000,
  };
}
