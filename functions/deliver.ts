import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { deliver } from '../lib/app/deliver/deliver.ts';
import { createSenders } from '../lib/connectors/senders.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { deliverTools } from './middleware/deliver-tools.ts';
import { batchAnswer, laneBatch } from './middleware/lane-batch.ts';

/** Consumes the lanes of every receiver that has an endpoint. */
export function create(runtime: Runtime) {
  const { config, tools: shared } = deliverTools(runtime);
  const tools = { ...shared, senders: createSenders(runtime, config, shared.secrets) };
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event) => {
    const batch = laneBatch(config.prefix, event);
    return batchAnswer(batch === undefined ? [] : await deliver(tools, batch));
  });
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
