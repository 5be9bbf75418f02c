import { AwsError, type Caller, type Host } from '../engine.ts';
import { lambdaLimits } from './limits.ts';
import type { StoredMapping } from './mapping-model.ts';
import { queueUrl } from './names.ts';
import { pause } from './pause.ts';
import { payloadRoom } from './payload-size.ts';
import { type Message, recordFilter, recordOf, type SqsRecord } from './sqs-event.ts';

/** The messages of one invocation, by message id. */
export interface Gathered {
  readonly received: number;
  readonly records: ReadonlyMap<string, SqsRecord>;
  /** Receipt handles of messages that no filter passes; they are deleted unprocessed. */
  readonly filteredOut: ReadonlyMap<string, string>;
  /** Messages that did not fit, for the next batch of the same poller. */
  readonly carried: readonly Message[];
  /** When the oldest message of the batch was received. */
  readonly receivedMs: number;
}

export interface QueueReader {
  /** Waits up to 20 s for messages, and then up to the batching window until the batch is full. */
  gather(carried: readonly Message[]): Promise<Gathered>;
  visibilityTimeoutSeconds(): Promise<number>;
}

export function queueReader(
  host: Host,
  mapping: StoredMapping,
  role: () => Caller,
  stopping: AbortSignal,
): QueueReader {
  const url = queueUrl(host, mapping.eventSourceArn);
  const passes = recordFilter(mapping.filters);

  async function receive(count: number, waitSeconds: number): Promise<readonly Message[]> {
    if (stopping.aborted) return [];
    const startedMs = host.clock.now();
    let messages: readonly Message[];
    try {
      const answer = await host.call(
        'sqs',
        'ReceiveMessage',
        {
          QueueUrl: url,
          MaxNumberOfMessages: Math.min(count, lambdaLimits.receiveMessages),
          WaitTimeSeconds: waitSeconds,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        },
        role(),
        stopping,
      );
      messages = (answer?.Messages as readonly Message[] | undefined) ?? [];
    } catch (error) {
      // An aborted long poll has received nothing; an AWS error is reported in any case.
      if (stopping.aborted && !(error instanceof AwsError)) return [];
      throw error;
    }
    // A FIFO queue with too many messages in flight answers at once with nothing; without a pause, this loop would
    // spin.
    const waitedMs = host.clock.now() - startedMs;
    if (messages.length === 0 && waitedMs < waitSeconds * 1000) {
      await pause(host.clock, Math.min(1000, waitSeconds * 1000 - waitedMs), stopping);
    }
    return messages;
  }

  return {
    async gather(carried) {
      const records = new Map<string, SqsRecord>();
      const filteredOut = new Map<string, string>();
      const left: Message[] = [];
      let received = 0;
      const room = payloadRoom();

      function take(messages: readonly Message[]): void {
        for (const message of messages) {
          received += 1;
          const record = recordOf(message, mapping.eventSourceArn, host.region);
          if (!passes(record)) {
            filteredOut.set(message.MessageId, message.ReceiptHandle);
            continue;
          }
          if (left.length > 0 || !room.take(record)) left.push(message);
          else records.set(message.MessageId, record);
        }
      }

      take(carried.length > 0 ? carried : await receive(mapping.batchSize, lambdaLimits.longPollSeconds));
      const receivedMs = host.clock.now();
      const endMs = receivedMs + mapping.batchingWindowSeconds * 1000;
      while (received > 0 && left.length === 0 && !stopping.aborted) {
        const missing = mapping.batchSize - records.size;
        const restMs = endMs - host.clock.now();
        if (missing <= 0 || restMs <= 0) break;
        // A receive waits whole seconds, so the window may be exceeded by less than one.
        take(await receive(missing, Math.min(lambdaLimits.longPollSeconds, Math.ceil(restMs / 1000))));
      }
      return { received, records, filteredOut, carried: left, receivedMs };
    },
    async visibilityTimeoutSeconds() {
      const answer = await host.call(
        'sqs',
        'GetQueueAttributes',
        { QueueUrl: url, AttributeNames: ['VisibilityTimeout'] },
        role(),
      );
      const attributes = answer?.Attributes as Readonly<Record<string, string>> | undefined;
      return Number(attributes?.VisibilityTimeout ?? 0);
    },
  };
}
