import type { Operation } from '../../engine.ts';
import { requireEventInvokeConfig } from '../event-invoke-config.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function deleteFunctionEventInvokeConfig({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'DeleteFunctionEventInvokeConfig', input)],
    handle(input) {
      membersOfLambda(input, 'DeleteFunctionEventInvokeConfig').only('FunctionName', 'Qualifier');
      const found = functions.find(input.FunctionName, input.Qualifier);
      requireEventInvokeConfig(found);
      const { eventInvoke: _, ...rest } = found;
      functions.put(rest);
      return undefined;
    },
  };
}
