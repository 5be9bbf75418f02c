import { Validations } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { redriveQueueName } from '../core/kernel/place.ts';
import { redriveTimeoutSeconds } from '../core/redrive/limits.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import { busQueue, consumeQueue } from './queue.ts';

/** Runs redrives. A message in the queue is a run; it stays there, invisible, until the run ends. */
export class Redrive extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, props: BusPartProps) {
    super(scope, id);
    const { place, environment, tableArn } = props;
    this.queue = busQueue(this, 'Queue', {
      name: redriveQueueName(place.prefix),
      consumerTimeoutSeconds: redriveTimeoutSeconds,
    });
    Validations.of(this.queue).acknowledge({ id: 'AwsSolutions-SQS3', reason: reasons.runsAreReceivedOften });
    const redrive = new BusFunction(this, 'Redrive', {
      name: 'redrive',
      prefix: place.prefix,
      description: 'Sends dead letters back to their receivers',
      timeoutSeconds: redriveTimeoutSeconds,
      environment,
    });
    redrive.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:Query',
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
      ],
      [tableArn],
    );
    // An invocation does no more than one run.
    consumeQueue(this, redrive, this.queue, { batchSize: 1, maxConcurrency: 10 });
    redrive.grantByPattern(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      [anyQueue(place, 'dead-letters'), anyQueue(place, 'ordered-dead-letters')],
      reasons.madeAtRunTime,
    );
    redrive.grantByPattern(
      ['sqs:SendMessage'],
      [anyQueue(place, 'online'), anyQueue(place, 'ordered')],
      reasons.madeAtRunTime,
    );
  }
}
