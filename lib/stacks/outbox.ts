import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { Place } from '../core/kernel/place.ts';
import { outboxTableName, outboxWaits } from '../core/relay/outbox.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import type { Delay } from './schedule.ts';
import type { TableKey } from './table-key.ts';

/**
 * The table that producers write to in their own transactions. Apart from the bus table, which holds keys and secrets;
 * its rows are gone in seconds, so that looking for what is left reads next to nothing.
 */
export class Outbox extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, place: Place, key: TableKey) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      // By its name, which producers' stacks write into their policies.
      tableName: outboxTableName(place.prefix),
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      // The relay reads the row itself: the record only says where.
      stream: StreamViewType.KEYS_ONLY,
      ...key.encryption,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.table).acknowledge({ id: 'AwsSolutions-DDB3', reason: reasons.outboxIsEmptied });
  }
}

interface SweepProps extends BusPartProps {
  readonly outbox: Outbox;
  readonly delay: Delay;
  readonly admin: BusFunction;
  readonly alarms: Alarms;
}

/** Has entries brought once more that lie in the outbox for too long. */
export class Sweep extends Construct {
  constructor(scope: Construct, id: string, props: SweepProps) {
    super(scope, id);
    const { place, environment, outbox, delay, admin, alarms } = props;
    const sweep = new BusFunction(this, 'Sweep', {
      name: 'sweep',
      prefix: place.prefix,
      description: 'Has the relay look again at what lies in the outbox for too long',
      timeoutSeconds: 60,
      memoryMb: 256,
      environment,
    });
    sweep.grant(['dynamodb:Scan', 'dynamodb:UpdateItem'], [outbox.table.tableArn]);
    // What was refused goes back there when it is tried again.
    admin.grant(['dynamodb:PutItem'], [outbox.table.tableArn]);
    delay.schedulerRole.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['lambda:InvokeFunction'],
        resources: [sweep.function.functionArn],
      }),
    );
    const schedule = new CfnSchedule(this, 'Schedule', {
      name: `${place.prefix}-sweep`,
      groupName: place.prefix,
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: sweep.function.functionArn,
        roleArn: delay.schedulerRole.roleArn,
        // The next minute's is as good as a second try.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    });
    schedule.node.addDependency(delay.group, delay.schedulerRole);
    alarms.tellOfLine(this, 'Waits', {
      functions: [sweep],
      line: outboxWaits,
      metricName: 'OutboxWaits',
      prefix: place.prefix,
      description: 'Entries of the outbox wait for more than 15 min. See docs/operating.md.',
    });
  }
}
