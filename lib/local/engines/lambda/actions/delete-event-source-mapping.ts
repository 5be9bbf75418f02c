import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { mappingPermission } from '../names.ts';

export function deleteEventSourceMapping({ host, mappings }: Lambda): Operation {
  return {
    permissions: (input) => [mappingPermission(host, 'DeleteEventSourceMapping', input)],
    handle(input) {
      membersOfLambda(input, 'DeleteEventSourceMapping').only('UUID');
      return mappings.describe(mappings.delete(mappings.findSettled(input.UUID).uuid));
    },
  };
}
