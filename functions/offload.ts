import middy from '@middy/core';
import { lookAfterOffload } from '../lib/app/deliver/offload.ts';
import { createMappings } from '../lib/runtime/aws/mappings.ts';
import { createQueues } from '../lib/runtime/aws/queues.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { createOffloadWatches } from '../lib/runtime/aws/watches.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createBreakerStore } from '../lib/runtime/stores/breakers.ts';
import { createOffloadStore } from '../lib/runtime/stores/offloads.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by the schedule of a receiver whose offline lane is open. */
export function create(runtime: BaseRuntime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    clock: runtime.clock,
    log: runtime.log,
    registry: createRegistryStore(table, runtime.clock),
    breakers: createBreakerStore(table, runtime.clock),
    offloads: createOffloadStore(table, runtime.clock),
    offloadWatches: createOffloadWatches(runtime, config),
    queues: createQueues(runtime, config),
    mappings: createMappings(runtime, config),
  };
  return middy<{ receiver: string }, void>().handler(
    async ({ receiver }) => await lookAfterOffload(tools, receiver),
  );
}

export const handler = lazy(() => create(systemRuntime()));
