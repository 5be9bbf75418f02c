import middy from '@middy/core';
import { continueValidation } from '../lib/app/registry/validate.ts';
import { createMappings } from '../lib/runtime/aws/mappings.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { createValidations } from '../lib/runtime/aws/watches.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { createOffloadStore } from '../lib/runtime/stores/offloads.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';

/** Called by the schedule of a receiver whose endpoint has not agreed yet to get events. */
export function create(runtime: Runtime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    clock: runtime.clock,
    random: runtime.random,
    log: runtime.log,
    http: runtime.http,
    registry: createRegistryStore(table, runtime.clock),
    mappings: createMappings(runtime, config),
    offloads: createOffloadStore(table, runtime.clock),
    validations: createValidations(runtime, config),
    origin: config.origin,
    apiUrl: config.apiUrl,
  };
  return middy<{ receiver: string }, void>().handler(
    async ({ receiver }) => await continueValidation(tools, receiver),
  );
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
