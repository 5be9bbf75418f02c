import type { DynamodbEngine } from '../dynamodb/index.ts';
import type { Unsubscribe } from '../dynamodb/streams.ts';
import type { Engine, Host } from '../engine.ts';
import { describeStream } from './describe-stream.ts';
import { getRecords } from './get-records.ts';
import { getShardIterator } from './get-shard-iterator.ts';
import { listStreams } from './list-streams.ts';

export interface DynamodbStreamsEngine extends Engine {
  /** See `DynamodbEngines.onStreamRecords`. */
  onStreamRecords(streamArn: string, listener: () => void): Unsubscribe;
}

export function createDynamodbStreams(
  host: Host,
  { streams }: Pick<DynamodbEngine, 'streams'>,
): DynamodbStreamsEngine {
  const context = { host, streams };
  return {
    service: 'dynamodbstreams',
    operations: {
      DescribeStream: describeStream(context),
      GetRecords: getRecords(context),
      GetShardIterator: getShardIterator(context),
      ListStreams: listStreams(context),
    },
    onStreamRecords: (streamArn, listener) => streams.onRecords(streamArn, listener),
  };
}
