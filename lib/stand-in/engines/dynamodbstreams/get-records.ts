import { validation } from '../dynamodb/errors.ts';
import { optionalInteger, requireString } from '../dynamodb/input.ts';
import type { StreamRecord } from '../dynamodb/stream-log.ts';
import { type Operation, rejectUnknownMembers } from '../engine.ts';
import {
  decodeIterator,
  encodeIterator,
  rejectExpired,
  requireStream,
  type StreamsContext,
  trimmed,
} from './shard.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html */
const recordsMax = 1000;
const answerMaxBytes = 1024 * 1024;

export function getRecords(context: StreamsContext): Operation {
  return {
    permissions: (input) => [
      {
        action: 'dynamodb:GetRecords',
        resource: decodeIterator(String(input.ShardIterator))?.streamArn ?? '*',
      },
    ],
    handle(input) {
      rejectUnknownMembers('GetRecords', input, ['ShardIterator', 'Limit']);
      const limit = optionalInteger(input, 'Limit', 1, recordsMax) ?? recordsMax;
      const iterator = decodeIterator(requireString(input, 'ShardIterator'));
      if (iterator === undefined) throw validation('Invalid ShardIterator');
      rejectExpired(context, iterator);
      const { streamArn } = iterator;
      const log = requireStream(context, streamArn);
      if (iterator.nextNumber < log.firstNumber()) throw trimmed();
      context.host.meter.count('dynamodb.stream-reads', 1);

      const records: StreamRecord[] = [];
      let sizeBytes = 0;
      for (const record of log.read(iterator.nextNumber)) {
        sizeBytes += sizeBytesOf(record);
        if (records.length === limit || (records.length > 0 && sizeBytes > answerMaxBytes)) break;
        records.push(record);
      }
      const nextNumber = iterator.nextNumber + records.length;
      const isAtEnd = log.definition.disabledMs !== undefined && nextNumber >= log.nextNumber;
      const issuedMs = context.host.clock.now();
      return {
        Records: records,
        // A closed shard that was read to its end has no next iterator.
        NextShardIterator: isAtEnd ? undefined : encodeIterator({ streamArn, nextNumber, issuedMs }),
      };
    },
  };
}

function sizeBytesOf(record: StreamRecord): number {
  const { SizeBytes } = record.dynamodb as { readonly SizeBytes: number };
  return SizeBytes;
}
