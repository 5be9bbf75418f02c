import middy from '@middy/core';
import { sweep } from '../lib/app/relay/sweep.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createOutboxStore } from '../lib/runtime/stores/outbox.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by a schedule, every minute. */
export function create(runtime: BaseRuntime) {
  const outbox = createOutboxStore(runtime, parseConfig(runtime.env));
  const tools = { clock: runtime.clock, log: runtime.log, outbox };
  return middy<unknown, unknown>().handler(async () => await sweep(tools));
}

export const handler = lazy(() => create(systemRuntime()));
