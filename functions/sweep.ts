import { sweep } from '../lib/app/relay/sweep.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { outbox } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by a schedule, every minute. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { outbox });
  return async (): Promise<unknown> => await sweep(tools);
}

export const handler = lazy(() => create(systemRuntime()));
