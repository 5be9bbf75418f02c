import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { deliver } from '../lib/app/deliver/deliver.ts';
import { queueOwner } from '../lib/core/resources.ts';
import type { ReceivedMessage } from '../lib/runtime/queue-messages.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { deliverTools } from './middleware/deliver-tools.ts';

/** Consumes the lanes of every receiver; a batch is always of one queue. */
export function create(runtime: Runtime) {
  const { config, tools } = deliverTools(runtime);
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event) => {
    const [first] = event.Records;
    if (first === undefined) return { batchItemFailures: [] };
    const owner = queueOwner(config.prefix, first.eventSourceARN);
    if (owner === undefined || owner.role === 'dead-letters' || owner.role === 'ordered-dead-letters') {
      throw new Error(
        `The queue ${first.eventSourceARN} is no lane of a receiver. Delete its event source mapping.`,
      );
    }
    const { receiver, role } = owner;
    const kept = await deliver(tools, { receiver, role, messages: event.Records.map(laneMessage) });
    return { batchItemFailures: kept.map((itemIdentifier) => ({ itemIdentifier })) };
  });
}

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

export const handler = lazy(() => create(systemRuntimeWithHttp()));
