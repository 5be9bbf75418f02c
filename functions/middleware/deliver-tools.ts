import { sinks } from '../../lib/connectors/index.ts';
import { createMappings } from '../../lib/runtime/aws/mappings.ts';
import { createQueues } from '../../lib/runtime/aws/queues.ts';
import { createTable } from '../../lib/runtime/aws/table/table.ts';
import { createOffloadWatches, createProbes } from '../../lib/runtime/aws/watches.ts';
import { parseConfig } from '../../lib/runtime/config.ts';
import type { Runtime } from '../../lib/runtime/runtime.ts';
import { createBreakerStore } from '../../lib/runtime/stores/breakers.ts';
import { createDeliveryStore } from '../../lib/runtime/stores/deliveries.ts';
import { createOffloadStore } from '../../lib/runtime/stores/offloads.ts';
import { createPaceStore } from '../../lib/runtime/stores/pace.ts';
import { createRegistryStore } from '../../lib/runtime/stores/registry.ts';
import { createSecretStore } from '../../lib/runtime/stores/secrets.ts';
import { createSightingStore } from '../../lib/runtime/stores/sightings.ts';
import { createSkipStore } from '../../lib/runtime/stores/skips.ts';
import { createSlots } from '../../lib/runtime/stores/slots.ts';
import { createTraceStore } from '../../lib/runtime/stores/traces.ts';

/** What the functions work with that send to endpoints; made once an instance, because stores remember. */
export function deliverTools(runtime: Runtime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    clock: runtime.clock,
    random: runtime.random,
    log: runtime.log,
    sinks,
    registry: createRegistryStore(table, runtime.clock),
    deliveries: createDeliveryStore(table),
    secrets: createSecretStore(table, runtime.clock),
    skips: createSkipStore(table),
    breakers: createBreakerStore(table, runtime.clock),
    slots: createSlots(table),
    pace: createPaceStore(table),
    offloads: createOffloadStore(table, runtime.clock),
    offloadWatches: createOffloadWatches(runtime, config),
    observed: new Map(),
    stillPolled: new Map(),
    queues: createQueues(runtime, config),
    mappings: createMappings(runtime, config),
    probes: createProbes(runtime, config),
    sightings: createSightingStore(table),
    traces: createTraceStore(createTable(runtime, { table: config.traceTable }), runtime),
  };
  return { config, tools };
}
