import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { readTags, tagPermission } from '../tags.ts';

export function listTags(lambda: Lambda): Operation {
  return {
    permissions: (input) => [tagPermission('ListTags', input)],
    handle(input) {
      membersOfLambda(input, 'ListTags').only('Resource');
      return { Tags: readTags(lambda, input.Resource) };
    },
  };
}
