import type { Streams } from '../dynamodb/streams.ts';
import type { Engine, Host } from '../engine.ts';
import { describeStream } from './describe-stream.ts';
import { getRecords } from './get-records.ts';
import { getShardIterator } from './get-shard-iterator.ts';
import { listStreams } from './list-streams.ts';

/** The API to the streams of the DynamoDB engine. */
export function createDynamodbStreams(host: Host, streams: Streams): Engine {
  const context = { host, streams };
  return {
    service: 'dynamodbstreams',
    operations: {
      DescribeStream: describeStream(context),
      GetRecords: getRecords(context),
      GetShardIterator: getShardIterator(context),
      ListStreams: listStreams(context),
    },
  };
}
