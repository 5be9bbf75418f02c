import { lookAfterOffload } from '../lib/app/deliver/offload.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { breakers, mappings, offloads, offloadWatches, queues, registry } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by the schedule of a receiver whose offline lane is open. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { breakers, mappings, offloads, offloadWatches, queues, registry });
  return async ({ receiver }: { receiver: string }): Promise<void> => await lookAfterOffload(tools, receiver);
}

export const handler = lazy(() => create(systemRuntime()));
