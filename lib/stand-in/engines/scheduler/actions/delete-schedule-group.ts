import type { Operation } from '../../engine.ts';
import { membersOfScheduler } from '../definition.ts';
import { groupPermission } from '../names.ts';
import type { Scheduler } from '../scheduler.ts';

export function deleteScheduleGroup({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [groupPermission(host, 'DeleteScheduleGroup', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'DeleteScheduleGroup');
      members.only('Name', 'ClientToken');
      schedules.groups.delete(members.requiredString('Name'));
      return {};
    },
  };
}
