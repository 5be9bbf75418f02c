import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { releaseDue } from '../lib/app/schedule/release.ts';
import { createQueues } from '../lib/runtime/aws/queues.ts';
import { createSchedules } from '../lib/runtime/aws/schedules.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { createTopicSender } from '../lib/runtime/aws/topics.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createDelayedStore } from '../lib/runtime/stores/delayed.ts';
import { createHeldStore } from '../lib/runtime/stores/held.ts';
import { createHoldStore } from '../lib/runtime/stores/holds.ts';
import { createRecurrenceStore } from '../lib/runtime/stores/recurrences.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Consumes the delay queue: lets events leave that are due, fires recurring schedules, and hides what is early. */
export function create(runtime: BaseRuntime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    clock: runtime.clock,
    random: runtime.random,
    log: runtime.log,
    holds: createHoldStore(table),
    held: createHeldStore(table, runtime),
    delayed: createDelayedStore(table),
    recurrences: createRecurrenceStore(table),
    registry: createRegistryStore(table, runtime.clock),
    trace: config.trace,
    schedules: createSchedules(runtime, config),
    topics: createTopicSender(runtime, config),
    queues: createQueues(runtime, config),
  };
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event) => {
    const kept = await releaseDue(tools, event.Records);
    return { batchItemFailures: kept.map((itemIdentifier) => ({ itemIdentifier })) };
  });
}

export const handler = lazy(() => create(systemRuntime()));
