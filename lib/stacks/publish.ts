import { Construct } from 'constructs';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { grantHolding } from './hold.ts';
import { grantRouting } from './routing.ts';

/** The only way in: through the API, or by invoking the function. */
export class Publish extends Construct {
  readonly publish: BusFunction;

  constructor(scope: Construct, id: string, props: BusPartProps) {
    super(scope, id);
    const { place, environment } = props;
    this.publish = new BusFunction(this, 'Publish', {
      name: 'publish',
      prefix: place.prefix,
      description: 'Takes events and fans them out',
      // The API gives up after 30 s.
      timeoutSeconds: 29,
      memoryMb: 512,
      environment,
    });
    grantPublishing(this.publish, props);
  }
}

/** Lets a function publish: to topics, to receivers and into schedules. */
export function grantPublishing(
  publisher: BusFunction,
  to: Pick<BusPartProps, 'place' | 'tableArn' | 'delay'>,
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
  grantRouting(publisher, place, tableArn);
  publisher.grant(['sqs:SendMessage'], [delay.queue.queueArn]);
  delay.grantSchedules(publisher);
}
