import type { Operation } from '../../engine.ts';
import { notFound } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';
import { rejectStaleRevision } from './update-function-configuration.ts';

export function removePermission({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'RemovePermission', input)],
    handle(input) {
      const members = membersOfLambda(input, 'RemovePermission');
      members.only('FunctionName', 'Qualifier', 'StatementId', 'RevisionId');
      const found = functions.find(input.FunctionName, input.Qualifier);
      rejectStaleRevision(members.string('RevisionId'), found.revisionId);
      const sid = members.requiredString('StatementId');
      const policy = found.policy.filter((statement) => statement.Sid !== sid);
      if (policy.length === found.policy.length) {
        throw notFound(`Statement ${sid} is not found in resource policy.`);
      }
      functions.put({ ...found, policy });
      return undefined;
    },
  };
}
