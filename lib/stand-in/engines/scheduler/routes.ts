import type { Route } from '../engine.ts';

const paging = { NextToken: 'NextToken', MaxResults: 'MaxResults', NamePrefix: 'NamePrefix' } as const;
const groupAndToken = { groupName: 'GroupName', clientToken: 'ClientToken' } as const;

/** The paths of the API (https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html). */
export const schedulerRoutes: readonly Route[] = [
  {
    operation: 'ListSchedules',
    method: 'GET',
    path: '/schedules',
    query: { ...paging, ScheduleGroup: 'GroupName', State: 'State' },
  },
  { operation: 'CreateSchedule', method: 'POST', path: '/schedules/{Name}' },
  { operation: 'GetSchedule', method: 'GET', path: '/schedules/{Name}', query: groupAndToken },
  { operation: 'UpdateSchedule', method: 'PUT', path: '/schedules/{Name}' },
  { operation: 'DeleteSchedule', method: 'DELETE', path: '/schedules/{Name}', query: groupAndToken },
  { operation: 'ListScheduleGroups', method: 'GET', path: '/schedule-groups', query: paging },
  { operation: 'CreateScheduleGroup', method: 'POST', path: '/schedule-groups/{Name}' },
  { operation: 'GetScheduleGroup', method: 'GET', path: '/schedule-groups/{Name}' },
  {
    operation: 'DeleteScheduleGroup',
    method: 'DELETE',
    path: '/schedule-groups/{Name}',
    query: { clientToken: 'ClientToken' },
  },
  { operation: 'ListTagsForResource', method: 'GET', path: '/tags/{ResourceArn}' },
  { operation: 'TagResource', method: 'POST', path: '/tags/{ResourceArn}' },
  {
    operation: 'UntagResource',
    method: 'DELETE',
    path: '/tags/{ResourceArn}',
    query: { TagKeys: 'TagKeys' },
  },
];
