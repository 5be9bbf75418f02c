import type { Operation } from '../../engine.ts';
import { invalidParameter } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { readTags, tagPermission, writeTags } from '../tags.ts';

export function tagResource(lambda: Lambda): Operation {
  return {
    permissions: (input) => [tagPermission('TagResource', input)],
    handle(input) {
      const members = membersOfLambda(input, 'TagResource');
      members.only('Resource', 'Tags');
      const added = members.stringMap('Tags');
      if (added === undefined) throw invalidParameter('Tags is required.');
      writeTags(lambda, input.Resource, { ...readTags(lambda, input.Resource), ...added });
      return undefined;
    },
  };
}
