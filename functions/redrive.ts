import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { continueRedrive } from '../lib/app/redrive/continue-redrive.ts';
import { createDeadLetterQueues } from '../lib/runtime/aws/dead-letter-queue.ts';
import { createQueues } from '../lib/runtime/aws/queues.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createDeadLetterStore } from '../lib/runtime/stores/dead-letters.ts';
import { createDeliveryStore } from '../lib/runtime/stores/deliveries.ts';
import { createRedriveStore } from '../lib/runtime/stores/redrives.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

const bodySchema = z.object({ receiver: z.string(), redrive: z.string() });

/** Consumes the queue of the redrives that are under way: each message is one, and stays until it is over. */
export function create(runtime: BaseRuntime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    clock: runtime.clock,
    log: runtime.log,
    registry: createRegistryStore(table, runtime.clock),
    deliveries: createDeliveryStore(table),
    deadLetters: createDeadLetterStore(table),
    deadLetterQueues: createDeadLetterQueues(runtime, config),
    redrives: createRedriveStore(table),
    queues: createQueues(runtime, config),
  };
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const { messageId, receiptHandle, body } of event.Records) {
      const seconds = await continueRedrive(tools, bodySchema.parse(JSON.parse(body)));
      if (seconds === undefined) continue;
      batchItemFailures.push({ itemIdentifier: messageId });
      const [failure] = await tools.queues.hide('redrive', [{ receiptHandle, seconds }]);
      // It comes back when its visibility runs out, and the run goes on then.
      if (failure !== undefined) {
        runtime.log('warn', 'A redrive could not be hidden', { messageId, reason: failure.reason });
      }
    }
    return { batchItemFailures };
  });
}

export const handler = lazy(() => create(systemRuntime()));
