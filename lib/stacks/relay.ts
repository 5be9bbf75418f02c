import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { eventRefused } from '../core/relay/refused.ts';
import { wakesRelay } from '../core/relay/relay.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import type { Outbox } from './outbox.ts';
import { grantPublishing } from './publish.ts';
import type { Delay } from './schedule.ts';

const relayTimeoutSeconds = 60;

/** How many rows the stream brings to the relay at a time. */
const relayBatchSize = 100;

/** How often the stream brings failed rows again before it leaves them to the timers and the sweep. */
const relayRetries = 3;

interface RelayProps extends BusPartProps {
  readonly table: Table;
  readonly outbox: Outbox;
  readonly delay: Delay;
  readonly timers: Queue;
  readonly check: BusFunction;
  readonly alarms: Alarms;
}

/** Lets go what the table holds when a row says so: the stream of the bus table brings such rows, and no others. */
export class Relay extends Construct {
  readonly relay: BusFunction;

  constructor(scope: Construct, id: string, props: RelayProps) {
    super(scope, id);
    const { place, environment, table, outbox, delay, timers, check, alarms } = props;
    this.relay = new BusFunction(this, 'Relay', {
      name: 'relay',
      prefix: place.prefix,
      description: 'Publishes what lies in a table and may go',
      timeoutSeconds: relayTimeoutSeconds,
      memoryMb: 256,
      environment,
    });
    grantPublishing(this.relay, { place, tableArn: table.tableArn, delay });
    this.relay.grant(['sqs:SendMessage'], [timers.queueArn]);
    this.relay.grantByPattern(['dynamodb:ListStreams'], ['*'], reasons.noResource);
    this.addStream('Rows', table, {
      eventName: FilterRule.or('INSERT', 'MODIFY'),
      dynamodb: { NewImage: { wakes: { S: FilterRule.isEqual(wakesRelay.wakes) } } },
    });
    this.relay.grant(['dynamodb:Query', 'dynamodb:BatchWriteItem'], [outbox.table.tableArn]);
    // What is deleted was published, and needs nobody.
    this.addStream('Outbox', outbox.table, { eventName: FilterRule.or('INSERT', 'MODIFY') });
    alarms.tellOfLine(this, 'Refused', {
      functions: [this.relay, check],
      line: eventRefused,
      metricName: 'EventsRefused',
      prefix: place.prefix,
      description:
        'An event that the bus had taken over cannot be published as it is; it is listed by GET /v1/refused. See docs/operating.md.',
    });
  }

  /**
   * Reads the stream of a table by a filter, which costs nothing for what it leaves out. What fails is brought again a
   * few times and then left to the timers and the sweep: the table has it, and the stream must not wait for it.
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
