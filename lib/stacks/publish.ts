import { type FunctionUrl, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { memoryMb } from '../core/bill/usage.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { grantHolding } from './hold.ts';
import { grantRouting } from './routing.ts';

/**
 * The only way in: through the API, by the URL of the function, or by invoking it. The URL costs nothing, where the API
 * charges for each request; keys are checked by the function itself. Its policy lets anyone call the URL, by two
 * permissions, and nobody invoke the function in another way.
 */
export class Publish extends Construct {
  readonly publish: BusFunction;
  readonly url: FunctionUrl;

  constructor(scope: Construct, id: string, props: BusPartProps) {
    super(scope, id);
    const { place, environment } = props;
    this.publish = new BusFunction(this, 'Publish', {
      name: 'publish',
      prefix: place.prefix,
      description: 'Takes events and fans them out',
      // The API gives up after 30 s.
      timeoutSeconds: 29,
      memoryMb: memoryMb.publish,
      environment,
    });
    grantPublishing(this.publish, props);
    this.url = this.publish.function.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
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
