import { createDynamodbStreams, type DynamodbStreamsEngine } from '../dynamodbstreams/index.ts';
import type { Engine, Host, Operation } from '../engine.ts';
import { batchGetItem } from './batch-get-item.ts';
import { batchWriteItem } from './batch-write-item.ts';
import { createTable } from './create-table.ts';
import { Database } from './database.ts';
import { deleteItem } from './delete-item.ts';
import { deleteTable } from './delete-table.ts';
import { describeContinuousBackups } from './describe-continuous-backups.ts';
import { describeTable } from './describe-table.ts';
import { describeTimeToLive } from './describe-time-to-live.ts';
import { getItem } from './get-item.ts';
import { listTables } from './list-tables.ts';
import { listTagsOfResource } from './list-tags-of-resource.ts';
import type { Context } from './permission.ts';
import { putItem } from './put-item.ts';
import { query } from './query.ts';
import { scan } from './scan.ts';
import type { Streams, Unsubscribe } from './streams.ts';
import { startSweep } from './sweep.ts';
import { tagResource } from './tag-resource.ts';
import { Tokens } from './tokens.ts';
import { transactGetItems } from './transact-get-items.ts';
import { transactWriteItems } from './transact-write-items.ts';
import { untagResource } from './untag-resource.ts';
import { updateContinuousBackups } from './update-continuous-backups.ts';
import { updateItem } from './update-item.ts';
import { updateTable } from './update-table.ts';
import { updateTimeToLive } from './update-time-to-live.ts';

export interface DynamodbOptions {
  /** How often expired items are deleted, and so the longest that one outlives its time. */
  readonly sweepEverySeconds?: number;
}

export interface DynamodbEngine extends Engine {
  /** The streams of its tables, for the engine of DynamoDB Streams. */
  readonly streams: Streams;
}

export function createDynamodb(host: Host, options: DynamodbOptions = {}): DynamodbEngine {
  const database = new Database(host);
  const context: Context = { host, database };
  const sweep = startSweep(host, database, options.sweepEverySeconds ?? 60 * 60);
  const operations: Readonly<Record<string, Operation>> = {
    BatchGetItem: batchGetItem(context),
    BatchWriteItem: batchWriteItem(context),
    CreateTable: createTable(context),
    DeleteItem: deleteItem(context),
    DeleteTable: deleteTable(context),
    DescribeContinuousBackups: describeContinuousBackups(context),
    DescribeTable: describeTable(context),
    DescribeTimeToLive: describeTimeToLive(context),
    GetItem: getItem(context),
    ListTables: listTables(context),
    ListTagsOfResource: listTagsOfResource(context),
    PutItem: putItem(context),
    Query: query(context),
    Scan: scan(context),
    TagResource: tagResource(context),
    TransactGetItems: transactGetItems(context),
    TransactWriteItems: transactWriteItems(context, new Tokens(host)),
    UntagResource: untagResource(context),
    UpdateContinuousBackups: updateContinuousBackups(context),
    UpdateItem: updateItem(context),
    UpdateTable: updateTable(context),
    UpdateTimeToLive: updateTimeToLive(context),
  };
  return {
    service: 'dynamodb',
    operations,
    streams: database.streams,
    async close() {
      sweep.stop();
    },
  };
}

/** The builders of both engines, to be run in this order, and the hook for those who wait for stream records. */
export interface DynamodbEngines {
  readonly builders: readonly [(host: Host) => DynamodbEngine, (host: Host) => DynamodbStreamsEngine];
  /**
   * Calls `listener` after records were added to a stream and committed (or the stream was disabled), once for all of a
   * turn. It stands for the service's own pollers, which find records in less than a second: who listens reads by
   * GetRecords as before, and need not ask again and again. Records from before the call are not announced.
   */
  onStreamRecords(streamArn: string, listener: () => void): Unsubscribe;
}

export function dynamodbEngines(options: DynamodbOptions = {}): DynamodbEngines {
  let dynamodb: DynamodbEngine | undefined;
  const built = (): DynamodbEngine => {
    if (dynamodb === undefined)
      throw new Error('The DynamoDB engine is built before what needs its streams.');
    return dynamodb;
  };
  return {
    builders: [
      (host) => {
        dynamodb = createDynamodb(host, options);
        return dynamodb;
      },
      (host) => createDynamodbStreams(host, built()),
    ],
    onStreamRecords: (streamArn, listener) => built().streams.onRecords(streamArn, listener),
  };
}
