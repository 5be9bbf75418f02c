import middy from '@middy/core';
import { runBridge } from '../lib/app/bridge/bridge.ts';
import { parseBridge } from '../lib/core/bridge/bridge.ts';
import { busId } from '../lib/core/event/hops.ts';
import { parseConfig, readVariable, variables } from '../lib/runtime/config.ts';
import type { RocketMqRuntime } from '../lib/runtime/rocketmq.ts';
import { createSecretReader } from '../lib/runtime/secrets-manager.ts';
import { createRefusedStore } from '../lib/runtime/stores/refused.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';
import { systemRocketMq } from '../lib/runtime/system-rocketmq.ts';
import { createTable } from '../lib/runtime/table.ts';
import { publishTools } from './middleware/publish-tools.ts';

/** Called by a schedule, every minute: a function for each bridge, which its environment describes. */
export function create(runtime: RocketMqRuntime) {
  const config = parseConfig(runtime.env);
  const { name, bridge } = parseBridge(readVariable(runtime.env, variables.bridge));
  const tools = {
    ...publishTools(runtime, config),
    refused: createRefusedStore(createTable(runtime, config)),
    rocketmq: runtime.rocketmq,
    readSecret: createSecretReader(runtime),
    busId: busId(config),
  };
  return middy<unknown, unknown>().handler(
    async (_event, context) => await runBridge(tools, name, bridge, context.getRemainingTimeInMillis()),
  );
}

export const handler = lazy(() => {
  const runtime = systemRuntime();
  return create({ ...runtime, rocketmq: systemRocketMq(runtime.log) });
});
