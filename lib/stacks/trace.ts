import { CfnParameter, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { traceModes } from '../core/event/trace-mode.ts';
import { variables } from '../runtime/config.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';
import type { TableKey } from './table-key.ts';

/**
 * The traces of events, in a table of their own: they come in numbers, nothing reads their stream, nobody restores
 * them, and what throttles them must not throttle the bus.
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
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiresAt',
      ...key.encryption,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.table).acknowledge({ id: 'AwsSolutions-DDB3', reason: reasons.tracesAreNotRestored });
    this.environment = {
      [variables.traceTable]: this.table.tableName,
      [variables.trace]: mode.valueAsString,
    };
  }

  grantWrite(writer: BusFunction): void {
    writer.grant(['dynamodb:PutItem'], [this.table.tableArn]);
  }

  grantRead(reader: BusFunction): void {
    reader.grant(['dynamodb:Query'], [this.table.tableArn]);
  }
}
