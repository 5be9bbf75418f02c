import { Duration, Validations } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { aws } from '../core/kernel/limits.ts';
import { redriveQueueName } from '../core/kernel/place.ts';
import { redriveTimeoutSeconds } from '../core/redrive/limits.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';

/** Carries redrives out: a message in the queue is a run, which stays there, hidden, until it is over. */
export class Redrive extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, props: BusPartProps & { readonly tableArn: string }) {
    super(scope, id);
    const { place, environment, tableArn } = props;
    this.queue = new Queue(this, 'Queue', {
      queueName: redriveQueueName(place.prefix),
      visibilityTimeout: Duration.seconds(redriveTimeoutSeconds * aws.lambda.visibilityToTimeoutRatio),
      retentionPeriod: Duration.seconds(aws.sqs.retentionSecondsMax),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    Validations.of(this.queue).acknowledge({ id: 'AwsSolutions-SQS3', reason: reasons.runsAreReceivedOften });
    const redrive = new BusFunction(this, 'Redrive', {
      name: 'redrive',
      prefix: place.prefix,
      description: 'Sends dead letters back to their receivers',
      timeoutSeconds: redriveTimeoutSeconds,
      memoryMb: 256,
      environment,
    });
    redrive.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
      ],
      [tableArn],
    );
    redrive.grant(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      [this.queue.queueArn],
    );
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
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: redrive.function,
      eventSourceArn: this.queue.queueArn,
      // One run is as much as an invocation does.
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: 10,
    });
    mapping.node.addDependency(redrive.role);
  }
}
