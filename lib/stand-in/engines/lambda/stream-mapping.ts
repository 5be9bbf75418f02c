import { AwsError, type Caller, type Input, type Output } from '../engine.ts';
import { type Bell, createBell } from './bell.ts';
import type { Checkpoints } from './checkpoints.ts';
import { errorMessage } from './errors.ts';
import { lambdaLimits } from './limits.ts';
import type { Runner, StoredMapping } from './mapping-model.ts';
import type { LambdaOptions, LambdaProblem } from './model.ts';
import { functionArn } from './names.ts';
import { pause } from './pause.ts';
import type { Workings } from './sqs-mapping.ts';
import { processBatch } from './stream-batch.ts';
import { createdMs, type StreamRecord, sequenceNumberOf, streamFilter } from './stream-event.ts';

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

/** An iterator expires after 15 minutes. */
const renewIteratorMs = 10 * 60_000;

/** The most that GetRecords returns. */
const recordsPerRead = 1000;

/**
 * Reads a DynamoDB stream for a mapping: the shards in parallel, each in its order, a child after its parent. It
 * sleeps until `onStreamRecords` reports new records.
 */
export function readStream(
  lambda: Workings,
  mapping: StoredMapping,
  checkpoints: Checkpoints,
  onStreamRecords: NonNullable<LambdaOptions['onStreamRecords']>,
): Runner {
  const { host, options, functions } = lambda;
  const stopping = new AbortController();
  const { signal } = stopping;
  const reading = new Map<string, Promise<void>>();
  const passes = streamFilter(mapping);
  let lastResult = 'No records processed';
  // A stream that this mapping never read starts where the mapping says; later shards start at their beginning.
  const firstPosition = checkpoints.any(mapping.uuid) ? 'TRIM_HORIZON' : mapping.startingPosition;
  let described = false;

  function call(action: string, input: Input): Output | Promise<Output> {
    const caller: Caller = { kind: 'role', roleArn: functions.find(mapping.functionName).roleArn };
    return host.call('dynamodbstreams', action, input, caller, signal);
  }

  function report(kind: LambdaProblem['kind'], message: string): void {
    lastResult = `PROBLEM: ${message}`;
    options.onProblem({
      kind,
      functionArn: functionArn(host, mapping.functionName),
      eventSourceArn: mapping.eventSourceArn,
      message,
    });
  }

  /** Runs the work until it succeeds or the reader stops, with a growing pause after each failure. */
  async function untilDone(work: () => Promise<void>): Promise<void> {
    for (let waitMs = 1000; !signal.aborted; waitMs = Math.min(waitMs * 2, 60_000)) {
      try {
        await work();
        return;
      } catch (error) {
        if (signal.aborted) return;
        report('poll-failed', errorMessage(error));
        await pause(host.clock, waitMs, signal);
      }
    }
  }

  async function listShards(): Promise<readonly Shard[]> {
    const shards: Shard[] = [];
    let after: unknown;
    do {
      const output = await call('DescribeStream', {
        StreamArn: mapping.eventSourceArn,
        ...(after === undefined ? {} : { ExclusiveStartShardId: after }),
      });
      const description = output?.StreamDescription as
        | { Shards?: readonly Shard[]; LastEvaluatedShardId?: string }
        | undefined;
      shards.push(...(description?.Shards ?? []));
      after = description?.LastEvaluatedShardId;
    } while (after !== undefined);
    return shards;
  }

  /** Starts a reader for each shard that is ready to be read. */
  async function openShards(): Promise<void> {
    const shards = await listShards();
    const known = new Set(shards.map(({ ShardId }) => ShardId));
    const ended = (shardId: string) => {
      const checkpoint = checkpoints.get(mapping.uuid, shardId);
      return checkpoint !== undefined && 'ended' in checkpoint;
    };
    const position = described ? 'TRIM_HORIZON' : (firstPosition ?? 'TRIM_HORIZON');
    described = true;
    for (const { ShardId, ParentShardId } of shards) {
      const parentIsOpen = ParentShardId !== undefined && known.has(ParentShardId) && !ended(ParentShardId);
      if (signal.aborted || ended(ShardId) || parentIsOpen || reading.has(ShardId)) continue;
      const reader = untilDone(() => readShard(ShardId, position)).then(() => {
        reading.delete(ShardId);
        // The end of a shard may be the beginning of its children.
        return untilDone(openShards);
      });
      reading.set(ShardId, reader);
    }
  }

  /** Where to continue reading, and which records are older than the mapping. */
  async function cursorOf(
    shardId: string,
    position: string,
  ): Promise<{ iterator: unknown; skipBeforeMs: number }> {
    const checkpoint = checkpoints.get(mapping.uuid, shardId);
    let start: Input = { ShardIteratorType: position };
    let skipBeforeMs = 0;
    if (checkpoint === undefined) {
      if (position === 'LATEST') checkpoints.put(mapping.uuid, shardId, { sinceMs: host.clock.now() });
    } else if ('sequenceNumber' in checkpoint) {
      start = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: checkpoint.sequenceNumber };
    } else if ('sinceMs' in checkpoint) {
      start = { ShardIteratorType: 'TRIM_HORIZON' };
      // Records carry their time in whole seconds.
      skipBeforeMs = Math.floor(checkpoint.sinceMs / 1000) * 1000;
    }
    const output = await call('GetShardIterator', {
      StreamArn: mapping.eventSourceArn,
      ShardId: shardId,
      ...start,
    });
    return { iterator: output?.ShardIterator, skipBeforeMs };
  }

  async function readShard(shardId: string, position: string): Promise<void> {
    const bell = createBell(host.clock, signal, (ring) => onStreamRecords(mapping.eventSourceArn, ring));
    try {
      for (;;) {
        try {
          return await readRecords(shardId, position, bell);
        } catch (error) {
          const code = error instanceof AwsError ? error.code : '';
          if (code === 'TrimmedDataAccessException') {
            report('dropped', `Records of ${shardId} expired before they were read: ${errorMessage(error)}`);
            checkpoints.put(mapping.uuid, shardId, { sinceMs: 0 });
          } else if (code !== 'ExpiredIteratorException') throw error;
          // The checkpoint does not expire: continue from it.
        }
      }
    } finally {
      bell.close();
    }
  }

  async function readRecords(shardId: string, position: string, bell: Bell): Promise<void> {
    let { iterator, skipBeforeMs } = await cursorOf(shardId, position);
    let buffer: readonly StreamRecord[] = [];
    let windowEndMs: number | undefined;
    while (!signal.aborted) {
      bell.reset();
      const room = Math.min(recordsPerRead, mapping.batchSize - buffer.length);
      let exhausted = true;
      if (iterator !== undefined && room > 0) {
        const output = await call('GetRecords', { ShardIterator: iterator, Limit: room });
        const records = (output?.Records as readonly StreamRecord[] | undefined) ?? [];
        iterator = output?.NextShardIterator;
        exhausted = records.length === 0;
        buffer = [...buffer, ...records.filter((record) => createdMs(record) >= skipBeforeMs)];
      }
      if (buffer.length === 0) {
        if (iterator === undefined) {
          checkpoints.put(mapping.uuid, shardId, { ended: true });
          return;
        }
        // Read before the iterator expires, to get a new one.
        if (exhausted) await bell.wait(renewIteratorMs);
        continue;
      }
      windowEndMs ??= host.clock.now() + mapping.batchingWindowSeconds * 1000;
      const restMs = windowEndMs - host.clock.now();
      if (buffer.length < mapping.batchSize && iterator !== undefined && restMs > 0) {
        if (exhausted) await bell.wait(restMs);
        continue;
      }
      buffer = await processBuffer(shardId, buffer);
      windowEndMs = undefined;
    }
  }

  /** Processes what fits into one invocation, and returns the rest. */
  async function processBuffer(
    shardId: string,
    buffer: readonly StreamRecord[],
  ): Promise<readonly StreamRecord[]> {
    let bytes = 0;
    let count = 0;
    for (const record of buffer) {
      bytes += Buffer.byteLength(JSON.stringify(record)) + mapping.eventSourceArn.length + 32;
      if (count > 0 && bytes > lambdaLimits.syncPayloadBytes) break;
      count += 1;
    }
    const taken = buffer.slice(0, count);
    const checkpoint = (sequenceNumber: string) => checkpoints.put(mapping.uuid, shardId, { sequenceNumber });
    const [first, ...rest] = taken.filter(passes);
    if (first !== undefined) {
      await processBatch(lambda, mapping, shardId, [first, ...rest], signal, checkpoint, report);
    }
    const last = taken.at(-1);
    if (!signal.aborted && last !== undefined) {
      if (first !== undefined) lastResult = 'OK';
      // Records that no filter passes are done, too.
      checkpoint(sequenceNumberOf(last));
    }
    await host.store.committed();
    return buffer.slice(count);
  }

  const opening = untilDone(openShards);
  return {
    async stop() {
      stopping.abort();
      await opening;
      while (reading.size > 0) await Promise.all(reading.values());
    },
    lastProcessingResult: () => lastResult,
  };
}
