import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { functionArn, type Place, type Prober, type Watcher, watchName } from '../core/kernel/place.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';
import type { Delay } from './schedule.ts';

/** The schedules by which a function looks at single receivers, whoever those are. */
const watchSchedules = (place: Place, delay: Delay, watcher: Watcher) =>
  `arn:${place.partition}:scheduler:${place.region}:${place.account}:schedule/${delay.group.name}/${watchName(watcher, '*')}`;

/**
 * Lets the scheduler call the function of the watcher's name, or of another that does its work, and these functions say
 * for which receivers, and for which not.
 */
export function grantWatching(watching: {
  readonly place: Place;
  readonly delay: Delay;
  readonly watcher: Watcher;
  readonly by?: Prober | Watcher;
  readonly start: readonly BusFunction[];
  readonly stop: readonly BusFunction[];
}): void {
  const { place, delay, watcher, by = watcher, start, stop } = watching;
  delay.schedulerRole.addToPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['lambda:InvokeFunction'],
      resources: [functionArn(place, by)],
    }),
  );
  const schedules = [watchSchedules(place, delay, watcher)];
  for (const starter of start) {
    starter.grantByPattern(['scheduler:CreateSchedule'], schedules, reasons.madeAtRunTime);
    starter.grant(['iam:PassRole'], [delay.schedulerRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    });
  }
  for (const stopper of stop) {
    stopper.grantByPattern(['scheduler:DeleteSchedule'], schedules, reasons.madeAtRunTime);
  }
}
