import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type DeliverTools, deliver } from '../../lib/app/deliver/deliver.ts';
import type { LaneMessage } from '../../lib/app/deliver/settle.ts';
import { queueOwner } from '../../lib/core/resources.ts';

/** Delivers what a mapping hands over: a batch is always of one lane of one receiver. */
export async function deliverBatch(
  tools: DeliverTools,
  prefix: string,
  event: SQSEvent,
): Promise<SQSBatchResponse> {
  const [first] = event.Records;
  if (first === undefined) return { batchItemFailures: [] };
  const owner = queueOwner(prefix, first.eventSourceARN);
  if (owner === undefined || owner.role === 'dead-letters' || owner.role === 'ordered-dead-letters') {
    throw new Error(
      `The queue ${first.eventSourceARN} is no lane of a receiver. Delete its event source mapping.`,
    );
  }
  const { receiver, role } = owner;
  const kept = await deliver(tools, { receiver, role, messages: event.Records.map(laneMessage) });
  return { batchItemFailures: kept.map((itemIdentifier) => ({ itemIdentifier })) };
}

function laneMessage(record: SQSRecord): LaneMessage {
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
