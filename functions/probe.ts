import middy from '@middy/core';
import { probe } from '../lib/app/deliver/probe.ts';
import { createSenders } from '../lib/connectors/senders.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { deliverTools } from './middleware/deliver-tools.ts';

/** Called by the schedule of a receiver whose breaker is open and whose lane is not polled. */
export function create(runtime: Runtime) {
  const { config, tools: shared } = deliverTools(runtime);
  const tools = { ...shared, senders: createSenders(runtime, config, shared.secrets) };
  return middy<{ receiver: string }, void>().handler(async ({ receiver }) => await probe(tools, receiver));
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
