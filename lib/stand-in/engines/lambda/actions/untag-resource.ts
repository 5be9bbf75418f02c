import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { readTags, tagPermission, writeTags } from '../tags.ts';

export function untagResource(lambda: Lambda): Operation {
  return {
    permissions: (input) => [tagPermission('UntagResource', input)],
    handle(input) {
      const members = membersOfLambda(input, 'UntagResource');
      members.only('Resource', 'TagKeys');
      // The wire protocol joins a repeated query parameter with commas.
      const removed = members.requiredString('TagKeys').split(',');
      const kept = Object.entries(readTags(lambda, input.Resource)).filter(([key]) => !removed.includes(key));
      writeTags(lambda, input.Resource, Object.fromEntries(kept));
      return undefined;
    },
  };
}
