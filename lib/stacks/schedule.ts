import { Construct } from 'constructs';
import { aws } from '../core/kernel/limits.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { scheduleTimeoutSeconds } from './delay.ts';
import { grantHolding } from './hold.ts';
import { consumeQueue } from './queue.ts';
import { grantRouting } from './routing.ts';

/** Consumes the delay queue. */
export class Schedule extends Construct {
  readonly schedule: BusFunction;

  constructor(scope: Construct, id: string, props: BusPartProps) {
    super(scope, id);
    const { place, environment, tableArn, delay } = props;
    const schedule = new BusFunction(this, 'Schedule', {
      name: 'schedule',
      prefix: place.prefix,
      description: 'Routes delayed events when they are due, and fires recurring schedules',
      timeoutSeconds: scheduleTimeoutSeconds,
      environment,
      // A check of a recurring schedule sets the timer of the next check.
      mayCallItself: true,
    });
    consumeQueue(this, schedule, delay.queue, {
      batchSize: aws.sqs.batchEntriesMax,
      // A batch may wait for most of a second until its events are due.
      maxConcurrency: 50,
    });
    this.schedule = schedule;
    schedule.grant(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [tableArn]);
    grantHolding(schedule, tableArn);
    delay.grantSchedules(schedule);
    grantRouting(schedule, place, tableArn);
  }
}
