import type { Operation } from '../../engine.ts';
import { describeFunction, readArchitectures, readCode } from '../configuration.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';
import { rejectStaleRevision } from './update-function-configuration.ts';

export function updateFunctionCode({ host, functions, instances, options }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'UpdateFunctionCode', input)],
    handle(input) {
      const { FunctionName, Architectures, DryRun, RevisionId, ...code } = input;
      const members = membersOfLambda({ Architectures, DryRun, RevisionId }, 'UpdateFunctionCode');
      const found = functions.find(FunctionName);
      rejectStaleRevision(members.string('RevisionId'), found.revisionId);
      const location = readCode(membersOfLambda(code, 'UpdateFunctionCode'));
      options.locateCode(location);
      const architectures = readArchitectures(members) ?? found.architectures;
      if (members.boolean('DryRun') === true) return describeFunction({ ...found, location, architectures });
      const stored = functions.put({ ...found, location, architectures });
      instances.replace(stored.name);
      return describeFunction(stored);
    },
  };
}
