import type { Operation } from '../../engine.ts';
import {
  describeEventInvokeConfig,
  eventInvokeMembers,
  readEventInvokeConfig,
  requireEventInvokeConfig,
} from '../event-invoke-config.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function updateFunctionEventInvokeConfig({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'UpdateFunctionEventInvokeConfig', input)],
    handle(input) {
      const members = membersOfLambda(input, 'UpdateFunctionEventInvokeConfig');
      members.only(...eventInvokeMembers);
      const found = functions.find(input.FunctionName, input.Qualifier);
      const eventInvoke = {
        ...requireEventInvokeConfig(found),
        ...readEventInvokeConfig(members),
        lastModifiedMs: host.clock.now(),
      };
      return describeEventInvokeConfig(functions.put({ ...found, eventInvoke }), eventInvoke);
    },
  };
}
