import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleInput,
  DeleteScheduleCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-scheduler';
import { atExpression } from '../../core/delay/wait.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { World } from '../open.ts';
import { scheduler } from './clients.ts';

/** How long a throttled schedule is tried again within a request before the request fails. */
const scheduleRetrySeconds = 12;

/** How often Scheduler itself has a recurring schedule looked at, in case its timers are lost. */
const guardMinutes = 60;

/** Schedules of EventBridge that put a text into the delay queue, once. */
export interface Schedules {
  /**
   * A throttled call is made again with growing, jittered pauses for some seconds. Quotas:
   * https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html
   * @param name at most 64 of [0-9a-zA-Z-_.]; a schedule that already stands under it is left as it is, so
   * that a repeated call makes one schedule.
   */
  create(name: string, fireAtMs: number, input: string): Promise<void>;
  /** Has a text come every hour, whatever else happens; it may do so already. */
  repeat(name: string, input: string): Promise<void>;
  /** It may have fired, and so be gone. */
  delete(name: string): Promise<void>;
}

export function createSchedules(world: World): Schedules {
  const { config } = world;
  const client = world.use(scheduler);
  async function make(
    name: string,
    schedule: Pick<CreateScheduleInput, 'ScheduleExpression'>,
    input: string,
  ) {
    try {
      await patiently(world, () =>
        client.send(
          new CreateScheduleCommand({
            Name: name,
            GroupName: config.scheduleGroup,
            ScheduleExpressionTimezone: 'UTC',
            FlexibleTimeWindow: { Mode: 'OFF' },
            ActionAfterCompletion: 'DELETE',
            Target: { Arn: config.delayQueueArn, RoleArn: config.scheduleRoleArn, Input: input },
            ...schedule,
          }),
        ),
      );
    } catch (error) {
      if (!(error instanceof ConflictException)) throw error;
    }
  }
  return {
    create: (name, fireAtMs, input) => make(name, { ScheduleExpression: atExpression(fireAtMs) }, input),
    repeat: (name, input) => make(name, { ScheduleExpression: `rate(${guardMinutes} minutes)` }, input),
    async delete(name) {
      try {
        await patiently(world, () =>
          client.send(new DeleteScheduleCommand({ Name: name, GroupName: config.scheduleGroup })),
        );
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}

/** Makes a call again while AWS throttles it: after 50 ms, then after twice as long each time, each less by chance. */
async function patiently<Answer>({ clock, random }: World, call: () => Promise<Answer>): Promise<Answer> {
  const untilMs = clock.now() + scheduleRetrySeconds * 1000;
  for (let round = 0; ; round++) {
    try {
      return await call();
    } catch (error) {
      const isThrottled = error instanceof Error && /Throttl|TooManyRequests/i.test(error.name);
      const waitMs = Math.min(2000, 50 * 2 ** round) * (0.5 + random.next() / 2);
      if (!isThrottled || clock.now() + waitMs > untilMs) throw error;
      await sleep(clock, waitMs);
    }
  }
}
