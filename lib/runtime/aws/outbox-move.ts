import {
  type AttributeValue,
  DynamoDBClient,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { outboxAttributes } from '../../core/relay/outbox.ts';
import type { BaseRuntime } from '../runtime.ts';

/** An item as DynamoDB has it. */
export type Item = Record<string, AttributeValue>;

/** An outbox entry that is an item of a producer's own table. */
export interface OwnEntry {
  readonly keys: Item;
  readonly attributes: Item;
  readonly key: string | undefined;
  readonly atMs: number | undefined;
  /** The same for the same item. */
  readonly identity: string;
}

/** Puts the entry into the outbox and deletes it from its own table, both or neither; nothing when it is gone already. */
export type OutboxMove = (entry: OwnEntry, to: { readonly pk: string; readonly sk: string }) => Promise<void>;

const names: readonly string[] = Object.values(outboxAttributes);

/** @param keys of the item in its table. */
export function ownEntry(keys: Item, item: Item): OwnEntry {
  const at = item[outboxAttributes.at]?.N;
  return {
    keys,
    attributes: Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name))),
    key: item[outboxAttributes.key]?.S,
    atMs: at === undefined ? undefined : Number(at),
    identity: JSON.stringify(Object.entries(keys).sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

export function createOutboxMove(
  runtime: BaseRuntime,
  tables: { readonly own: string; readonly outbox: string },
): OutboxMove {
  const client = new DynamoDBClient(runtime.aws);
  return async ({ keys, attributes }, { pk, sk }) => {
    try {
      await client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              Delete: {
                TableName: tables.own,
                Key: keys,
                ConditionExpression: 'attribute_exists(#event)',
                ExpressionAttributeNames: { '#event': outboxAttributes.event },
              },
            },
            { Put: { TableName: tables.outbox, Item: { ...attributes, pk: { S: pk }, sk: { S: sk } } } },
          ],
        }),
      );
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? error.CancellationReasons : undefined;
      // It was moved before: its record came once more.
      if (reasons?.[0]?.Code !== 'ConditionalCheckFailed') throw error;
    }
  };
}

/** Looks through a producer's own table for entries; a page at a time. */
export async function* findEntries(
  runtime: BaseRuntime,
  table: { readonly name: string; readonly keyNames: readonly string[] },
): AsyncIterable<OwnEntry[]> {
  const client = new DynamoDBClient(runtime.aws);
  let start: Item | undefined;
  do {
    const answer = await client.send(
      new ScanCommand({
        TableName: table.name,
        FilterExpression: 'attribute_exists(#event)',
        ExpressionAttributeNames: { '#event': outboxAttributes.event },
        ...(start !== undefined && { ExclusiveStartKey: start }),
      }),
    );
    yield (answer.Items ?? []).map((item) =>
      ownEntry(
        Object.fromEntries(Object.entries(item).filter(([name]) => table.keyNames.includes(name))),
        item,
      ),
    );
    start = answer.LastEvaluatedKey;
  } while (start !== undefined);
}
