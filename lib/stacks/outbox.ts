import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { StreamViewType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Place } from '../core/kernel/place.ts';
import { outboxTableName, outboxWaits } from '../core/relay/outbox.ts';
import { backlogsHigh } from '../core/system-event/backlog.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import { createTable } from './table.ts';
import type { TableKey } from './table-key.ts';

/**
 * The table that producers write to in their own transactions. It is separate from the bus table, which holds keys and
 * secrets. Its rows are deleted within seconds, so scanning for leftovers reads almost nothing.
 */
export class Outbox extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, place: Place, key: TableKey) {
    super(scope, id);
    this.table = createTable(this, key, {
      // A fixed name, because producers' stacks write it into their policies.
      tableName: outboxTableName(place.prefix),
      // The record only says where the row is: the relay reads the row itself.
      stream: StreamViewType.KEYS_ONLY,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.table).acknowledge({ id: 'AwsSolutions-DDB3', reason: reasons.outboxIsEmptied });
  }
}

interface SweepProps extends BusPartProps {
  readonly outbox: Outbox;
  readonly admin: BusFunction;
  readonly alarms: Alarms;
}

/** Wakes the relay for entries that have been in the outbox for too long. */
export class Sweep extends Construct {
  constructor(scope: Construct, id: string, props: SweepProps) {
    super(scope, id);
    const { place, environment, outbox, delay, admin, alarms } = props;
    const sweep = new BusFunction(this, 'Sweep', {
      name: 'sweep',
      prefix: place.prefix,
      description: 'Has the relay look again at what lies in the outbox for too long',
      timeoutSeconds: 60,
      environment,
    });
    sweep.grant(['dynamodb:Scan', 'dynamodb:UpdateItem'], [outbox.table.tableArn]);
    // System events that wait, those that were kept for later, and the receivers whose backlog is high.
    sweep.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
      ],
      [props.tableArn],
    );
    // Retrying a refused event puts it back into the outbox.
    admin.grant(['dynamodb:PutItem'], [outbox.table.tableArn]);
    delay.callEveryMinute(this, 'Schedule', `${place.prefix}-sweep`, sweep);
    alarms.alarmOnLog(this, 'Waits', {
      functions: [sweep],
      line: outboxWaits,
      metricName: 'OutboxWaits',
      description: 'Entries of the outbox wait for more than 15 min. See docs/operating.md.',
    });
    // One metric for all receivers, those that are made at run time among them. The line names them.
    alarms.alarmOnLog(this, 'BacklogsHigh', {
      functions: [sweep],
      line: backlogsHigh,
      metricName: 'BacklogsHigh',
      description: 'Events of a receiver wait for more than 15 min. See docs/operating.md.',
    });
  }
}
