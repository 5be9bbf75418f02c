import type { Operation } from '../../engine.ts';
import { clientToken } from '../client-token.ts';
import { groupOf, membersOfScheduler, readDefinition } from '../definition.ts';
import { checkName, passRole, scheduleArn, schedulePermission } from '../names.ts';
import type { Scheduler } from '../scheduler.ts';

export function createSchedule({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [schedulePermission(host, 'CreateSchedule', input), ...passRole(input)],
    handle(input) {
      const definition = readDefinition(input, 'CreateSchedule');
      const name = checkName('name', membersOfScheduler(input, 'CreateSchedule').requiredString('Name'));
      const group = groupOf(input, 'CreateSchedule');
      schedules.create(group, name, definition, clientToken(input));
      return { ScheduleArn: scheduleArn(host, group, name) };
    },
  };
}
