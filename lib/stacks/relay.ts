import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { eventRefused } from '../core/refused/refused.ts';
import { wakesRelay } from '../core/relay/relay.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import type { Outbox } from './outbox.ts';
import { grantPublishing } from './publish.ts';

const relayTimeoutSeconds = 60;

/** The most rows in one batch of the stream. */
const relayBatchSize = 100;

/** How often the stream retries failed rows before the timers and the sweep take over. */
const relayRetries = 3;

interface RelayProps extends BusPartProps {
  readonly table: Table;
  readonly outbox: Outbox;
  readonly transactionQueue: Queue;
  /** The other functions that refuse stored events. */
  readonly refusing: readonly BusFunction[];
  readonly alarms: Alarms;
}

/** Publishes events that are stored in a table, when the stream of the table brings a row that says so. */
export class Relay extends Construct {
  readonly relay: BusFunction;

  constructor(scope: Construct, id: string, props: RelayProps) {
    super(scope, id);
    const { place, environment, table, outbox, transactionQueue, refusing, alarms } = props;
    this.relay = new BusFunction(this, 'Relay', {
      name: 'relay',
      prefix: place.prefix,
      description: 'Publishes what lies in a table and may go',
      timeoutSeconds: relayTimeoutSeconds,
      environment,
    });
    grantPublishing(this.relay, props);
    this.relay.grant(['sqs:SendMessage'], [transactionQueue.queueArn]);
    // System events, to the receivers that are subscribed to them.
    this.relay.grant(['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'], [props.tableArn]);
    this.relay.grantByPattern(['dynamodb:ListStreams'], ['*'], reasons.noResource);
    this.addStream('Rows', table, {
      eventName: FilterRule.or('INSERT', 'MODIFY'),
      dynamodb: { NewImage: { wakes: { S: FilterRule.isEqual(wakesRelay.wakes) } } },
    });
    this.relay.grant(['dynamodb:Query', 'dynamodb:BatchWriteItem'], [outbox.table.tableArn]);
    // A deleted entry was published.
    this.addStream('Outbox', outbox.table, { eventName: FilterRule.or('INSERT', 'MODIFY') });
    alarms.alarmOnLog(this, 'Refused', {
      functions: [this.relay, ...refusing],
      line: eventRefused,
      metricName: 'EventsRefused',
      description:
        'An event that the bus had taken over cannot be published as it is; it is listed by GET /v1/refused. See docs/operating.md.',
    });
  }

  /**
   * Reads the stream of a table through a filter; filtered records cost nothing. Failed rows are retried a few times and
   * then left to the timers and the sweep: they are in the table, and the rest of the stream must not wait for them.
   */
  private addStream(id: string, table: Table, pattern: Record<string, unknown>): void {
    const { tableStreamArn } = table;
    if (tableStreamArn === undefined) throw new Error(`The table ${table.node.path} has no stream.`);
    this.relay.grant(
      ['dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:DescribeStream'],
      [tableStreamArn],
    );
    const mapping = new EventSourceMapping(this, `${id}Mapping`, {
      target: this.relay.function,
      eventSourceArn: tableStreamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: relayBatchSize,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: relayRetries,
      filters: [FilterCriteria.filter(pattern)],
    });
    mapping.node.addDependency(this.relay.role);
  }
}
