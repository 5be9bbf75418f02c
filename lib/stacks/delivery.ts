import { Construct } from 'constructs';
import { bus } from '../core/kernel/limits.ts';
import type { Place } from '../core/kernel/place.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';
import { reasons } from './nag.ts';

/** The one way out: one function consumes the lanes of every receiver, each by a mapping of its own. */
export class Delivery extends Construct {
  readonly deliver: BusFunction;

  constructor(scope: Construct, id: string, props: BusPartProps & { tableArn: string }) {
    super(scope, id);
    const { place, environment, tableArn } = props;
    this.deliver = new BusFunction(this, 'Deliver', {
      name: 'deliver',
      prefix: place.prefix,
      description: 'Pushes events to the endpoints of receivers',
      timeoutSeconds: bus.deliverTimeoutSeconds,
      memoryMb: 256,
      environment,
    });
    grantSending(this.deliver, place, tableArn);
    grantConsuming(this.deliver, place);
  }
}

/** What a function may do that takes messages from the lanes and sends them to endpoints. */
export function grantSending(sender: BusFunction, place: Place, tableArn: string): void {
  sender.grant(
    [
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      'dynamodb:BatchGetItem',
      'dynamodb:BatchWriteItem',
    ],
    [tableArn],
  );
  sender.grantByPattern(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
    lanesOf(place),
    reasons.madeAtRunTime,
  );
  // Dead letters, and what goes from one lane to the other.
  sender.grantByPattern(
    ['sqs:SendMessage'],
    [anyQueue(place, 'dead-letters'), anyQueue(place, 'online'), anyQueue(place, 'offline')],
    reasons.madeAtRunTime,
  );
  grantMappings(sender, place);
}

/** What Lambda asks for beside that of whoever consumes a lane by a mapping. */
export function grantConsuming(consumer: BusFunction, place: Place): void {
  consumer.grantByPattern(['sqs:GetQueueAttributes'], lanesOf(place), reasons.madeAtRunTime);
}

const lanesOf = (place: Place): string[] =>
  (['online', 'offline', 'ordered'] as const).map((lane) => anyQueue(place, lane));
