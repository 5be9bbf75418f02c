import { Validations } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { aws } from '../core/kernel/limits.ts';
import { transactionQueueName } from '../core/kernel/place.ts';
import { transactionGivenUp } from '../core/transaction/transaction.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import { grantPublishing } from './publish.ts';
import { busQueue, consumeQueue } from './queue.ts';

/** Enough for ten concurrent checks, each as long as an endpoint may take. */
const transactionTimeoutSeconds = 60;

interface TransactionProps extends BusPartProps {
  readonly admin: BusFunction;
  readonly alarms: Alarms;
}

/** Times open transactions. A message in the queue is a transaction; it stays there, invisible, until that ends. */
export class Transaction extends Construct {
  readonly queue: Queue;
  readonly check: BusFunction;

  constructor(scope: Construct, id: string, props: TransactionProps) {
    super(scope, id);
    const { place, environment, admin, alarms } = props;
    this.queue = busQueue(this, 'Queue', {
      name: transactionQueueName(place.prefix),
      consumerTimeoutSeconds: transactionTimeoutSeconds,
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
      environment,
    });
    grantPublishing(this.check, props);
    admin.grant(['sqs:SendMessage'], [this.queue.queueArn]);
    consumeQueue(this, this.check, this.queue, {
      batchSize: aws.sqs.batchEntriesMax,
      maxConcurrency: 10,
    });
    alarms.alarmOnLog(this, 'GivenUp', {
      functions: [this.check],
      line: transactionGivenUp,
      metricName: 'TransactionsGivenUp',
      description:
        'A transaction was rolled back because its producer neither ended it nor answered. See docs/operating.md.',
    });
  }
}
