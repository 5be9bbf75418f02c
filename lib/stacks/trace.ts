import { CfnParameter, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { traceModes } from '../core/event/trace-mode.ts';
import { variables } from '../runtime/config.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';
import { createTable } from './table.ts';
import type { TableKey } from './table-key.ts';

/**
 * The traces of events, in their own table: there are many, nothing reads their stream, nobody restores them, and
 * throttling them must not throttle the bus.
 */
export class Trace extends Construct {
  readonly table: Table;
  readonly environment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, key: TableKey) {
    super(scope, id);
    const mode = new CfnParameter(this, 'Mode', {
      type: 'String',
      default: 'failures',
      allowedValues: [...traceModes],
      description: 'What is recorded of the events of a topic that does not say so itself',
    });
    mode.overrideLogicalId('Trace');
    this.table = createTable(this, key, {
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.table).acknowledge({ id: 'AwsSolutions-DDB3', reason: reasons.tracesAreNotRestored });
    this.environment = {
      [variables.traceTable]: this.table.tableName,
      [variables.trace]: mode.valueAsString,
    };
  }

  grantWrite(...writers: readonly BusFunction[]): void {
    for (const writer of writers)
      writer.grant(['dynamodb:PutItem', 'dynamodb:UpdateItem'], [this.table.tableArn]);
  }

  grantRead(reader: BusFunction): void {
    reader.grant(['dynamodb:Query'], [this.table.tableArn]);
  }
}
