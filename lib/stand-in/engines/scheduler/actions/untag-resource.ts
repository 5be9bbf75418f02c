import type { Operation } from '../../engine.ts';
import { membersOfScheduler } from '../definition.ts';
import type { Scheduler } from '../scheduler.ts';
import { taggedGroup, tagPermission } from '../tags.ts';

export function untagResource({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [tagPermission('UntagResource', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'UntagResource');
      members.only('ResourceArn', 'TagKeys');
      const group = taggedGroup(host, schedules, members.requiredString('ResourceArn'));
      // The wire protocol joins a repeated query parameter with commas.
      const removed = members.requiredString('TagKeys').split(',');
      const kept = Object.entries(group.tags).filter(([key]) => !removed.includes(key));
      schedules.groups.put({ ...group, tags: Object.fromEntries(kept) });
      return {};
    },
  };
}
