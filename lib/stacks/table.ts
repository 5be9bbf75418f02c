import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { TableKey } from './table-key.ts';

/** The bus table: registry, keys, claims, delivery records and, through its stream, the outbox. */
export class BusTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, key: TableKey) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...key.encryption,
      // Who removes the stack may still want to know who was subscribed to what.
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
