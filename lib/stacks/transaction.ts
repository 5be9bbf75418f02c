import { Duration, Validations } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { aws } from '../core/kernel/limits.ts';
import { transactionQueueName } from '../core/kernel/place.ts';
import { transactionGivenUp } from '../core/transaction/transaction.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import { grantPublishing } from './publish.ts';
import type { Delay } from './schedule.ts';

/** Enough for ten checks side by side, each as long as an endpoint may take. */
const transactionTimeoutSeconds = 60;

interface TransactionProps extends BusPartProps {
  readonly tableArn: string;
  readonly delay: Delay;
  readonly admin: BusFunction;
  readonly alarms: Alarms;
}

/** Times open transactions: a message in the queue is one, and stays there, hidden, until it is over. */
export class Transaction extends Construct {
  readonly queue: Queue;
  readonly check: BusFunction;

  constructor(scope: Construct, id: string, props: TransactionProps) {
    super(scope, id);
    const { place, environment, tableArn, delay, admin, alarms } = props;
    this.queue = new Queue(this, 'Queue', {
      queueName: transactionQueueName(place.prefix),
      visibilityTimeout: Duration.seconds(transactionTimeoutSeconds * aws.lambda.visibilityToTimeoutRatio),
      retentionPeriod: Duration.seconds(aws.sqs.retentionSecondsMax),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    Validations.of(this.queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: reasons.timersAreReceivedOften,
    });
    this.check = new BusFunction(this, 'Check', {
      name: 'check-transaction',
      prefix: place.prefix,
      description: 'Asks the producers of open transactions, and ends those that nobody ends',
      timeoutSeconds: transactionTimeoutSeconds,
      memoryMb: 256,
      environment,
    });
    grantPublishing(this.check, { place, tableArn, delay });
    this.check.grant(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      [this.queue.queueArn],
    );
    admin.grant(['sqs:SendMessage'], [this.queue.queueArn]);
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.check.function,
      eventSourceArn: this.queue.queueArn,
      batchSize: aws.sqs.batchEntriesMax,
      reportBatchItemFailures: true,
      maxConcurrency: 10,
    });
    mapping.node.addDependency(this.check.role);
    alarms.tellOfLine(this, 'GivenUp', {
      functions: [this.check],
      line: transactionGivenUp,
      metricName: 'TransactionsGivenUp',
      prefix: place.prefix,
      description:
        'A transaction was rolled back because its producer neither ended it nor answered. See docs/operating.md.',
    });
  }
}
