import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { type DeadLetterQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { aws } from '../core/kernel/limits.ts';
import type { BusFunction } from './bus-function.ts';

/** A queue of the bus itself: encrypted, and keeping messages for as long as SQS allows. */
export function busQueue(
  scope: Construct,
  id: string,
  props: {
    readonly name: string;
    /** The timeout of the function that consumes it; Lambda wants the visibility timeout to be a multiple of it. */
    readonly consumerTimeoutSeconds?: number;
    readonly deadLetterQueue?: DeadLetterQueue;
  },
): Queue {
  const { name, consumerTimeoutSeconds, deadLetterQueue } = props;
  return new Queue(scope, id, {
    queueName: name,
    ...(consumerTimeoutSeconds !== undefined && {
      visibilityTimeout: Duration.seconds(consumerTimeoutSeconds * aws.lambda.visibilityToTimeoutRatio),
    }),
    retentionPeriod: Duration.seconds(aws.sqs.retentionSecondsMax),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    ...(deadLetterQueue && { deadLetterQueue }),
  });
}

/**
 * Has a function consume a queue. It may change how long a message stays invisible, and send to the queue if it may call
 * itself.
 */
export function consumeQueue(
  scope: Construct,
  consumer: BusFunction,
  queue: Queue,
  mapping: { readonly batchSize: number; readonly maxConcurrency: number },
): void {
  const actions = [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ChangeMessageVisibility',
  ];
  consumer.grant(consumer.mayCallItself ? [...actions, 'sqs:SendMessage'] : actions, [queue.queueArn]);
  const resource = new EventSourceMapping(scope, 'Mapping', {
    target: consumer.function,
    eventSourceArn: queue.queueArn,
    reportBatchItemFailures: true,
    ...mapping,
  });
  // Lambda checks that the role of the function may read the queue.
  resource.node.addDependency(consumer.role);
}
