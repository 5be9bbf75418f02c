import type { Operation } from '../../engine.ts';
import { clientToken } from '../client-token.ts';
import { membersOfScheduler } from '../definition.ts';
import { checkName, groupArn, groupPermission } from '../names.ts';
import type { Scheduler } from '../scheduler.ts';
import { readTagList } from '../tags.ts';

export function createScheduleGroup({ host, schedules }: Scheduler): Operation {
  return {
    permissions: (input) => [groupPermission(host, 'CreateScheduleGroup', input)],
    handle(input) {
      const members = membersOfScheduler(input, 'CreateScheduleGroup');
      members.only('Name', 'Tags', 'ClientToken');
      const name = checkName('name', members.requiredString('Name'));
      schedules.groups.create(name, readTagList(members), clientToken(input));
      return { ScheduleGroupArn: groupArn(host, name) };
    },
  };
}
