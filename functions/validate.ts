import { continueValidation } from '../lib/app/registry/validate.ts';
import { sinks } from '../lib/connectors/index.ts';
import { open } from '../lib/runtime/open.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { mappings, offloads, registry, validations } from '../lib/runtime/stores.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';

/** Called by the schedule of a receiver whose endpoint has not agreed yet to get events. */
export function create(runtime: Runtime) {
  const tools = open(runtime, { mappings, offloads, registry, validations, sinks: () => sinks });
  return async ({ receiver }: { receiver: string }): Promise<void> =>
    await continueValidation(tools, receiver);
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
