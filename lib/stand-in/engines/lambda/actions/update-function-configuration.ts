import { AwsError, type Operation } from '../../engine.ts';
import { describeFunction, readSettings, settingMembers, settingPermissions } from '../configuration.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';

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
    permissions: (input) => settingPermissions(host, 'UpdateFunctionConfiguration', input),
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
