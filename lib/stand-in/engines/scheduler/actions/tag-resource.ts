import type { Operation } from '../../engine.ts';
import { membersOfScheduler } from '../definition.ts';
import type { Scheduler } from '../scheduler.ts';
import { readTagList, taggedGroup, tagPermission } from '../tags.ts';

export function tagResource({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [tagPermission('TagResource', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'TagResource');
      members.only('ResourceArn', 'Tags');
      const group = taggedGroup(host, schedules, members.requiredString('ResourceArn'));
      schedules.groups.put({ ...group, tags: { ...group.tags, ...readTagList(members) } });
      return {};
    },
  };
}
