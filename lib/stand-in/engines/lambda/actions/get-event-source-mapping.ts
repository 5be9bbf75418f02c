import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';

export function getEventSourceMapping({ mappings }: Lambda): Operation {
  return {
    permissions: (input) => [mappings.permission('GetEventSourceMapping', input)],
    handle(input) {
      membersOfLambda(input, 'GetEventSourceMapping').only('UUID');
      return mappings.describe(mappings.find(input.UUID));
    },
  };
}
