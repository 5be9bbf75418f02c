import type { Operation } from '../../engine.ts';
import { describeFunction } from '../configuration.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function getFunctionConfiguration({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'GetFunctionConfiguration', input)],
    handle(input) {
      membersOfLambda(input, 'GetFunctionConfiguration').only('FunctionName', 'Qualifier');
      return describeFunction(functions.find(input.FunctionName, input.Qualifier));
    },
  };
}
