import { BatchGetItemCommand, BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { aws } from '../../../core/kernel/limits.ts';
import { sleep } from '../../../core/kernel/sleep.ts';
import { liveRows, type TableContext } from './context.ts';
import { canBeKey, item, type Key, keyItem, type Row } from './row.ts';

/** Reads and writes many rows in as few calls as DynamoDB allows; of rows with the same key the last one. */
export interface Batches {
  getMany(keys: readonly Key[]): Promise<Row[]>;
  putMany(rows: readonly Row[]): Promise<void>;
  deleteMany(keys: readonly Key[]): Promise<void>;
}

export function createBatches(context: TableContext): Batches {
  const { client, TableName } = context;

  async function writeMany(requests: readonly WriteRequest[]): Promise<void> {
    for (let start = 0; start < requests.length; start += aws.dynamodb.batchWriteItemsMax) {
      let rest: WriteRequest[] = requests.slice(start, start + aws.dynamodb.batchWriteItemsMax);
      for (let round = 0; rest.length > 0; round++) {
        if (round > 0) await backOff(context, round);
        const answer = await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: rest } }));
        rest = answer.UnprocessedItems?.[TableName] ?? [];
      }
    }
  }

  return {
    async getMany(all) {
      const keys = onceEach(all.filter(canBeKey));
      const rows: Row[] = [];
      for (let start = 0; start < keys.length; start += aws.dynamodb.batchGetKeysMax) {
        let rest = keys.slice(start, start + aws.dynamodb.batchGetKeysMax).map(keyItem);
        for (let round = 0; rest.length > 0; round++) {
          if (round > 0) await backOff(context, round);
          const answer = await client.send(
            new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: rest, ConsistentRead: true } } }),
          );
          rows.push(...liveRows(context, answer.Responses?.[TableName]));
          rest = answer.UnprocessedKeys?.[TableName]?.Keys ?? [];
        }
      }
      return rows;
    },

    putMany: (rows) => writeMany(onceEach(rows).map((row) => ({ PutRequest: { Item: item(row) } }))),

    deleteMany: (keys) => writeMany(onceEach(keys).map((key) => ({ DeleteRequest: { Key: keyItem(key) } }))),
  };
}

/** AWS refuses a batch that names a key twice: of several, the last one counts, as when they come one after the other. */
const onceEach = <One extends Key>(all: readonly One[]): One[] => [
  ...new Map(all.map((one) => [JSON.stringify([one.pk, one.sk]), one])).values(),
];

/** DynamoDB throttled what a batch left over: wait longer each round, up to a second. The function's timeout ends it. */
function backOff({ clock, random }: TableContext, round: number): Promise<void> {
  const waitMs = Math.min(1000, 25 * 2 ** round) * (0.5 + random.next() / 2);
  return sleep(clock, waitMs);
}
