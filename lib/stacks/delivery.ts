import { Construct } from 'constructs';
import { memoryMb } from '../core/bill/usage.ts';
import { bus } from '../core/kernel/limits.ts';
import type { Place } from '../core/kernel/place.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';
import { reasons } from './nag.ts';

/** The way out to endpoints: one function consumes the lanes of all their receivers, through a mapping for each lane. */
export class Delivery extends Construct {
  readonly deliver: BusFunction;

  constructor(scope: Construct, id: string, props: BusPartProps) {
    super(scope, id);
    const { place, environment, tableArn } = props;
    this.deliver = new BusFunction(this, 'Deliver', {
      name: 'deliver',
      prefix: place.prefix,
      description: 'Pushes events to the endpoints of receivers',
      timeoutSeconds: bus.deliverTimeoutSeconds,
      memoryMb: memoryMb.deliver,
      environment,
    });
    grantSending(this.deliver, place, tableArn);
    grantConsuming(this.deliver, place);
  }
}

/** Lets a function take messages from the lanes and send them to receivers. */
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
  // It sends to dead letters, and from one lane to the other.
  sender.grantByPattern(
    ['sqs:SendMessage'],
    [anyQueue(place, 'dead-letters'), anyQueue(place, 'online'), anyQueue(place, 'offline')],
    reasons.madeAtRunTime,
  );
  grantMappings(sender, place);
}

/** What Lambda requires in addition of a function that consumes lanes through mappings. */
export function grantConsuming(consumer: BusFunction, place: Place): void {
  consumer.grantByPattern(['sqs:GetQueueAttributes'], lanesOf(place), reasons.madeAtRunTime);
}

const lanesOf = (place: Place): string[] =>
  (['online', 'offline', 'ordered'] as const).map((lane) => anyQueue(place, lane));
