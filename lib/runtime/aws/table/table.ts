import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import { type Batches, createBatches } from './batches.ts';
import { type ConditionalWrites, createConditionalWrites } from './conditional-writes.ts';
import { createReads, type Reads } from './reads.ts';
import { createTransactions, type Transactions } from './transact.ts';
import { createWrites, type Writes } from './writes.ts';

export type { Search, SearchPosition } from './reads.ts';
export type { Key, Row } from './row.ts';

/** A table of the bus, as the stores use it: rows of a partition key, a sort key and a document. */
export type Table = Reads & Writes & ConditionalWrites & Transactions & Batches;

/** The table of this name. */
export function createTable(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  client: DynamoDBClient,
  TableName: string,
): Table {
  const context = { client, TableName, clock, random };
  return {
    ...createReads(context),
    ...createWrites(context),
    ...createConditionalWrites(context),
    ...createTransactions(context),
    ...createBatches(context),
  };
}
