import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function deleteFunction({ host, functions, instances }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'DeleteFunction', input)],
    handle(input) {
      membersOfLambda(input, 'DeleteFunction').only('FunctionName', 'Qualifier');
      const { name } = functions.find(input.FunctionName, input.Qualifier);
      functions.delete(name);
      instances.replace(name);
      return undefined;
    },
  };
}
