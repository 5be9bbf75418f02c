import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function getFunctionConcurrency({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'GetFunctionConcurrency', input)],
    handle(input) {
      membersOfLambda(input, 'GetFunctionConcurrency').only('FunctionName');
      const { reservedConcurrency } = functions.find(input.FunctionName);
      return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
    },
  };
}
