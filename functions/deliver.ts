import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { deliver } from '../lib/app/deliver.ts';
import type { LaneMessage } from '../lib/app/settle.ts';
import { queueOwner } from '../lib/core/resources.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import { createMappings } from '../lib/runtime/mappings.ts';
import { createQueues } from '../lib/runtime/queues.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { createDeliveryStore } from '../lib/runtime/stores/deliveries.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { createSightingStore } from '../lib/runtime/stores/sightings.ts';
import { createSkipStore } from '../lib/runtime/stores/skips.ts';
import { createTraceStore } from '../lib/runtime/stores/traces.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { createTable } from '../lib/runtime/table.ts';

/** Consumes the lanes of every receiver; a batch is always of one queue. */
export function create(runtime: Runtime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    clock: runtime.clock,
    random: runtime.random,
    log: runtime.log,
    http: runtime.http,
    registry: createRegistryStore(table, runtime.clock),
    deliveries: createDeliveryStore(table),
    skips: createSkipStore(table),
    queues: createQueues(runtime, config),
    mappings: createMappings(runtime, config),
    sightings: createSightingStore(table),
    traces: createTraceStore(createTable(runtime, { table: config.traceTable }), runtime),
  };
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event) => {
    const [first] = event.Records;
    if (first === undefined) return { batchItemFailures: [] };
    const owner = queueOwner(config.prefix, first.eventSourceARN);
    if (owner === undefined) {
      throw new Error(
        `The queue ${first.eventSourceARN} is no lane of a receiver. Delete its event source mapping.`,
      );
    }
    const kept = await deliver(tools, { ...owner, messages: event.Records.map(laneMessage) });
    return { batchItemFailures: kept.map((itemIdentifier) => ({ itemIdentifier })) };
  });
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
  };
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
