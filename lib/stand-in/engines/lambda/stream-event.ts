import type { Host } from '../engine.ts';
import { parsePattern } from './filter.ts';
import type { StoredMapping } from './mapping-model.ts';

/** A record as GetRecords returns it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    /** Seconds since the epoch. */
    readonly ApproximateCreationDateTime: number;
  };
}

/** The event of a batch: each record with the ARN of its stream (`DynamoDBStreamEvent` of @types/aws-lambda). */
export function eventOf(records: readonly StreamRecord[], streamArn: string): string {
  return JSON.stringify({ Records: records.map((record) => withArn(record, streamArn)) });
}

const withArn = (record: StreamRecord, streamArn: string) => ({ ...record, eventSourceARN: streamArn });

export function streamFilter(mapping: StoredMapping): (record: StreamRecord) => boolean {
  const patterns = mapping.filters.map(parsePattern);
  if (patterns.length === 0) return () => true;
  return (record) => patterns.some((matches) => matches(withArn(record, mapping.eventSourceArn)));
}

export const sequenceNumberOf = (record: StreamRecord) => record.dynamodb.SequenceNumber;
export const createdMs = (record: StreamRecord) => record.dynamodb.ApproximateCreationDateTime * 1000;

/**
 * What the on-failure destination gets for a discarded batch
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html): where the records are, not the
 * records themselves.
 */
export function discardRecord(
  host: Host,
  mapping: StoredMapping,
  functionArn: string,
  shardId: string,
  records: readonly [StreamRecord, ...StreamRecord[]],
  invocation: {
    readonly requestId: string;
    readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
    readonly count: number;
    readonly functionError: string | undefined;
  },
): string {
  const [first] = records;
  const last = records.at(-1) ?? first;
  return JSON.stringify({
    requestContext: {
      requestId: invocation.requestId,
      functionArn,
      condition: invocation.condition,
      approximateInvokeCount: invocation.count,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      functionError: invocation.functionError ?? null,
    },
    version: '1.0',
    timestamp: new Date(host.clock.now()).toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: sequenceNumberOf(first),
      endSequenceNumber: sequenceNumberOf(last),
      approximateArrivalOfFirstRecord: new Date(createdMs(first)).toISOString(),
      approximateArrivalOfLastRecord: new Date(createdMs(last)).toISOString(),
      batchSize: records.length,
      streamArn: mapping.eventSourceArn,
    },
  });
}
