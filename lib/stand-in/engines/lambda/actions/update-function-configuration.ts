import { AwsError, type Operation } from '../../engine.ts';
import { describeFunction, readSettings, settingMembers, settingPermissions } from '../configuration.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';

/** Rejects a change that was based on an older revision of the function. */
export function rejectStaleRevision(revisionId: string | undefined, current: string): void {
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
      rejectStaleRevision(members.string('RevisionId'), found.revisionId);
      const stored = functions.put({ ...found, ...readSettings(members) });
      instances.replace(stored.name);
      return describeFunction(stored);
    },
  };
}
