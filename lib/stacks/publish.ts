import { Construct } from 'constructs';
import type { Place } from '../core/kernel/place.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, anyTopic, type BusPartProps } from './bus-part.ts';
import { grantHolding } from './holding.ts';
import { reasons } from './nag.ts';
import type { Delay } from './schedule.ts';

/** The one way in: over the API, or by invoking the function. */
export class Publish extends Construct {
  readonly publish: BusFunction;

  constructor(scope: Construct, id: string, props: BusPartProps & { tableArn: string; delay: Delay }) {
    super(scope, id);
    const { place, environment, tableArn, delay } = props;
    this.publish = new BusFunction(this, 'Publish', {
      name: 'publish',
      prefix: place.prefix,
      description: 'Takes events and fans them out',
      // The API gives up after 30 s.
      timeoutSeconds: 29,
      memoryMb: 512,
      environment,
    });
    grantPublishing(this.publish, { place, tableArn, delay });
  }
}

/** What a function may do that sends events on their way: to topics, to receivers, or into schedules. */
export function grantPublishing(
  publisher: BusFunction,
  to: { readonly place: Place; readonly tableArn: string; readonly delay: Delay },
): void {
  const { place, tableArn, delay } = to;
  publisher.grant(
    [
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:DeleteItem',
      'dynamodb:BatchWriteItem',
      'dynamodb:Query',
    ],
    [tableArn],
  );
  grantHolding(publisher, tableArn);
  publisher.grantByPattern(['sns:Publish'], [anyTopic(place)], reasons.madeAtRunTime);
  publisher.grantByPattern(['sqs:SendMessage'], [anyQueue(place, 'online')], reasons.madeAtRunTime);
  publisher.grant(['sqs:SendMessage'], [delay.queue.queueArn]);
  delay.grantSchedules(publisher, place);
}
