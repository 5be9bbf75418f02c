import { optionalInteger, optionalString, tableNameOf } from '../dynamodb/input.ts';
import { type Operation, rejectUnknownMembers } from '../engine.ts';
import type { StreamsContext } from './shard.ts';

export function listStreams({ host, streams }: StreamsContext): Operation {
  return {
    permissions: () => [{ action: 'dynamodb:ListStreams', resource: '*' }],
    handle(input) {
      rejectUnknownMembers('ListStreams', input, ['TableName', 'Limit', 'ExclusiveStartStreamArn']);
      const given = optionalString(input, 'TableName');
      const tableName = given === undefined ? undefined : tableNameOf(host, given);
      const limit = optionalInteger(input, 'Limit', 1, 100) ?? 100;
      const after = optionalString(input, 'ExclusiveStartStreamArn') ?? '';
      const rest = [...streams.all()]
        .map((log) => log.definition)
        .filter((definition) => tableName === undefined || definition.tableName === tableName)
        .filter((definition) => definition.streamArn > after)
        .sort((left, right) => (left.streamArn < right.streamArn ? -1 : 1));
      const page = rest.slice(0, limit);
      return {
        Streams: page.map((definition) => ({
          StreamArn: definition.streamArn,
          TableName: definition.tableName,
          StreamLabel: definition.label,
        })),
        LastEvaluatedStreamArn: rest.length > page.length ? page.at(-1)?.streamArn : undefined,
      };
    },
  };
}
