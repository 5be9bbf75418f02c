import type { Operation } from '../../engine.ts';
import { checkEventSource } from '../event-source.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { mappingSettingMembers, readSettings } from '../mapping-settings.ts';

export function updateEventSourceMapping({ host, functions, mappings }: Lambda): Operation {
  return {
    permissions: (input) => [mappings.permission('UpdateEventSourceMapping', input)],
    async handle(input) {
      const members = membersOfLambda(input, 'UpdateEventSourceMapping');
      members.only(...mappingSettingMembers, 'UUID', 'FunctionName');
      const before = mappings.findSettled(input.UUID, 'update');
      const target = functions.find(members.string('FunctionName') ?? before.functionName);
      const settings = readSettings(members, before.eventSourceArn, { ...before, functionName: target.name });
      if (settings.enabled) await checkEventSource(host, target, before.eventSourceArn);
      // Read the mapping again: checking the source took a while, and another update may have begun.
      const { uuid, eventSourceArn, startingPosition, tags, state, lastModifiedMs } = mappings.findSettled(
        input.UUID,
        'update',
      );
      const changed = mappings.update({
        ...settings,
        uuid,
        eventSourceArn,
        ...(startingPosition === undefined ? {} : { startingPosition }),
        tags,
        state,
        lastModifiedMs,
      });
      return mappings.describe(changed);
    },
  };
}
