import type { Operation } from '../../engine.ts';
import { clientToken } from '../client-token.ts';
import { groupOf, membersOfScheduler, readDefinition } from '../definition.ts';
import { passRole, scheduleArn, schedulePermission } from '../names.ts';
import type { Scheduler } from '../scheduler.ts';

/** Replaces the whole schedule: what the request leaves out returns to its default. */
export function updateSchedule({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [schedulePermission(host, 'UpdateSchedule', input), ...passRole(input)],
    handle(input) {
      const definition = readDefinition(input, 'UpdateSchedule');
      const name = membersOfScheduler(input, 'UpdateSchedule').requiredString('Name');
      const group = groupOf(input, 'UpdateSchedule');
      schedules.update(schedules.find(group, name), definition, clientToken(input));
      return { ScheduleArn: scheduleArn(host, group, name) };
    },
  };
}
