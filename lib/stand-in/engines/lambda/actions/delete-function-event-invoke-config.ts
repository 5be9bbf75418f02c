import type { Operation } from '../../engine.ts';
import { notFound } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function deleteFunctionEventInvokeConfig({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'DeleteFunctionEventInvokeConfig', input)],
    handle(input) {
      membersOfLambda(input, 'DeleteFunctionEventInvokeConfig').only('FunctionName', 'Qualifier');
      const { eventInvoke, ...rest } = functions.find(input.FunctionName, input.Qualifier);
      if (eventInvoke === undefined) {
        throw notFound(`The function ${rest.arn}:$LATEST doesn't have an EventInvokeConfig`);
      }
      functions.put(rest);
      return undefined;
    },
  };
}
