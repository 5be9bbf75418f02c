import { type StreamLog, sequenceNumber } from '../dynamodb/stream-log.ts';
import type { Streams } from '../dynamodb/streams.ts';
import { AwsError, type EpochMs, type Host } from '../engine.ts';

export interface StreamsContext {
  readonly host: Host;
  readonly streams: Streams;
}

export function requireStream({ streams }: StreamsContext, streamArn: string): StreamLog {
  const log = streams.get(streamArn);
  if (log !== undefined) return log;
  throw new AwsError(
    'ResourceNotFoundException',
    `Requested resource not found: Stream: ${streamArn} not found`,
  );
}

/** The one shard of a stream. Its name contains its creation time, as on AWS. */
export function shardId(log: StreamLog): string {
  return `shardId-${String(log.definition.createdMs).padStart(20, '0')}-00000001`;
}

export function describeShard(log: StreamLog) {
  const isClosed = log.definition.disabledMs !== undefined;
  return {
    ShardId: shardId(log),
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceNumber(1),
      EndingSequenceNumber: isClosed ? sequenceNumber(Math.max(1, log.nextNumber - 1)) : undefined,
    },
  };
}

export function trimmed(): AwsError {
  return new AwsError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard.',
  );
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html */
const iteratorValidityMs = 15 * 60 * 1000;

/** A position in a shard: the number of the next record to read. */
export interface Iterator {
  readonly streamArn: string;
  readonly nextNumber: number;
  readonly issuedMs: EpochMs;
}

export function encodeIterator({ streamArn, nextNumber, issuedMs }: Iterator): string {
  // A virtual clock may be between two milliseconds.
  const place = Buffer.from(JSON.stringify([nextNumber, Math.floor(issuedMs)])).toString('base64url');
  return `${streamArn}|1|${place}`;
}

/** Undefined for text that is not an iterator. */
export function decodeIterator(text: string): Iterator | undefined {
  const [streamArn, version, place] = text.split('|');
  if (streamArn === undefined || version !== '1' || place === undefined) return undefined;
  const numbers = /^\[(\d+),(\d+)\]$/.exec(Buffer.from(place, 'base64url').toString('utf8'));
  if (numbers === null) return undefined;
  return { streamArn, nextNumber: Number(numbers[1]), issuedMs: Number(numbers[2]) };
}

export function rejectExpired({ host }: StreamsContext, iterator: Iterator): void {
  if (host.clock.now() - iterator.issuedMs > iteratorValidityMs) {
    throw new AwsError('ExpiredIteratorException', 'The provided iterator exceeds the maximum age allowed.');
  }
}
