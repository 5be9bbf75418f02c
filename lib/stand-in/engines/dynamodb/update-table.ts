import { AwsError, type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import { checkIndexBilling } from './create-table.ts';
import type { IndexDefinition, KeyType, TableDefinition } from './definition.ts';
import { describe } from './describe-table.ts';
import { invalidValues, notImplemented, validation } from './errors.ts';
import {
  optionalBoolean,
  optionalChoice,
  optionalList,
  optionalRecord,
  requireRecord,
  requireString,
  requireTableName,
  tableArn,
} from './input.ts';
import { type Context, onTable } from './permission.ts';
import { checkBilling, checkIndexes, readAttributeTypes, readIndex, readThroughput } from './table-input.ts';
import { billingModes, readEncryption, readStream, tableClasses } from './table-settings.ts';

const members = [
  'TableName',
  'AttributeDefinitions',
  'BillingMode',
  'ProvisionedThroughput',
  'GlobalSecondaryIndexUpdates',
  'StreamSpecification',
  'SSESpecification',
  'TableClass',
  'DeletionProtectionEnabled',
];

export function updateTable(context: Context): Operation {
  const { host, database } = context;
  return {
    permissions: (input) => [onTable(context, 'UpdateTable', input.TableName)],
    handle(input) {
      rejectUnknownMembers('UpdateTable', input, members);
      const tableName = requireTableName(host, input);
      const given = Object.keys(input).filter((member) => input[member] !== undefined);
      if (given.every((member) => member === 'TableName' || member === 'AttributeDefinitions')) {
        throw validation(
          'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
        );
      }
      const table = database.namedTable(tableName);
      const changed = changeSettings(context, table.definition, input);
      database.redefine(table, { ...changed, streamArn: changeStream(context, table.definition, input) });
      return { TableDescription: describe(host, database, table, 'UPDATING') };
    },
  };
}

function changeSettings({ host }: Context, before: TableDefinition, input: Input): TableDefinition {
  const billingMode = optionalChoice(input, 'BillingMode', billingModes) ?? before.billingMode;
  const given = readThroughput(optionalRecord(input, 'ProvisionedThroughput'));
  checkBilling(billingMode, billingMode === 'PROVISIONED' ? (given ?? before.throughput) : given);
  const encryption = readEncryption(host, input);
  const types = {
    ...before.attributeTypes,
    ...(input.AttributeDefinitions ? readAttributeTypes(input) : {}),
  };
  for (const [name, type] of Object.entries(before.attributeTypes)) {
    if (types[name] !== type) throw invalidValues(`The type of the key attribute ${name} cannot be changed`);
  }
  const globalIndexes = changeIndexes(before.globalIndexes, types, billingMode, input);
  const attributeTypes = usedTypes(before, globalIndexes, types);
  checkIndexes(before.key, attributeTypes, globalIndexes, before.localIndexes);
  return {
    ...before,
    attributeTypes,
    globalIndexes,
    billingMode,
    throughput: billingMode === 'PROVISIONED' ? (given ?? before.throughput) : undefined,
    encryption: encryption === undefined ? before.encryption : encryption === false ? undefined : encryption,
    tableClass: optionalChoice(input, 'TableClass', tableClasses) ?? before.tableClass,
    deletionProtection: optionalBoolean(input, 'DeletionProtectionEnabled') ?? before.deletionProtection,
  };
}

/** An attribute definition that no key uses any more is removed with its index. */
function usedTypes(
  { key, localIndexes }: TableDefinition,
  globalIndexes: readonly IndexDefinition[],
  types: Readonly<Record<string, KeyType>>,
): Readonly<Record<string, KeyType>> {
  const keys = [key, ...[...globalIndexes, ...localIndexes].map((index) => index.key)];
  const used = new Set(keys.flatMap(({ partition, sort }) => [partition, sort]));
  return Object.fromEntries(Object.entries(types).filter(([name]) => used.has(name)));
}

function changeIndexes(
  before: readonly IndexDefinition[],
  types: Readonly<Record<string, KeyType>>,
  billingMode: TableDefinition['billingMode'],
  input: Input,
): readonly IndexDefinition[] {
  let indexes =
    billingMode === 'PAY_PER_REQUEST' ? before.map((index) => ({ ...index, throughput: undefined })) : before;
  const updates = (optionalList(input, 'GlobalSecondaryIndexUpdates') ?? []).map((entry) =>
    requireRecord(entry, 'GlobalSecondaryIndexUpdates'),
  );
  const builds = updates.filter((update) => update.Create ?? update.Delete);
  if (builds.length > 1) {
    throw new AwsError(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  }
  for (const update of updates) {
    rejectUnknownMembers('GlobalSecondaryIndexUpdate', update, ['Create', 'Delete', 'Update']);
    if (update.Update !== undefined) throw notImplemented('GlobalSecondaryIndexUpdates.Update');
    const create = optionalRecord(update, 'Create');
    const remove = optionalRecord(update, 'Delete');
    if (create !== undefined) {
      const index = readIndex(create, types, 'global');
      checkIndexBilling(index, billingMode);
      indexes = [...indexes, index];
    }
    if (remove !== undefined) {
      const name = requireString(remove, 'IndexName');
      if (!indexes.some((index) => index.indexName === name)) {
        throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
      }
      indexes = indexes.filter((index) => index.indexName !== name);
    }
  }
  return indexes;
}

/** The ARN of the latest stream after the update. A table still names a stream that was disabled. */
function changeStream(
  { host, database }: Context,
  before: TableDefinition,
  input: Input,
): string | undefined {
  const wanted = readStream(input);
  if (wanted === undefined) return before.streamArn;
  const { tableName, streamArn } = before;
  const current = streamArn === undefined ? undefined : database.streams.get(streamArn);
  const isEnabled = current !== undefined && current.definition.disabledMs === undefined;
  if (wanted === false) {
    if (streamArn === undefined || !isEnabled) {
      throw validation(`Table is already disabled for streams: TableName: ${tableName}`);
    }
    database.streams.disable(streamArn);
    return streamArn;
  }
  if (isEnabled) {
    throw validation(`Table already has an enabled stream: TableName: ${tableName}`);
  }
  return database.streams.enable(tableArn(host, tableName), before, wanted).definition.streamArn;
}
