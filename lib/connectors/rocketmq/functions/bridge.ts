import middy from '@middy/core';
import { publishTools } from '../../../../functions/middleware/publish-tools.ts';
import { runBridge } from '../../../app/bridge/bridge.ts';
import { busId } from '../../../core/event/hops.ts';
import { createSecretReader } from '../../../runtime/aws/secrets-manager.ts';
import { createTable } from '../../../runtime/aws/table/table.ts';
import { parseConfig, readVariable, variables } from '../../../runtime/config.ts';
import { createRefusedStore } from '../../../runtime/stores/refused.ts';
import { lazy, systemRuntime } from '../../../runtime/system.ts';
import { parseBridge } from '../bridge.ts';
import type { RocketMqRuntime } from '../client.ts';
import { systemRocketMq } from '../system.ts';

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
