import { hash } from 'node:crypto';
import type { EpochMs, Host } from '../engine.ts';
import { snsLimits } from './limits.ts';
import type { Message } from './message.ts';
import type { Topic } from './state.ts';

/** What a FIFO topic answers for a message. */
export interface Receipt {
  readonly messageId: string;
  readonly sequenceNumber: string;
}

interface Remembered extends Receipt {
  readonly expiresMs: EpochMs;
}

/** What FIFO topics remember: the messages of the last five minutes, and how far they have counted. */
export interface Deduplication {
  /** The earlier answer to the same message, while it counts. */
  earlier(topic: Topic, message: Message, deduplicationId: string): Receipt | undefined;
  remember(topic: Topic, message: Message, deduplicationId: string, messageId: string): Receipt;
  forget(topic: Topic): void;
}

const windowTable = 'sns.deduplication';
const sequenceTable = 'sns.sequences';

/** The id of a message without one is the SHA-256 of its body; its attributes do not count. */
export function deduplicationIdOf(message: Message): string {
  return message.deduplicationId ?? hash('sha256', message.content, 'hex');
}

export function createDeduplication(host: Host): Deduplication {
  // All entries live equally long, so the map is ordered by expiry.
  const window = new Map<string, Remembered>();
  const sequences = new Map<string, number>();
  for (const [key, value] of host.store.load(windowTable)) window.set(key, value as Remembered);
  for (const [arn, count] of host.store.load(sequenceTable)) sequences.set(arn, count as number);

  function expire(): void {
    const nowMs = host.clock.now();
    for (const [key, { expiresMs }] of window) {
      if (expiresMs > nowMs) return;
      window.delete(key);
      host.store.delete(windowTable, key);
    }
  }

  /** With the throughput scope `MessageGroup`, each group has its own window. */
  const keyOf = (topic: Topic, message: Message, deduplicationId: string) =>
    topic.attributes.FifoThroughputScope === 'MessageGroup'
      ? `${topic.arn} ${deduplicationId} ${message.groupId}`
      : `${topic.arn} ${deduplicationId}`;

  return {
    earlier(topic, message, deduplicationId) {
      expire();
      return window.get(keyOf(topic, message, deduplicationId));
    },
    remember(topic, message, deduplicationId, messageId) {
      const count = (sequences.get(topic.arn) ?? 0) + 1;
      sequences.set(topic.arn, count);
      host.store.put(sequenceTable, topic.arn, count);
      const remembered: Remembered = {
        messageId,
        // Twenty digits, as on AWS.
        sequenceNumber: `1${String(count).padStart(19, '0')}`,
        expiresMs: host.clock.now() + snsLimits.deduplicationWindowMs,
      };
      const key = keyOf(topic, message, deduplicationId);
      window.set(key, remembered);
      host.store.put(windowTable, key, remembered);
      return remembered;
    },
    forget(topic) {
      sequences.delete(topic.arn);
      host.store.delete(sequenceTable, topic.arn);
      for (const key of [...window.keys()].filter((candidate) => candidate.startsWith(`${topic.arn} `))) {
        window.delete(key);
        host.store.delete(windowTable, key);
      }
    },
  };
}
