import { probe } from '../lib/app/deliver/probe.ts';
import { sinks } from '../lib/connectors/index.ts';
import { createSenders } from '../lib/connectors/senders.ts';
import { open } from '../lib/runtime/open.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { delivering } from '../lib/runtime/tools.ts';

/** Called by the schedule of a receiver whose breaker is open and whose lane is not polled. */
export function create(runtime: Runtime) {
  const tools = open(runtime, { ...delivering, sinks: () => sinks, senders: createSenders });
  return async ({ receiver }: { receiver: string }): Promise<void> => await probe(tools, receiver);
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
