import { Construct } from 'constructs';
import { BusFunction } from './bus-function.ts';
import { anyQueue, anyTopic, type BusPartProps } from './bus-part.ts';
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
    this.publish.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:DeleteItem',
        'dynamodb:BatchWriteItem',
        'dynamodb:Query',
      ],
      [tableArn],
    );
    this.publish.grantByPattern(['sns:Publish'], [anyTopic(place)], reasons.madeAtRunTime);
    this.publish.grantByPattern(['sqs:SendMessage'], [anyQueue(place, 'online')], reasons.madeAtRunTime);
    this.publish.grant(['sqs:SendMessage'], [delay.queue.queueArn]);
    delay.grantSchedules(this.publish, place);
  }
}
