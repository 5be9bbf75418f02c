import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';

export function deleteEventSourceMapping({ mappings }: Lambda): Operation {
  return {
    permissions: (input) => [mappings.permission('DeleteEventSourceMapping', input)],
    handle(input) {
      membersOfLambda(input, 'DeleteEventSourceMapping').only('UUID');
      return mappings.describe(mappings.delete(mappings.findSettled(input.UUID, 'delete').uuid));
    },
  };
}
