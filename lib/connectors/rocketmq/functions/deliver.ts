import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { deliverTools } from '../../../../functions/middleware/deliver-tools.ts';
import { batchAnswer, laneBatch } from '../../../../functions/middleware/lane-batch.ts';
import { deliver } from '../../../app/deliver/deliver.ts';
import { probe } from '../../../app/deliver/probe.ts';
import { busId } from '../../../core/event/hops.ts';
import { createProbes } from '../../../runtime/aws/watches.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { lazy } from '../../../runtime/system.ts';
import { systemRuntimeWithHttp } from '../../../runtime/system-http.ts';
import type { RocketMqRuntime } from '../client.ts';
import { createRocketMqSender } from '../sender.ts';
import { systemRocketMq } from '../system.ts';

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
    senders: [
      createRocketMqSender({ rocketmq, clock, random, endpoints, rocketMqEndpoints, busId: busId(config) }),
    ],
    probes: createProbes(runtime, config, 'deliver-rocketmq'),
  };
  return middy<SQSEvent | { receiver: string }, SQSBatchResponse>().handler(async (event) => {
    if (!('Records' in event)) {
      await probe(tools, event.receiver);
      return batchAnswer([]);
    }
    const batch = laneBatch(config.prefix, event);
    return batchAnswer(batch === undefined ? [] : await deliver(tools, batch));
  });
}

export const handler = lazy(() => {
  const runtime = systemRuntimeWithHttp();
  return create({ ...runtime, rocketmq: systemRocketMq(runtime.log) });
});
