import type { Operation } from '../../engine.ts';
import { membersOfScheduler } from '../definition.ts';
import { describeGroup } from '../groups.ts';
import { schedulerLimits } from '../limits.ts';
import { encodePosition, readPosition } from '../paging.ts';
import type { Scheduler } from '../scheduler.ts';

export function listScheduleGroups({ host, schedules }: Scheduler): Operation {
  return {
    permissions: () => [{ action: 'scheduler:ListScheduleGroups', resource: '*' }],
    handle(input) {
      const members = membersOfScheduler(input, 'ListScheduleGroups');
      members.only('NamePrefix', 'NextToken', 'MaxResults');
      const prefix = members.string('NamePrefix') ?? '';
      const { min, max } = schedulerLimits.pageSize;
      const size = members.integer('MaxResults', min, max) ?? schedulerLimits.pageSize.default;
      const from = readPosition(members.string('NextToken'));
      const found = [...schedules.groups.all()].filter(({ name }) => name.startsWith(prefix));
      const page = found.slice(from, from + size);
      return {
        ScheduleGroups: page.map((group) => describeGroup(host, group)),
        ...(found.length > from + size ? { NextToken: encodePosition(from + size) } : {}),
      };
    },
  };
}
