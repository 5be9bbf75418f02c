import type { Operation } from '../../engine.ts';
import { membersOfScheduler } from '../definition.ts';
import type { Scheduler } from '../scheduler.ts';
import { taggedGroup, tagPermission } from '../tags.ts';

export function listTagsForResource({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [tagPermission('ListTagsForResource', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'ListTagsForResource');
      members.only('ResourceArn');
      const { tags } = taggedGroup(host, schedules, members.requiredString('ResourceArn'));
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}
