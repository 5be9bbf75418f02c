import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import type { Config } from './config.ts';
import type { BaseRuntime } from './runtime.ts';

/** Schedules that have a function look at a receiver again and again: one a receiver, only while it needs that. */
export interface ReceiverSchedules {
  /** Starts the schedule of a receiver; it may have one already. */
  start(receiver: string): Promise<void>;
  stop(receiver: string): Promise<void>;
}

export function createReceiverSchedules(
  runtime: BaseRuntime,
  config: Config,
  options: {
    readonly functionArn: string;
    readonly everyMinutes: number;
    nameOf(receiver: string): string;
  },
): ReceiverSchedules {
  const client = new SchedulerClient(runtime.aws);
  return {
    async start(receiver) {
      try {
        await client.send(
          new CreateScheduleCommand({
            Name: options.nameOf(receiver),
            GroupName: config.scheduleGroup,
            ScheduleExpression: `rate(${options.everyMinutes} minutes)`,
            FlexibleTimeWindow: { Mode: 'OFF' },
            Target: {
              Arn: options.functionArn,
              RoleArn: config.scheduleRoleArn,
              Input: JSON.stringify({ receiver }),
            },
          }),
        );
      } catch (error) {
        if (!(error instanceof ConflictException)) throw error;
      }
    },
    async stop(receiver) {
      try {
        await client.send(
          new DeleteScheduleCommand({ Name: options.nameOf(receiver), GroupName: config.scheduleGroup }),
        );
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
