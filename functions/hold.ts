import middy from '@middy/core';
import { lookAfterHold } from '../lib/app/hold/look-after-hold.ts';
import { createBacklogs } from '../lib/runtime/aws/backlogs.ts';
import { createQueues } from '../lib/runtime/aws/queues.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { createTopicSender } from '../lib/runtime/aws/topics.ts';
import { createHoldWatches } from '../lib/runtime/aws/watches.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createDeliveryStore } from '../lib/runtime/stores/deliveries.ts';
import { createHeldStore } from '../lib/runtime/stores/held.ts';
import { createHoldStore } from '../lib/runtime/stores/holds.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by the schedule of a topic that has a rule or is released, and at once when a release begins. */
export function create(runtime: BaseRuntime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    clock: runtime.clock,
    random: runtime.random,
    log: runtime.log,
    registry: createRegistryStore(table, runtime.clock),
    holds: createHoldStore(table),
    held: createHeldStore(table, runtime),
    holdWatches: createHoldWatches(runtime, config),
    backlogs: createBacklogs(runtime, config),
    deliveries: createDeliveryStore(table),
    topics: createTopicSender(runtime, config),
    queues: createQueues(runtime, config),
  };
  return middy<{ topic: string }, void>().handler(async ({ topic }) => await lookAfterHold(tools, topic));
}

export const handler = lazy(() => create(systemRuntime()));
