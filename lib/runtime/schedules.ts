import { ConflictException, CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { atExpression } from '../core/schedule.ts';
import type { Config } from './config.ts';
import type { BaseRuntime } from './runtime.ts';

/** Schedules of EventBridge that put a text into the delay queue, once. */
export interface Schedules {
  /**
   * @param name at most 64 of [0-9a-zA-Z-_.]; a schedule that already stands under it is left as it is, so
   * that a repeated call makes one schedule.
   */
  create(name: string, fireAtMs: number, input: string): Promise<void>;
}

export function createSchedules(runtime: BaseRuntime, config: Config): Schedules {
  const client = new SchedulerClient(runtime.aws);
  return {
    async create(name, fireAtMs, input) {
      try {
        await client.send(
          new CreateScheduleCommand({
            Name: name,
            GroupName: config.scheduleGroup,
            ScheduleExpression: atExpression(fireAtMs),
            ScheduleExpressionTimezone: 'UTC',
            FlexibleTimeWindow: { Mode: 'OFF' },
            ActionAfterCompletion: 'DELETE',
            Target: { Arn: config.delayQueueArn, RoleArn: config.scheduleRoleArn, Input: input },
          }),
        );
      } catch (error) {
        if (!(error instanceof ConflictException)) throw error;
      }
    },
  };
}
