import { optionalInteger, optionalString, requireString } from '../dynamodb/input.ts';
import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { describeShard, requireStream, type StreamsContext, shardId } from './shard.ts';

export function describeStream(context: StreamsContext): Operation {
  return {
    permissions: (input) => [{ action: 'dynamodb:DescribeStream', resource: String(input.StreamArn) }],
    handle(input) {
      rejectUnknownMembers('DescribeStream', input, ['StreamArn', 'Limit', 'ExclusiveStartShardId']);
      optionalInteger(input, 'Limit', 1, 100);
      const log = requireStream(context, requireString(input, 'StreamArn'));
      const { definition } = log;
      const isPast = optionalString(input, 'ExclusiveStartShardId') === shardId(log);
      return {
        StreamDescription: {
          StreamArn: definition.streamArn,
          StreamLabel: definition.label,
          StreamStatus: definition.disabledMs === undefined ? 'ENABLED' : 'DISABLED',
          StreamViewType: definition.viewType,
          CreationRequestDateTime: definition.createdMs / 1000,
          TableName: definition.tableName,
          KeySchema: definition.keyNames.map((AttributeName, index) => ({
            AttributeName,
            KeyType: index === 0 ? 'HASH' : 'RANGE',
          })),
          Shards: isPast ? [] : [describeShard(log)],
        },
      };
    },
  };
}
