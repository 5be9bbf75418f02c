import type { Construct } from 'constructs';
import { functionArn, type Place, type Watcher, watchName } from '../core/kernel/place.ts';
import { BusFunction, type BusFunctionProps } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import type { Delay } from './delay.ts';
import { reasons } from './nag.ts';

/**
 * A function that a schedule calls for each receiver or topic that needs it, until the function deletes the schedule. It
 * costs nothing while none needs it.
 */
export class WatchFunction extends BusFunction {
  readonly #part: BusPartProps;
  readonly #watcher: Watcher;

  constructor(
    scope: Construct,
    id: string,
    part: BusPartProps,
    props: Pick<BusFunctionProps, 'description' | 'timeoutSeconds' | 'memoryMb'> & {
      readonly watcher: Watcher;
    },
  ) {
    const { watcher, ...settings } = props;
    super(scope, id, {
      ...settings,
      name: watcher,
      prefix: part.place.prefix,
      environment: part.environment,
    });
    this.#part = part;
    this.#watcher = watcher;
  }

  /** Lets functions start and stop the watching of a receiver or topic. */
  grantControl(to: { readonly start: readonly BusFunction[]; readonly stop: readonly BusFunction[] }): void {
    const { place, delay } = this.#part;
    grantWatching({ place, delay, watcher: this.#watcher, ...to });
  }
}

/**
 * Lets the scheduler call a watcher, and lets these functions start and stop the watching of a receiver or topic.
 * `by` names the function that does the watching; it has the name of the watcher when left out.
 */
export function grantWatching(watching: {
  readonly place: Place;
  readonly delay: Delay;
  readonly watcher: Watcher;
  readonly by?: string;
  readonly start: readonly BusFunction[];
  readonly stop: readonly BusFunction[];
}): void {
  const { place, delay, watcher, by = watcher, start, stop } = watching;
  delay.allowCalling(functionArn(place, by));
  const schedules = [delay.scheduleArn(watchName(watcher, '*'))];
  for (const starter of start) {
    starter.grantByPattern(['scheduler:CreateSchedule'], schedules, reasons.madeAtRunTime);
    delay.grantPassRole(starter);
  }
  for (const stopper of stop) {
    stopper.grantByPattern(['scheduler:DeleteSchedule'], schedules, reasons.madeAtRunTime);
  }
}
