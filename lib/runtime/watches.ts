import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { bus } from '../core/limits.ts';
import { type Watcher, watcherArn, watchName } from '../core/resources.ts';
import type { Config } from './config.ts';
import type { BaseRuntime } from './runtime.ts';

/** Schedules that have a function look at a receiver every few minutes: one a receiver, only while it needs that. */
export interface Watches {
  /** Begins to look; it may be so already. */
  start(receiver: string): Promise<void>;
  stop(receiver: string): Promise<void>;
}

/** Probe receivers whose breaker is open and whose lanes are not polled. */
export const createProbes = (runtime: BaseRuntime, config: Config): Watches =>
  createWatches(runtime, config, 'probe', bus.breakerScheduleMinutes);

/** Find out whether the hot types of a receiver cooled. */
export const createOffloadWatches = (runtime: BaseRuntime, config: Config): Watches =>
  createWatches(runtime, config, 'offload', bus.offloadCheckMinutes);

/** Ask the endpoints of receivers whose owners have not agreed yet to get events. */
export const createValidations = (runtime: BaseRuntime, config: Config): Watches =>
  createWatches(runtime, config, 'validate', bus.validationScheduleMinutes);

/** Tell the backlog alarm of a receiver that it is paused. */
export const createPauseWatches = (runtime: BaseRuntime, config: Config): Watches =>
  createWatches(runtime, config, 'pause', bus.pauseWatchMinutes);

function createWatches(runtime: BaseRuntime, config: Config, watcher: Watcher, minutes: number): Watches {
  const client = new SchedulerClient(runtime.aws);
  const named = (receiver: string) => ({
    Name: watchName(watcher, receiver),
    GroupName: config.scheduleGroup,
  });
  return {
    async start(receiver) {
      try {
        await client.send(
          new CreateScheduleCommand({
            ...named(receiver),
            ScheduleExpression: `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`,
            FlexibleTimeWindow: { Mode: 'OFF' },
            Target: {
              Arn: watcherArn(config, watcher),
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
        await client.send(new DeleteScheduleCommand(named(receiver)));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
