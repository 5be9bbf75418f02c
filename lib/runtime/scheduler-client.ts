// This file is loaded by `loadPart`, through lib/runtime/aws/shims/client-scheduler.ts.
export { CreateScheduleCommand, DeleteScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
