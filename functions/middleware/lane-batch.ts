import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type Lane, queueOwner } from '../../lib/core/kernel/place.ts';
import type { ReceivedMessage } from '../../lib/runtime/aws/queue-messages.ts';

/** What a mapping hands over: it is always of one lane of one receiver. Undefined when it is empty. */
export function laneBatch(prefix: string, { Records: records }: SQSEvent) {
  const [first] = records;
  if (first === undefined) return undefined;
  const owner = queueOwner(prefix, first.eventSourceARN);
  if (owner === undefined || owner.role === 'dead-letters' || owner.role === 'ordered-dead-letters') {
    throw new Error(
      `The queue ${first.eventSourceARN} is no lane of a receiver. Delete its event source mapping.`,
    );
  }
  const { receiver, role } = owner;
  return { receiver, role: role satisfies Lane, messages: records.map(laneMessage) };
}

/** Names the messages that stay in the queue. */
export const batchAnswer = (kept: readonly string[]): SQSBatchResponse => ({
  batchItemFailures: kept.map((itemIdentifier) => ({ itemIdentifier })),
});

function laneMessage(record: SQSRecord): ReceivedMessage {
  const attributes: Record<string, string> = {};
  for (const [name, attribute] of Object.entries(record.messageAttributes)) {
    if (attribute.stringValue !== undefined) attributes[name] = attribute.stringValue;
  }
  return {
    messageId: record.messageId,
    receiptHandle: record.receiptHandle,
    body: record.body,
    attributes,
    receives: Number(record.attributes.ApproximateReceiveCount),
    sentAtMs: Number(record.attributes.SentTimestamp),
    // A group on a standard queue is no order.
    ...(record.eventSourceARN.endsWith('.fifo') &&
      record.attributes.MessageGroupId !== undefined && { group: record.attributes.MessageGroupId }),
  };
}
