import {
  type DynamoDBClient,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { item, type Row } from './row.ts';

/** Puts all rows if none of them exists, otherwise none; returns whether it did. */
export async function putAllIfFree(
  client: DynamoDBClient,
  TableName: string,
  rows: readonly Row[],
): Promise<boolean> {
  try {
    await client.send(
      new TransactWriteItemsCommand({
        TransactItems: rows.map((row) => ({
          Put: { TableName, Item: item(row), ConditionExpression: 'attribute_not_exists(pk)' },
        })),
      }),
    );
    return true;
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? error.CancellationReasons : undefined;
    if (reasons?.some(({ Code }) => Code === 'ConditionalCheckFailed')) return false;
    throw error;
  }
}
