import type { Operation } from '../../engine.ts';
import { notFound } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';
import { policyDocument } from '../policy.ts';

export function getPolicy({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'GetPolicy', input)],
    handle(input) {
      membersOfLambda(input, 'GetPolicy').only('FunctionName', 'Qualifier');
      const found = functions.find(input.FunctionName, input.Qualifier);
      const document = policyDocument(found);
      if (document === undefined) throw notFound('The resource you requested does not exist.');
      return { Policy: JSON.stringify({ ...document, Id: 'default' }), RevisionId: found.revisionId };
    },
  };
}
