import {
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { BusbarError } from '../../../core/kernel/errors.ts';
import { untilFirst } from './conflicts.ts';
import type { TableContext } from './context.ts';
import { type Merge, mergeUpdate } from './merge.ts';
import { item, type Key, keyItem, type Row } from './row.ts';

/**
 * One write of a transaction. With a member `was` it is refused unless that is the document which stands there;
 * undefined means that none does.
 */
export type Write =
  | { readonly put: Row; readonly was?: unknown }
  | { readonly delete: Key; readonly was?: unknown }
  | { readonly merge: Merge };

export type Unconditional =
  | { readonly put: Row; readonly was?: never }
  | { readonly delete: Key; readonly was?: never }
  | { readonly merge: Merge };

/** Writes several rows, or none. */
export interface Transactions {
  /**
   * At most 100 rows and 4 MB; returns false, with nothing written, when one was refused or is being written.
   * @param token the same writes with the same token, of at most 36 characters, within ten minutes are made once.
   */
  transact(writes: readonly Write[], token?: string): Promise<boolean>;
  /**
   * Makes writes that have no condition, so that nothing refuses them but somebody who writes one of the rows at the same
   * moment: that is waited for.
   * @throws BusbarError conflict, with nothing written, when others do so again and again.
   */
  transactInAnyCase(writes: readonly Unconditional[]): Promise<void>;
}

const conflictRoundsMax = 6;

export function createTransactions({ client, TableName, clock, random }: TableContext): Transactions {
  const transact: Transactions['transact'] = (writes, token) =>
    send(
      client,
      writes.map((write) => itemOf(TableName, write, clock.now())),
      token,
    );
  return {
    transact,
    async transactInAnyCase(writes) {
      if (await untilFirst({ clock, random }, conflictRoundsMax, () => transact(writes))) return;
      throw new BusbarError(
        'conflict',
        'Other requests change the same at this moment, and nothing was changed by this one. Try again.',
        { retryAfterSeconds: 1 },
      );
    },
  };
}

function itemOf(TableName: string, write: Write, nowMs: number): TransactWriteItem {
  if ('merge' in write) return { Update: { TableName, ...mergeUpdate(write.merge) } };
  const condition = 'was' in write ? onlyIf(write.was, nowMs) : {};
  return 'delete' in write
    ? { Delete: { TableName, Key: keyItem(write.delete), ...condition } }
    : { Put: { TableName, Item: item(write.put), ...condition } };
}

/** Documents are kept as text, which parsing and writing preserves. An expired row counts as none. */
const onlyIf = (was: unknown, nowMs: number) =>
  was === undefined
    ? {
        ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :nowSeconds',
        ExpressionAttributeValues: { ':nowSeconds': { N: String(Math.floor(nowMs / 1000)) } },
      }
    : {
        ConditionExpression: '#document = :was',
        ExpressionAttributeNames: { '#document': 'document' },
        ExpressionAttributeValues: { ':was': { S: JSON.stringify(was) } },
      };

async function send(
  client: DynamoDBClient,
  TransactItems: TransactWriteItem[],
  ClientRequestToken: string | undefined,
): Promise<boolean> {
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
    return true;
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? error.CancellationReasons : undefined;
    const isTaken = reasons?.some(
      ({ Code }) => Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict',
    );
    if (isTaken) return false;
    throw error;
  }
}
