import type { Operation } from '../../engine.ts';
import { membersOfScheduler, seconds } from '../definition.ts';
import { schedulerLimits } from '../limits.ts';
import { scheduleArn } from '../names.ts';
import { encodePosition, readPosition } from '../paging.ts';
import type { Scheduler } from '../scheduler.ts';

export function listSchedules({ host, schedules }: Scheduler): Operation {
  return {
    permissions: () => [{ action: 'scheduler:ListSchedules', resource: '*' }],
    handle(input) {
      const members = membersOfScheduler(input, 'ListSchedules');
      members.only('GroupName', 'NamePrefix', 'State', 'NextToken', 'MaxResults');
      const group = members.string('GroupName');
      if (group !== undefined) schedules.groups.find(group);
      const prefix = members.string('NamePrefix') ?? '';
      const state = members.string('State');
      const { min, max } = schedulerLimits.pageSize;
      const size = members.integer('MaxResults', min, max) ?? schedulerLimits.pageSize.default;
      const after = readPosition(members.string('NextToken'));
      const summaries: Readonly<Record<string, unknown>>[] = [];
      let last = 0;
      // In the order of creation, so a page can start after a schedule that was deleted in the meantime.
      for (const schedule of schedules.all()) {
        if (schedule.number <= after || !schedule.name.startsWith(prefix)) continue;
        if (group !== undefined && schedule.group !== group) continue;
        const stateOf = schedule.enabled ? 'ENABLED' : 'DISABLED';
        if (state !== undefined && stateOf !== state) continue;
        if (summaries.length === size) return { Schedules: summaries, NextToken: encodePosition(last) };
        last = schedule.number;
        summaries.push({
          Arn: scheduleArn(host, schedule.group, schedule.name),
          GroupName: schedule.group,
          Name: schedule.name,
          State: stateOf,
          CreationDate: seconds(schedule.createdMs),
          LastModificationDate: seconds(schedule.modifiedMs),
          Target: { Arn: schedule.target.arn },
        });
      }
      return { Schedules: summaries };
    },
  };
}
