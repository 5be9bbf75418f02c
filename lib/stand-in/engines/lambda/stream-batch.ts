import { failedItems } from './batch-failures.ts';
import { sendToQueue } from './destination.ts';
import { errorMessage, isThrottle, notFound } from './errors.ts';
import type { Outcome } from './instances.ts';
import type { StoredMapping } from './mapping-model.ts';
import type { LambdaProblem, StoredFunction } from './model.ts';
import { functionArn } from './names.ts';
import { pause } from './pause.ts';
import type { Workings } from './sqs-mapping.ts';
import { createdMs, discardRecord, eventOf, type StreamRecord, sequenceNumberOf } from './stream-event.ts';

/** The retention of a DynamoDB stream: no retry reaches back further. */
const retentionSeconds = 24 * 60 * 60;

type Records = readonly [StreamRecord, ...StreamRecord[]];

/** A part of a batch that is still to be processed. Splitting keeps the attempts of the whole. */
interface Part {
  readonly records: Records;
  readonly attempts: number;
}

/**
 * Processes one batch of a shard in order, until each record succeeds or is discarded, and reports every checkpoint.
 * Returns early when the signal aborts; records without a checkpoint are read again later.
 */
export async function processBatch(
  lambda: Workings,
  mapping: StoredMapping,
  shardId: string,
  records: Records,
  signal: AbortSignal,
  checkpoint: (sequenceNumber: string) => void,
  report: (kind: LambdaProblem['kind'], message: string) => void,
): Promise<void> {
  const { host, functions, instances } = lambda;
  const ageLimitMs =
    1000 *
    (mapping.maximumRecordAgeSeconds === -1
      ? retentionSeconds
      : Math.min(mapping.maximumRecordAgeSeconds, retentionSeconds));
  const parts: Part[] = [{ records, attempts: 0 }];
  const requestId = host.random.uuid();

  function target(): StoredFunction {
    const found = functions.get(mapping.functionName);
    if (found === undefined) throw notFound(`Function not found: ${functionArn(host, mapping.functionName)}`);
    return found;
  }

  async function discard(
    discarded: Records,
    condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded',
    count: number,
    functionError: string | undefined,
  ): Promise<void> {
    if (mapping.onFailureArn === undefined) {
      report(
        'dropped',
        `${condition}: ${discarded.length} records of ${shardId}, and the mapping has no destination.`,
      );
    } else {
      const { arn, roleArn } = target();
      const body = discardRecord(host, mapping, arn, shardId, discarded, {
        requestId,
        condition,
        count,
        functionError,
      });
      try {
        await sendToQueue(host, roleArn, mapping.onFailureArn, body);
      } catch (error) {
        report(
          'dropped',
          `The destination ${mapping.onFailureArn} rejected the record: ${errorMessage(error)}`,
        );
      }
    }
    checkpoint(lastOf(discarded));
  }

  /** Discards the records at the front that are too old, and returns the others. */
  async function discardOld(part: Part): Promise<Part | undefined> {
    const oldestMs = host.clock.now() - ageLimitMs;
    const young = part.records.findIndex((record) => createdMs(record) >= oldestMs);
    if (young === 0) return part;
    const old = young === -1 ? part.records : some(part.records.slice(0, young));
    if (old !== undefined) await discard(old, 'RecordAgeExceeded', part.attempts, undefined);
    const rest = young === -1 ? undefined : some(part.records.slice(young));
    return rest && { ...part, records: rest };
  }

  /** What remains of a part after an invocation, in order. */
  async function judge(part: Part, outcome: Outcome): Promise<readonly Part[]> {
    const identifiers = part.records.map(sequenceNumberOf);
    let left = part.records;
    let attempts = part.attempts + 1;
    if (outcome.functionError === undefined) {
      const failed = mapping.reportBatchItemFailures
        ? failedItems(outcome.payload, new Set(identifiers))
        : new Set<string>();
      // The lowest failed sequence number is the checkpoint: it and everything after it is retried.
      const firstFailed = identifiers.findIndex((identifier) => failed.has(identifier));
      const succeeded = some(firstFailed === -1 ? part.records : part.records.slice(0, firstFailed));
      if (succeeded !== undefined) {
        checkpoint(lastOf(succeeded));
        // The count starts over at the new checkpoint: three retries there are four more invocations (recorded).
        attempts = 0;
      }
      const rest = firstFailed === -1 ? undefined : some(part.records.slice(firstFailed));
      if (rest === undefined) return [];
      left = rest;
    } else {
      report('function-error', outcome.payload);
      const middle = Math.ceil(left.length / 2);
      const [head, tail] = [some(left.slice(0, middle)), some(left.slice(middle))];
      // Splitting does not use up a retry.
      if (mapping.bisectBatchOnFunctionError && head !== undefined && tail !== undefined) {
        return [
          { records: head, attempts: part.attempts },
          { records: tail, attempts: part.attempts },
        ];
      }
    }
    if (mapping.maximumRetryAttempts !== -1 && attempts > mapping.maximumRetryAttempts) {
      await discard(left, 'RetryAttemptsExhausted', attempts, outcome.functionError);
      return [];
    }
    await pause(host.clock, retryDelayMs(Math.max(0, attempts - 1)), signal);
    return [{ records: left, attempts }];
  }

  let throttles = 0;
  while (!signal.aborted) {
    const next = parts.shift();
    if (next === undefined) return;
    const part = await discardOld(next);
    if (part === undefined) continue;
    let outcome: Outcome;
    try {
      outcome = await instances.invoke(
        target(),
        { text: eventOf(part.records, mapping.eventSourceArn) },
        host.random.uuid(),
      );
    } catch (error) {
      if (!isThrottle(error)) throw error;
      report('throttled', errorMessage(error));
      parts.unshift(part);
      await pause(host.clock, retryDelayMs(throttles), signal);
      throttles += 1;
      continue;
    }
    throttles = 0;
    parts.unshift(...(await judge(part, outcome)));
  }
}

/** 1 s, doubled at each attempt up to a minute; AWS does not document its figures. */
const retryDelayMs = (attempts: number) => Math.min(1000 * 2 ** attempts, 60_000);

const lastOf = (records: Records) => sequenceNumberOf(records.at(-1) ?? records[0]);

function some(records: readonly StreamRecord[]): Records | undefined {
  const [first, ...rest] = records;
  return first === undefined ? undefined : [first, ...rest];
}
