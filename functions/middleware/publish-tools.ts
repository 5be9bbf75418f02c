import { createQueues } from '../../lib/runtime/aws/queues.ts';
import { createSchedules } from '../../lib/runtime/aws/schedules.ts';
import { createTable } from '../../lib/runtime/aws/table/table.ts';
import { createTopicSender } from '../../lib/runtime/aws/topics.ts';
import type { Config } from '../../lib/runtime/config.ts';
import type { BaseRuntime } from '../../lib/runtime/runtime.ts';
import { createSchemaChecker } from '../../lib/runtime/schema.ts';
import { createClaimStore } from '../../lib/runtime/stores/claims.ts';
import { createDelayedStore } from '../../lib/runtime/stores/delayed.ts';
import { createHeldStore } from '../../lib/runtime/stores/held.ts';
import { createHoldStore } from '../../lib/runtime/stores/holds.ts';
import { createRegistryStore } from '../../lib/runtime/stores/registry.ts';
import { createSightingStore } from '../../lib/runtime/stores/sightings.ts';
import { createTraceStore } from '../../lib/runtime/stores/traces.ts';

/** What the functions work with that send events on their way; made once an instance, because stores remember. */
export function publishTools(runtime: BaseRuntime, config: Config) {
  const table = createTable(runtime, config);
  return {
    clock: runtime.clock,
    random: runtime.random,
    log: runtime.log,
    registry: createRegistryStore(table, runtime.clock),
    claims: createClaimStore(table),
    schemas: createSchemaChecker(),
    topics: createTopicSender(runtime, config),
    queues: createQueues(runtime, config),
    schedules: createSchedules(runtime, config),
    delayed: createDelayedStore(table),
    holds: createHoldStore(table),
    held: createHeldStore(table, runtime),
    sightings: createSightingStore(table),
    traces: createTraceStore(createTable(runtime, { table: config.traceTable }), runtime),
    trace: config.trace,
  };
}
