import { AwsError, type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import type { IndexDefinition, TableDefinition } from './definition.ts';
import { describe } from './describe-table.ts';
import { invalidValues } from './errors.ts';
import {
  optionalBoolean,
  optionalChoice,
  optionalList,
  optionalRecord,
  requireRecord,
  requireTableName,
  tableArn,
} from './input.ts';
import { type Context, onTable } from './permission.ts';
import {
  checkBilling,
  checkIndexes,
  readAttributeTypes,
  readIndex,
  readKeySchema,
  readThroughput,
} from './table-input.ts';
import { billingModes, readEncryption, readStream, readTags, tableClasses } from './table-settings.ts';

const members = [
  'TableName',
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'ProvisionedThroughput',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
  'StreamSpecification',
  'SSESpecification',
  'TableClass',
  'Tags',
  'DeletionProtectionEnabled',
];

export function createTable(context: Context): Operation {
  const { host, database } = context;
  return {
    permissions: (input) => [onTable(context, 'CreateTable', input.TableName)],
    handle(input) {
      rejectUnknownMembers('CreateTable', input, members);
      const definition = readDefinition(context, input);
      const viewType = readStream(input);
      const { tableName } = definition;
      if (database.tables.has(tableName)) {
        throw new AwsError('ResourceInUseException', `Table already exists: ${tableName}`);
      }
      const streamArn =
        viewType === undefined || viewType === false
          ? undefined
          : database.streams.enable(tableArn(host, tableName), definition, viewType).definition.streamArn;
      const table = database.create({ ...definition, streamArn });
      return { TableDescription: describe(host, database, table, 'CREATING') };
    },
  };
}

function readDefinition({ host }: Context, input: Input): TableDefinition {
  const tableName = requireTableName(host, input);
  const billingMode = optionalChoice(input, 'BillingMode', billingModes) ?? 'PROVISIONED';
  const throughput = readThroughput(optionalRecord(input, 'ProvisionedThroughput'));
  checkBilling(billingMode, throughput);
  const attributeTypes = readAttributeTypes(input);
  const key = readKeySchema(input, attributeTypes);
  const indexes = (member: string, scope: 'global' | 'local'): readonly IndexDefinition[] => {
    const list = optionalList(input, member);
    if (list?.length === 0) throw invalidValues(`List of ${member} is empty`);
    return (list ?? []).map((entry) => readIndex(requireRecord(entry, member), attributeTypes, scope));
  };
  const globalIndexes = indexes('GlobalSecondaryIndexes', 'global');
  const localIndexes = indexes('LocalSecondaryIndexes', 'local');
  checkIndexes(key, attributeTypes, globalIndexes, localIndexes);
  for (const index of globalIndexes) checkIndexBilling(index, billingMode);
  const encryption = readEncryption(host, input);
  return {
    tableName,
    tableId: host.random.uuid(),
    createdMs: host.clock.now(),
    attributeTypes,
    key,
    globalIndexes,
    localIndexes,
    billingMode,
    throughput,
    streamArn: undefined,
    encryption: encryption === false ? undefined : encryption,
    tableClass: optionalChoice(input, 'TableClass', tableClasses),
    deletionProtection: optionalBoolean(input, 'DeletionProtectionEnabled') ?? false,
    timeToLiveAttribute: undefined,
    recoveryPeriodDays: undefined,
    recoverySinceMs: undefined,
    tags: readTags(optionalList(input, 'Tags') ?? []),
  };
}

export function checkIndexBilling(
  index: IndexDefinition,
  billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED',
): void {
  if (billingMode === 'PAY_PER_REQUEST' && index.throughput !== undefined) {
    throw invalidValues(
      `ProvisionedThroughput should not be specified for index: ${index.indexName} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (billingMode === 'PROVISIONED' && index.throughput === undefined) {
    throw invalidValues(`ProvisionedThroughput must be specified for index: ${index.indexName}`);
  }
}
