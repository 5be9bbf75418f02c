import type { Operation } from '../../engine.ts';
import { describeSchedule, groupOf, membersOfScheduler } from '../definition.ts';
import { schedulePermission } from '../names.ts';
import type { Scheduler } from '../scheduler.ts';

export function getSchedule({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [schedulePermission(host, 'GetSchedule', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'GetSchedule');
      members.only('Name', 'GroupName');
      return describeSchedule(
        host,
        schedules.find(groupOf(input, 'GetSchedule'), members.requiredString('Name')),
      );
    },
  };
}
