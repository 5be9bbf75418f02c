import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { deliverRocketMq } from '../lib/app/deliver/deliver-rocketmq.ts';
import { busId } from '../lib/core/event/hops.ts';
import type { RocketMqRuntime } from '../lib/runtime/rocketmq.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { systemRocketMq } from '../lib/runtime/system-rocketmq.ts';
import { createProbes } from '../lib/runtime/watches.ts';
import { deliverTools } from './middleware/deliver-tools.ts';
import { batchAnswer, laneBatch } from './middleware/lane-batch.ts';

/**
 * Consumes the lanes of every receiver that is a topic of RocketMQ, and is called by the schedule of one whose breaker
 * is open: whatever speaks to RocketMQ is in one function, which alone has the client in its bundle, and alone needs to
 * be in the brokers' network.
 */
export function create(runtime: Runtime & RocketMqRuntime) {
  const { config, tools: shared } = deliverTools(runtime);
  const { clock, random, rocketmq } = runtime;
  const { endpoints, rocketMqEndpoints } = config;
  const tools = {
    ...shared,
    toRocketMq: { rocketmq, clock, random, endpoints, rocketMqEndpoints, busId: busId(config) },
    probes: createProbes(runtime, config, 'deliver-rocketmq'),
  };
  return middy<SQSEvent | { receiver: string }, SQSBatchResponse>().handler(async (event) => {
    if (!('Records' in event)) return batchAnswer(await deliverRocketMq(tools, { probe: event.receiver }));
    const batch = laneBatch(config.prefix, event);
    return batchAnswer(batch === undefined ? [] : await deliverRocketMq(tools, { batch }));
  });
}

export const handler = lazy(() => {
  const runtime = systemRuntimeWithHttp();
  return create({ ...runtime, rocketmq: systemRocketMq(runtime.log) });
});
