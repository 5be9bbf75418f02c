import type { Operation } from '../../engine.ts';
import { groupOf, membersOfScheduler } from '../definition.ts';
import { scheduleKey, schedulePermission } from '../names.ts';
import type { Scheduler } from '../scheduler.ts';

export function deleteSchedule({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [schedulePermission(host, 'DeleteSchedule', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'DeleteSchedule');
      members.only('Name', 'GroupName', 'ClientToken');
      const { group, name } = schedules.find(
        groupOf(input, 'DeleteSchedule'),
        members.requiredString('Name'),
      );
      schedules.delete(scheduleKey(group, name));
      return {};
    },
  };
}
