import type { Engine, Host, Operation } from '../engine.ts';
import { batchGetItem } from './batch-get-item.ts';
import { batchWriteItem } from './batch-write-item.ts';
import { createTable } from './create-table.ts';
import { Database } from './database.ts';
import { deleteTable } from './delete-table.ts';
import { describeContinuousBackups } from './describe-continuous-backups.ts';
import { describeTable } from './describe-table.ts';
import { describeTimeToLive } from './describe-time-to-live.ts';
import { getItem } from './get-item.ts';
import { listTables } from './list-tables.ts';
import { listTagsOfResource } from './list-tags-of-resource.ts';
import type { Context } from './permission.ts';
import { query } from './query.ts';
import { scan } from './scan.ts';
import type { Streams } from './streams.ts';
import { startSweep } from './sweep.ts';
import { tagResource } from './tag-resource.ts';
import { Tokens } from './tokens.ts';
import { transactGetItems } from './transact-get-items.ts';
import { transactWriteItems } from './transact-write-items.ts';
import { untagResource } from './untag-resource.ts';
import { updateContinuousBackups } from './update-continuous-backups.ts';
import { updateTable } from './update-table.ts';
import { updateTimeToLive } from './update-time-to-live.ts';
import { writeItem } from './write-item.ts';

export interface DynamodbEngine extends Engine {
  /** The streams of its tables, for the engine of DynamoDB Streams. */
  readonly streams: Streams;
}

export function createDynamodb(host: Host): DynamodbEngine {
  const database = new Database(host);
  const context: Context = { host, database };
  const sweep = startSweep(host, database);
  const operations: Readonly<Record<string, Operation>> = {
    BatchGetItem: batchGetItem(context),
    BatchWriteItem: batchWriteItem(context),
    CreateTable: createTable(context),
    DeleteItem: writeItem(context, 'Delete'),
    DeleteTable: deleteTable(context),
    DescribeContinuousBackups: describeContinuousBackups(context),
    DescribeTable: describeTable(context),
    DescribeTimeToLive: describeTimeToLive(context),
    GetItem: getItem(context),
    ListTables: listTables(context),
    ListTagsOfResource: listTagsOfResource(context),
    PutItem: writeItem(context, 'Put'),
    Query: query(context),
    Scan: scan(context),
    TagResource: tagResource(context),
    TransactGetItems: transactGetItems(context),
    TransactWriteItems: transactWriteItems(context, new Tokens(host)),
    UntagResource: untagResource(context),
    UpdateContinuousBackups: updateContinuousBackups(context),
    UpdateItem: writeItem(context, 'Update'),
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
