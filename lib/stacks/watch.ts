import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { functionArn, type Place, type Prober, type Watcher, watchName } from '../core/resources.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';
import type { Delay } from './schedule.ts';

/** The schedules by which a function looks at single receivers, whoever those are. */
export const watchSchedules = (place: Place, delay: Delay, watcher: Watcher) =>
  `arn:${place.partition}:scheduler:${place.region}:${place.account}:schedule/${delay.group.name}/${watchName(watcher, '*')}`;

/**
 * Lets the scheduler call the function of the watcher's name, or of another that does its work, and these functions say
 * for which receivers.
 */
export function grantWatching(
  starters: readonly BusFunction[],
  {
    place,
    delay,
    watcher,
    by = watcher,
  }: { place: Place; delay: Delay; watcher: Watcher; by?: Prober | Watcher },
): void {
  delay.schedulerRole.addToPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['lambda:InvokeFunction'],
      resources: [functionArn(place, by)],
    }),
  );
  for (const starter of starters) {
    starter.grantByPattern(
      ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
      [watchSchedules(place, delay, watcher)],
      reasons.madeAtRunTime,
    );
    starter.grant(['iam:PassRole'], [delay.schedulerRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    });
  }
}
