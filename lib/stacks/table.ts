import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { systemOwner } from '../core/system-event/topic.ts';
import type { TableKey } from './table-key.ts';

/** The bus table: registry, keys, claims, delivery records and, through its stream, the relay. */
export class BusTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, key: TableKey) {
    super(scope, id);
    this.table = createTable(this, key, {
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Whoever deletes the stack may still need to know the subscriptions.
      removalPolicy: RemovalPolicy.RETAIN,
      deletionProtection: true,
    });
  }
}

/** A table of the bus: keys `pk` and `sk`, paid by request, encrypted by the key. */
export function createTable(
  scope: Construct,
  key: TableKey,
  props: Pick<
    TableProps,
    | 'tableName'
    | 'stream'
    | 'timeToLiveAttribute'
    | 'pointInTimeRecoverySpecification'
    | 'removalPolicy'
    | 'deletionProtection'
  >,
): Table {
  const table = new Table(scope, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    ...key.encryption,
    ...props,
  });
  // Topics and queues name the application that owns them; what all share is the bus's own.
  Tags.of(table).add('application', systemOwner);
  return table;
}
