import type { Context } from 'aws-lambda';
import { runBridge } from '../../../app/bridge/bridge.ts';
import { busId } from '../../../core/event/hops.ts';
import { readVariable } from '../../../runtime/config.ts';
import { open, type World } from '../../../runtime/open.ts';
import { readSecret, refused, systemEvents } from '../../../runtime/stores.ts';
import { lazy, systemRuntime } from '../../../runtime/system.ts';
import { publishing } from '../../../runtime/tools.ts';
import { parseBridge } from '../bridge.ts';
import type { RocketMqRuntime } from '../client.ts';
import { variables } from '../config.ts';
import { sourceOf } from '../reader.ts';
import { systemRocketMq } from '../system.ts';

/** Called by a schedule, every minute: a function for each bridge, which its environment describes. */
export function create(runtime: RocketMqRuntime) {
  const { name, bridge } = parseBridge(readVariable(runtime.env, variables.bridge));
  const { readSecret: secretReader, ...tools } = open(runtime, {
    readSecret,
    ...publishing,
    refused,
    systemEvents,
    busId: ({ config }: World) => busId(config),
  });
  const source = sourceOf({ rocketmq: runtime.rocketmq, readSecret: secretReader }, name, bridge);
  return async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<unknown> =>
    await runBridge(tools, name, source, context.getRemainingTimeInMillis());
}

export const handler = lazy(() => {
  const runtime = systemRuntime();
  return create({ ...runtime, rocketmq: systemRocketMq(runtime.log) });
});
