import type { Engine, Host } from '../engine.ts';
import { createSchedule } from './actions/create-schedule.ts';
import { createScheduleGroup } from './actions/create-schedule-group.ts';
import { deleteSchedule } from './actions/delete-schedule.ts';
import { deleteScheduleGroup } from './actions/delete-schedule-group.ts';
import { getSchedule } from './actions/get-schedule.ts';
import { getScheduleGroup } from './actions/get-schedule-group.ts';
import { listScheduleGroups } from './actions/list-schedule-groups.ts';
import { listSchedules } from './actions/list-schedules.ts';
import { listTagsForResource } from './actions/list-tags-for-resource.ts';
import { tagResource } from './actions/tag-resource.ts';
import { untagResource } from './actions/untag-resource.ts';
import { updateSchedule } from './actions/update-schedule.ts';
import { createFiring } from './firing.ts';
import type { SchedulerOptions } from './model.ts';
import { schedulerRoutes } from './routes.ts';
import { createSchedules, type Scheduler } from './scheduler.ts';

export type { SchedulerOptions, SchedulerProblem } from './model.ts';

/** EventBridge Scheduler: schedules that send to queues and invoke functions. */
export const createScheduler =
  (options: SchedulerOptions) =>
  (host: Host): Engine & Required<Pick<Engine, 'resume' | 'close'>> => {
    const firing = createFiring(host, options);
    const schedules = createSchedules(host, options, firing);
    const scheduler: Scheduler = { host, schedules };
    return {
      service: 'scheduler',
      routes: schedulerRoutes,
      operations: {
        CreateSchedule: createSchedule(scheduler),
        CreateScheduleGroup: createScheduleGroup(scheduler),
        DeleteSchedule: deleteSchedule(scheduler),
        DeleteScheduleGroup: deleteScheduleGroup(scheduler),
        GetSchedule: getSchedule(scheduler),
        GetScheduleGroup: getScheduleGroup(scheduler),
        ListScheduleGroups: listScheduleGroups(scheduler),
        ListSchedules: listSchedules(scheduler),
        ListTagsForResource: listTagsForResource(scheduler),
        TagResource: tagResource(scheduler),
        UntagResource: untagResource(scheduler),
        UpdateSchedule: updateSchedule(scheduler),
      },
      resume: () => firing.start(schedules),
      close: firing.close,
    };
  };
