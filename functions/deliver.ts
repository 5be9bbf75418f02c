import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { deliver } from '../lib/app/deliver/deliver.ts';
import { sinks } from '../lib/connectors/index.ts';
import { createSenders } from '../lib/connectors/senders.ts';
import { open } from '../lib/runtime/open.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { delivering } from '../lib/runtime/tools.ts';
import { batchAnswer, laneBatch } from './middleware/lane-batch.ts';

/** Consumes the lanes of every receiver that has an endpoint. */
export function create(runtime: Runtime) {
  const tools = open(runtime, { ...delivering, sinks: () => sinks, senders: createSenders });
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const batch = laneBatch(tools.prefix, event);
    return batchAnswer(batch === undefined ? [] : await deliver(tools, batch));
  };
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
