import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import { type Row, rowOf } from './row.ts';

/** What the operations of a table share. */
export interface TableContext {
  readonly client: DynamoDBClient;
  readonly TableName: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** The rows that have not expired: TTL may take days to delete one, and until then queries return it. */
export function liveRows(
  { clock }: TableContext,
  items: readonly (Record<string, AttributeValue> | undefined)[] = [],
): Row[] {
  const nowSeconds = Math.floor(clock.now() / 1000);
  return items
    .filter((attributes) => attributes !== undefined)
    .map(rowOf)
    .filter((row) => row.expiresAtSeconds === undefined || row.expiresAtSeconds > nowSeconds);
}
