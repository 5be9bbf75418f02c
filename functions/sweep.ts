import { sweep } from '../lib/app/relay/sweep.ts';
import { sweepBacklogs } from '../lib/app/system-event/backlog.ts';
import { sweepSystemEvents } from '../lib/app/system-event/sweep-system-events.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { breakers, highBacklogs, outbox, registry, systemEvents } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by a schedule, every minute. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { breakers, highBacklogs, outbox, registry, systemEvents });
  return async (): Promise<unknown> => {
    // None keeps another from being done.
    const [swept, ...others] = await Promise.allSettled([
      sweep(tools),
      sweepSystemEvents(tools),
      sweepBacklogs(tools),
    ]);
    for (const each of [swept, ...others]) if (each.status === 'rejected') throw each.reason;
    return swept.status === 'fulfilled' ? swept.value : undefined;
  };
}

export const handler = lazy(() => create(systemRuntime()));
