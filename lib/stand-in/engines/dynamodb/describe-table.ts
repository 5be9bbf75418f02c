import { type Host, type Operation, type Output, rejectUnknownMembers } from '../engine.ts';
import type { Database } from './database.ts';
import { type IndexDefinition, type KeyNames, keyNamesOf, type Throughput } from './definition.ts';
import { requireTableName, tableArn } from './input.ts';
import { type Context, onTable } from './permission.ts';
import type { Table } from './table.ts';

export function describeTable(context: Context): Operation {
  return {
    permissions: (input) => [onTable(context, 'DescribeTable', input.TableName)],
    handle(input) {
      rejectUnknownMembers('DescribeTable', input, ['TableName']);
      const table = context.database.namedTable(requireTableName(context.host, input));
      return { Table: describe(context.host, context.database, table, 'ACTIVE') };
    },
  };
}

/**
 * The `TableDescription`. A table is ready in the turn that creates it; the answer to a change still shows the status
 * that AWS would show at that point.
 */
export function describe(
  host: Host,
  database: Database,
  table: Table,
  status: 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE',
): Output {
  const { definition } = table;
  const arn = tableArn(host, definition.tableName);
  const onDemand = definition.billingMode === 'PAY_PER_REQUEST';
  const stream = definition.streamArn === undefined ? undefined : database.streams.get(definition.streamArn);
  const isStreaming = stream !== undefined && stream.definition.disabledMs === undefined;
  return {
    TableName: definition.tableName,
    TableArn: arn,
    TableId: definition.tableId,
    TableStatus: status,
    CreationDateTime: definition.createdMs / 1000,
    AttributeDefinitions: Object.entries(definition.attributeTypes).map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: keySchema(definition.key),
    ItemCount: table.itemCount,
    TableSizeBytes: table.sizeBytes,
    BillingModeSummary: onDemand
      ? { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime: definition.createdMs / 1000 }
      : undefined,
    ProvisionedThroughput: throughput(definition.throughput),
    GlobalSecondaryIndexes: listOrNone(definition.globalIndexes, (index) => ({
      ...describeIndex(arn, table, index),
      IndexStatus: status === 'DELETING' ? 'DELETING' : 'ACTIVE',
      ProvisionedThroughput: throughput(index.throughput),
    })),
    LocalSecondaryIndexes: listOrNone(definition.localIndexes, (index) => describeIndex(arn, table, index)),
    StreamSpecification: isStreaming
      ? { StreamEnabled: true, StreamViewType: stream.definition.viewType }
      : undefined,
    LatestStreamArn: stream?.definition.streamArn,
    LatestStreamLabel: stream?.definition.label,
    SSEDescription:
      definition.encryption === undefined
        ? undefined
        : { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: definition.encryption.keyArn },
    TableClassSummary:
      definition.tableClass === undefined ? undefined : { TableClass: definition.tableClass },
    DeletionProtectionEnabled: definition.deletionProtection,
  };
}

function listOrNone<T>(indexes: readonly IndexDefinition[], show: (index: IndexDefinition) => T) {
  return indexes.length === 0 ? undefined : indexes.map(show);
}

/** Counted from what the index holds, so always exact; AWS updates it about every six hours. */
function describeIndex(arn: string, table: Table, index: IndexDefinition) {
  const { itemCount, sizeBytes } = table.measureIndex(index.indexName);
  return {
    IndexName: index.indexName,
    IndexArn: `${arn}/index/${index.indexName}`,
    KeySchema: keySchema(index.key),
    Projection:
      index.projection.type === 'INCLUDE'
        ? { ProjectionType: 'INCLUDE', NonKeyAttributes: index.projection.attributes }
        : { ProjectionType: index.projection.type },
    ItemCount: itemCount,
    IndexSizeBytes: sizeBytes,
  };
}

function keySchema(key: KeyNames) {
  return keyNamesOf(key).map((AttributeName, index) => ({
    AttributeName,
    KeyType: index === 0 ? 'HASH' : 'RANGE',
  }));
}

function throughput(units: Throughput | undefined) {
  return {
    ReadCapacityUnits: units?.readUnits ?? 0,
    WriteCapacityUnits: units?.writeUnits ?? 0,
    NumberOfDecreasesToday: 0,
  };
}
