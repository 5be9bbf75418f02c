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
  /** The caller's own client, with its region, credentials and retries. */
  readonly client: DynamoDBClient;
  /** A table whose partition key is the string `id`, without a sort key. Set TTL on `expiresAt` to have it emptied. */
  readonly table: string;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly uuid?: () => string;
}

export interface DynamoDbStore extends WorkStore {
  /**
   * For a handler that writes to DynamoDB: an entry for its own `TransactWriteItems`, which says that the work is
   * done in the very transaction that does it. The transaction fails when somebody else began the work meanwhile.
   */
  finishing(work: Work, keepSeconds: number): TransactWriteItem;
}

/** So often a row is read anew that others change at the same time. */
const triesMax = 8;

/** Remembers in a table of DynamoDB: shared by all instances, decided by conditional writes, forgotten by TTL. */
export function dynamoDbStore(options: DynamoDbStoreOptions): DynamoDbStore {
  const { client, table: TableName, now = Date.now, uuid = randomUUID } = options;
  const keyOf = (id: string) => ({ id: { S: id } });

  /** Resolves to undefined when the condition held, and else to what the row says. */
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
                // It must not be forgotten while it is worked on; what TTL deletes, it deletes within days.
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
        // It has expired and was not deleted yet, or has changed meanwhile: begin anew.
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
      // Somebody else may have begun it after the lease ran out: it is theirs then.
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

/** How long a row is kept of work that nobody finished. */
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
