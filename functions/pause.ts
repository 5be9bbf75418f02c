import middy from '@middy/core';
import { lookAfterPause } from '../lib/app/registry/pause.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { createPauseWatches } from '../lib/runtime/aws/watches.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by the schedule of a declared receiver while it is paused. */
export function create(runtime: BaseRuntime) {
  const config = parseConfig(runtime.env);
  const tools = {
    clock: runtime.clock,
    log: runtime.log,
    registry: createRegistryStore(createTable(runtime, config), runtime.clock),
    pauseWatches: createPauseWatches(runtime, config),
  };
  return middy<{ receiver: string }, void>().handler(
    async ({ receiver }) => await lookAfterPause(tools, receiver),
  );
}

export const handler = lazy(() => create(systemRuntime()));
