import { sweep } from '../lib/app/relay/sweep.ts';
import { sweepSystemEvents } from '../lib/app/system-event/sweep-system-events.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { outbox, systemEvents } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by a schedule, every minute. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { outbox, systemEvents });
  return async (): Promise<unknown> => {
    // Neither keeps the other from being done.
    const [swept, reports] = await Promise.allSettled([sweep(tools), sweepSystemEvents(tools)]);
    for (const each of [swept, reports]) if (each.status === 'rejected') throw each.reason;
    return swept.status === 'fulfilled' ? swept.value : undefined;
  };
}

export const handler = lazy(() => create(systemRuntime()));
