import { validation } from '../dynamodb/errors.ts';
import { optionalChoice, optionalString, requireString } from '../dynamodb/input.ts';
import { recordNumber, type StreamLog } from '../dynamodb/stream-log.ts';
import { AwsError, type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import { encodeIterator, requireStream, type StreamsContext, shardId, trimmed } from './shard.ts';

export function getShardIterator(context: StreamsContext): Operation {
  return {
    permissions: (input) => [{ action: 'dynamodb:GetShardIterator', resource: String(input.StreamArn) }],
    handle(input) {
      rejectUnknownMembers('GetShardIterator', input, [
        'StreamArn',
        'ShardId',
        'ShardIteratorType',
        'SequenceNumber',
      ]);
      const streamArn = requireString(input, 'StreamArn');
      const shard = requireString(input, 'ShardId');
      const log = requireStream(context, streamArn);
      if (shard !== shardId(log)) {
        throw new AwsError(
          'ResourceNotFoundException',
          `Requested resource not found: Shard does not exist: ${shard}`,
        );
      }
      const nextNumber = startOf(log, input);
      return {
        ShardIterator: encodeIterator({ streamArn, nextNumber, issuedMs: context.host.clock.now() }),
      };
    },
  };
}

function startOf(log: StreamLog, input: Input): number {
  const type = optionalChoice(input, 'ShardIteratorType', [
    'TRIM_HORIZON',
    'LATEST',
    'AT_SEQUENCE_NUMBER',
    'AFTER_SEQUENCE_NUMBER',
  ]);
  const sequence = optionalString(input, 'SequenceNumber');
  switch (type) {
    case undefined:
      throw validation("The parameter 'ShardIteratorType' is required but was not present in the request");
    case 'TRIM_HORIZON':
      return log.firstNumber();
    case 'LATEST':
      return log.nextNumber;
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      if (sequence === undefined || !/^1\d{20}$/.test(sequence)) {
        throw validation(`Invalid SequenceNumber: ${sequence}`);
      }
      const number = recordNumber(sequence) + (type === 'AFTER_SEQUENCE_NUMBER' ? 1 : 0);
      if (number < log.firstNumber()) throw trimmed();
      if (number > log.nextNumber) throw validation(`Invalid SequenceNumber: ${sequence}`);
      return number;
    }
  }
}
