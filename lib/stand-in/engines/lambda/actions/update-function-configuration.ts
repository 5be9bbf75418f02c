import { AwsError, type Operation, type Permission } from '../../engine.ts';
import { describeFunction, readSettings, settingMembers } from '../configuration.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

/** Refuses a change that was decided on an older state of the function. */
export function refuseStaleRevision(revisionId: string | undefined, current: string): void {
  if (revisionId !== undefined && revisionId !== current) {
    throw new AwsError(
      'PreconditionFailedException',
      'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
      { status: 412, members: { Type: 'User' } },
    );
  }
}

export function updateFunctionConfiguration({ host, functions, instances }: Lambda): Operation {
  return {
    permissions(input) {
      const permissions: Permission[] = [functionPermission(host, 'UpdateFunctionConfiguration', input)];
      if (typeof input.Role === 'string') {
        permissions.push({
          action: 'iam:PassRole',
          resource: input.Role,
          context: { 'iam:PassedToService': 'lambda.amazonaws.com' },
        });
      }
      return permissions;
    },
    handle(input) {
      const members = membersOfLambda(input, 'UpdateFunctionConfiguration');
      members.only(...settingMembers, 'FunctionName', 'RevisionId');
      const found = functions.find(input.FunctionName);
      refuseStaleRevision(members.string('RevisionId'), found.revisionId);
      const stored = functions.put({ ...found, ...readSettings(members) });
      instances.replace(stored.name);
      return describeFunction(stored);
    },
  };
}
