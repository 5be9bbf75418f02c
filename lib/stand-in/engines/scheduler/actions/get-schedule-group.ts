import type { Operation } from '../../engine.ts';
import { membersOfScheduler } from '../definition.ts';
import { describeGroup } from '../groups.ts';
import { groupPermission } from '../names.ts';
import type { Scheduler } from '../scheduler.ts';

export function getScheduleGroup({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [groupPermission(host, 'GetScheduleGroup', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'GetScheduleGroup');
      members.only('Name');
      return describeGroup(host, schedules.groups.find(members.requiredString('Name')));
    },
  };
}
