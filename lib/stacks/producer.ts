import { Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  Function as LambdaFunction,
  Runtime,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { outboxAttributes, outboxPrefix, outboxTableName } from '../core/relay/outbox.ts';
import { bundle } from './bundle.ts';

/** Which outbox, and for which application. */
export interface OutboxGrantProps {
  /** The application that owns the topics; the producer may write entries of no other. */
  readonly application: string;
  /** The prefix of the bus; `busbar` when left out. */
  readonly prefix?: string;
}

/**
 * Lets a producer of the same account and region put its application's entries into the outbox of the bus. It cannot
 * read or delete entries, and `dynamodb:LeadingKeys` excludes those of other applications.
 */
export function grantOutbox(grantee: IGrantable, scope: Construct, props: OutboxGrantProps): Grant {
  const table = outboxTableName(props.prefix ?? 'busbar');
  return Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:PutItem'],
    resourceArns: [
      Stack.of(scope).formatArn({ service: 'dynamodb', resource: 'table', resourceName: table }),
    ],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${outboxPrefix(props.application)}*`] },
      // ForAllValues alone is also true for a request without a key.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  });
}

export interface OutboxIntakeProps extends OutboxGrantProps {
  /** The producer's own table, with a stream of new images. */
  readonly table: Table;
  /** How often the whole table is scanned for entries that its stream lost; every 12 hours when left out. */
  readonly sweepEvery?: Duration;
}

/**
 * For a producer with entries in its own table: moves each to the outbox of the bus, in a transaction. The function runs
 * in the producer's stack under its own role, so IAM proves which application the entries belong to.
 */
export class OutboxIntake extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: OutboxIntakeProps) {
    super(scope, id);
    const { table, application, prefix = 'busbar', sweepEvery = Duration.hours(12) } = props;
    const { tableStreamArn } = table;
    if (tableStreamArn === undefined) {
      throw new Error(`The table ${table.node.path} has no stream. Give it a stream of new images.`);
    }
    const { partitionKeys, sortKeys } = table.schemaV2();
    this.function = new LambdaFunction(this, 'Function', {
      description: `Moves the outbox entries of ${application} to the bus`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundle('outbox-intake')),
      handler: 'index.handler',
      timeout: Duration.seconds(60),
      memorySize: 256,
      environment: {
        BUSBAR_APPLICATION: application,
        BUSBAR_OUTBOX_TABLE: outboxTableName(prefix),
        BUSBAR_OWN_TABLE: table.tableName,
        BUSBAR_OWN_KEYS: [...partitionKeys, ...sortKeys].map(({ name }) => name).join(','),
      },
    });
    grantOutbox(this.function, this, props);
    table.grant(this.function, 'dynamodb:DeleteItem', 'dynamodb:Scan');
    table.grantStreamRead(this.function);
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.function,
      eventSourceArn: tableStreamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      filters: [
        FilterCriteria.filter({
          eventName: FilterRule.or('INSERT', 'MODIFY'),
          dynamodb: { NewImage: { [outboxAttributes.event]: { S: FilterRule.exists() } } },
        }),
      ],
    });
    if (this.function.role !== undefined) mapping.node.addDependency(this.function.role);
    new Rule(this, 'Sweep', {
      description: `Looks for entries of ${application} that the stream lost`,
      schedule: Schedule.rate(sweepEvery),
      targets: [new LambdaTarget(this.function)],
    });
  }
}
