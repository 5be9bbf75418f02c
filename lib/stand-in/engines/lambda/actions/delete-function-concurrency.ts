import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function deleteFunctionConcurrency({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'DeleteFunctionConcurrency', input)],
    handle(input) {
      membersOfLambda(input, 'DeleteFunctionConcurrency').only('FunctionName');
      const { reservedConcurrency: _, ...unreserved } = functions.find(input.FunctionName);
      functions.put(unreserved);
      return undefined;
    },
  };
}
