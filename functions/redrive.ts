import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { continueRedrive } from '../lib/app/redrive/continue-redrive.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import {
  applications,
  deadLetterQueues,
  deadLetters,
  deliveries,
  queues,
  redrives,
  refused,
  registry,
  sightings,
  skips,
} from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

const bodySchema = z.object({ receiver: z.string(), redrive: z.string() });

/** Consumes the queue of the redrives that are under way: each message is one, and stays until it is over. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, {
    applications,
    deadLetterQueues,
    deadLetters,
    deliveries,
    queues,
    redrives,
    refused,
    registry,
    sightings,
    skips,
  });
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
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
  };
}

export const handler = lazy(() => create(systemRuntime()));
