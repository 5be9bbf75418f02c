import type { Operation } from '../../engine.ts';
import { invalidParameter } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { lambdaLimits } from '../limits.ts';
import { functionPermission } from '../names.ts';

export function putFunctionConcurrency({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'PutFunctionConcurrency', input)],
    handle(input) {
      const members = membersOfLambda(input, 'PutFunctionConcurrency');
      members.only('FunctionName', 'ReservedConcurrentExecutions');
      const found = functions.find(input.FunctionName);
      const { accountConcurrency, unreservedConcurrencyMin } = lambdaLimits;
      const reserved = members.integer('ReservedConcurrentExecutions', 0, accountConcurrency);
      if (reserved === undefined) throw invalidParameter('ReservedConcurrentExecutions is required.');
      let unreserved = accountConcurrency - reserved;
      for (const other of functions.all()) {
        if (other.name !== found.name) unreserved -= other.reservedConcurrency ?? 0;
      }
      if (unreserved < unreservedConcurrencyMin) {
        throw invalidParameter(
          `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedConcurrencyMin}].`,
        );
      }
      functions.put({ ...found, reservedConcurrency: reserved });
      return { ReservedConcurrentExecutions: reserved };
    },
  };
}
