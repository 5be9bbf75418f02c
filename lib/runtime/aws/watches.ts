import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-scheduler';
import { bus } from '../../core/kernel/limits.ts';
import { functionArn, type Watcher, watchName } from '../../core/kernel/place.ts';
import type { World } from '../open.ts';
import { scheduler } from './clients.ts';

/** How often the backlog alarm hears of a pause; it looks at five minutes. */
const pauseWatchMinutes = 2;

/** How often a pending validation is looked at, and so how exact its times are. */
const validationScheduleMinutes = 2;

/** How often a topic with a rule or a release is looked at; Scheduler knows no shorter rate. */
const holdWatchMinutes = 1;

/** Schedules that have a function look at a receiver or topic every few minutes: one each, only while it needs that. */
export interface Watches {
  /** Begins to look; it may be so already. */
  start(watched: string): Promise<void>;
  stop(watched: string): Promise<void>;
}

/**
 * Probe receivers whose breaker is open and whose lanes are not polled.
 * @param by the function that does.
 */
export const createProbes = (world: World, by = 'probe'): Watches =>
  createWatches(world, 'probe', bus.breakerScheduleMinutes, by);

/** Find out whether the hot types of a receiver cooled. */
export const createOffloadWatches = (world: World): Watches =>
  createWatches(world, 'offload', bus.offloadCheckMinutes);

/** Go on with releases, and follow the rules by which topics give way. */
export const createHoldWatches = (world: World): Watches => createWatches(world, 'hold', holdWatchMinutes);

/** Ask the endpoints of receivers whose owners have not agreed yet to get events. */
export const createValidations = (world: World): Watches =>
  createWatches(world, 'validate', validationScheduleMinutes);

/** Tell the backlog alarm of a receiver that it is paused. */
export const createPauseWatches = (world: World): Watches => createWatches(world, 'pause', pauseWatchMinutes);

function createWatches(world: World, watcher: Watcher, minutes: number, by: string = watcher): Watches {
  const { config } = world;
  const client = world.use(scheduler);
  const kind = watcher === 'hold' ? 'topic' : 'receiver';
  const named = (watched: string) => ({
    Name: watchName(watcher, watched),
    GroupName: config.scheduleGroup,
  });
  return {
    async start(watched) {
      try {
        await client.send(
          new CreateScheduleCommand({
            ...named(watched),
            ScheduleExpression: `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`,
            FlexibleTimeWindow: { Mode: 'OFF' },
            Target: {
              Arn: functionArn(config, by),
              RoleArn: config.scheduleRoleArn,
              Input: JSON.stringify({ [kind]: watched }),
            },
          }),
        );
      } catch (error) {
        if (!(error instanceof ConflictException)) throw error;
      }
    },
    async stop(watched) {
      try {
        await client.send(new DeleteScheduleCommand(named(watched)));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
