import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { mappingPermission } from '../names.ts';

export function getEventSourceMapping({ host, mappings }: Lambda): Operation {
  return {
    permissions: (input) => [mappingPermission(host, 'GetEventSourceMapping', input)],
    handle(input) {
      membersOfLambda(input, 'GetEventSourceMapping').only('UUID');
      return mappings.describe(mappings.find(input.UUID));
    },
  };
}
