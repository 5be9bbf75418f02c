import { Construct } from 'constructs';
import { bus } from '../core/limits.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
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
    this.deliver.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
      ],
      [tableArn],
    );
    this.deliver.grantByPattern(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      [anyQueue(place, 'online'), anyQueue(place, 'offline')],
      reasons.madeAtRunTime,
    );
    this.deliver.grantByPattern(
      ['sqs:SendMessage'],
      [anyQueue(place, 'dead-letters')],
      reasons.madeAtRunTime,
    );
    this.deliver.grantByPattern(['lambda:ListEventSourceMappings'], ['*'], reasons.noResource);
    this.deliver.grantByPattern(['lambda:UpdateEventSourceMapping'], ['*'], reasons.ownMappingsOnly, {
      ArnEquals: {
        'lambda:FunctionArn': `arn:${place.partition}:lambda:${place.region}:${place.account}:function:${place.prefix}-deliver`,
      },
    });
  }
}
