import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { batchAnswer, laneBatch } from '../../../../functions/middleware/lane-batch.ts';
import { deliver } from '../../../app/deliver/deliver.ts';
import { probe } from '../../../app/deliver/probe.ts';
import { busId } from '../../../core/event/hops.ts';
import { createProbes } from '../../../runtime/aws/watches.ts';
import { open, type World } from '../../../runtime/open.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { lazy } from '../../../runtime/system.ts';
import { systemRuntimeWithHttp } from '../../../runtime/system-http.ts';
import { delivering } from '../../../runtime/tools.ts';
import { sinks } from '../../index.ts';
import type { RocketMqRuntime } from '../client.ts';
import { rocketMqEndpoints } from '../config.ts';
import { rocketMq } from '../kind.ts';
import { createRocketMqSender } from '../sender.ts';
import { systemRocketMq } from '../system.ts';

/**
 * Consumes the lanes of every receiver that is a topic of RocketMQ, and is called by the schedule of one whose breaker
 * is open: whatever speaks to RocketMQ is in one function, which alone has the client in its bundle, and alone needs to
 * be in the brokers' network.
 */
export function create(runtime: Runtime & RocketMqRuntime) {
  const { clock, random, rocketmq } = runtime;
  const tools = open(runtime, {
    ...delivering,
    sinks: () => sinks,
    senders({ config }: World) {
      return [
        createRocketMqSender({
          rocketmq,
          clock,
          random,
          endpoints: config.endpoints,
          rocketMqEndpoints: rocketMqEndpoints(runtime.env),
          busId: busId(config),
        }),
      ];
    },
    probes: (world: World) => createProbes(world, rocketMq.probedBy),
  });
  return async (event: SQSEvent | { receiver: string }): Promise<SQSBatchResponse> => {
    if (!('Records' in event)) {
      await probe(tools, event.receiver);
      return batchAnswer([]);
    }
    const batch = laneBatch(tools.prefix, event);
    return batchAnswer(batch === undefined ? [] : await deliver(tools, batch));
  };
}

export const handler = lazy(() => {
  const runtime = systemRuntimeWithHttp();
  return create({ ...runtime, rocketmq: systemRocketMq(runtime.log) });
});
