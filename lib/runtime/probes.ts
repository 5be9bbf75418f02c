import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { bus } from '../core/limits.ts';
import { probeFunctionArn, probeScheduleName } from '../core/resources.ts';
import type { Config } from './config.ts';
import type { BaseRuntime } from './runtime.ts';

/** The schedules that probe receivers whose lane is not polled: one a receiver, only while it is so. */
export interface Probes {
  /** Has the probe function look at the receiver every few minutes; it may be so already. */
  start(receiver: string): Promise<void>;
  stop(receiver: string): Promise<void>;
}

export function createProbes(runtime: BaseRuntime, config: Config): Probes {
  const client = new SchedulerClient(runtime.aws);
  return {
    async start(receiver) {
      try {
        await client.send(
          new CreateScheduleCommand({
            Name: probeScheduleName(receiver),
            GroupName: config.scheduleGroup,
            ScheduleExpression: `rate(${bus.breakerScheduleMinutes} minutes)`,
            FlexibleTimeWindow: { Mode: 'OFF' },
            Target: {
              Arn: probeFunctionArn(config),
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
          new DeleteScheduleCommand({ Name: probeScheduleName(receiver), GroupName: config.scheduleGroup }),
        );
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
