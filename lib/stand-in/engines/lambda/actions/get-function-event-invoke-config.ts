import type { Operation } from '../../engine.ts';
import { describeEventInvokeConfig, requireEventInvokeConfig } from '../event-invoke-config.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function getFunctionEventInvokeConfig({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'GetFunctionEventInvokeConfig', input)],
    handle(input) {
      membersOfLambda(input, 'GetFunctionEventInvokeConfig').only('FunctionName', 'Qualifier');
      const found = functions.find(input.FunctionName, input.Qualifier);
      return describeEventInvokeConfig(found, requireEventInvokeConfig(found));
    },
  };
}
