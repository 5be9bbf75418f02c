import { lookAfterPause } from '../lib/app/registry/pause.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { pauseWatches, registry } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by the schedule of a declared receiver while it is paused. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { pauseWatches, registry });
  return async ({ receiver }: { receiver: string }): Promise<void> => await lookAfterPause(tools, receiver);
}

export const handler = lazy(() => create(systemRuntime()));
