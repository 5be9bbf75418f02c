import {
  type AttributeValue,
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { item, type Row } from './row.ts';

/** A row that is put together with another write if its document is still one of `earlier`. */
export interface Beside {
  readonly row: Row;
  readonly earlier: readonly unknown[];
}

/** What a transaction came to: both writes, or which of the two was refused; with what stands in place of the first. */
export type Together =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly item: Record<string, AttributeValue> | undefined }
  | { readonly kind: 'beside-refused' };

/** Makes a write, which says `ReturnValuesOnConditionCheckFailure: ALL_OLD`, and puts a row beside it: both or none. */
export async function writeTogether(
  client: DynamoDBClient,
  TableName: string,
  write: TransactWriteItem,
  { row, earlier }: Beside,
): Promise<Together> {
  const values = earlier.map((document, at) => [`:e${at}`, { S: JSON.stringify(document) }] as const);
  try {
    await client.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          write,
          {
            Put: {
              TableName,
              Item: item(row),
              ConditionExpression: `#document IN (${values.map(([name]) => name).join(', ')})`,
              ExpressionAttributeNames: { '#document': 'document' },
              ExpressionAttributeValues: Object.fromEntries(values),
            },
          },
        ],
      }),
    );
    return { kind: 'done' };
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? error.CancellationReasons : undefined;
    const [first, second] = reasons ?? [];
    if (first?.Code === 'ConditionalCheckFailed') return { kind: 'refused', item: first.Item };
    if (second?.Code === 'ConditionalCheckFailed') return { kind: 'beside-refused' };
    throw error;
  }
}
