import { type Input, rejectUnknownMembers } from '../engine.ts';
import type { IndexDefinition, KeyNames, KeyType, Projection, Throughput } from './definition.ts';
import { invalidValues, validation } from './errors.ts';
import {
  checkName,
  optionalChoice,
  optionalInteger,
  optionalList,
  optionalRecord,
  requireList,
  requireRecord,
  requireString,
} from './input.ts';

/** Readers of the input that CreateTable and UpdateTable share. */

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const localIndexesMax = 5;
const globalIndexesMax = 20;

export function readAttributeTypes(input: Input): Readonly<Record<string, KeyType>> {
  const types: Record<string, KeyType> = {};
  for (const entry of requireList(input, 'AttributeDefinitions', 1, 255)) {
    const definition = requireRecord(entry, 'AttributeDefinitions');
    rejectUnknownMembers('AttributeDefinition', definition, ['AttributeName', 'AttributeType']);
    const name = requireString(definition, 'AttributeName');
    if (types[name] !== undefined) {
      throw invalidValues(`Duplicate AttributeName in AttributeDefinitions: ${name}`);
    }
    types[name] = optionalChoice(definition, 'AttributeType', ['B', 'N', 'S']) ?? required('AttributeType');
  }
  return types;
}

function required(member: string): never {
  throw validation(`The parameter '${member}' is required but was not present in the request`);
}

export function readKeySchema(input: Input, types: Readonly<Record<string, KeyType>>): KeyNames {
  const elements = requireList(input, 'KeySchema', 1, 2).map((entry) => {
    const element = requireRecord(entry, 'KeySchema');
    rejectUnknownMembers('KeySchemaElement', element, ['AttributeName', 'KeyType']);
    return {
      name: requireString(element, 'AttributeName'),
      type: optionalChoice(element, 'KeyType', ['HASH', 'RANGE']) ?? required('KeyType'),
    };
  });
  const [first, second] = elements;
  const names = elements.map((element) => element.name);
  if (names.some((name) => types[name] === undefined)) {
    throw invalidValues(
      'Some index key attributes are not defined in AttributeDefinitions. ' +
        `Keys: [${names.join(', ')}], AttributeDefinitions: [${Object.keys(types).join(', ')}]`,
    );
  }
  if (first === undefined || first.type !== 'HASH') {
    throw validation('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (second !== undefined && second.type !== 'RANGE') {
    throw validation('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  if (second !== undefined && second.name === first.name) {
    throw validation('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
  return { partition: first.name, sort: second?.name };
}

export function readThroughput(input: Input | undefined): Throughput | undefined {
  if (input === undefined) return undefined;
  rejectUnknownMembers('ProvisionedThroughput', input, ['ReadCapacityUnits', 'WriteCapacityUnits']);
  const unitsMax = 1_000_000_000_000;
  return {
    readUnits: optionalInteger(input, 'ReadCapacityUnits', 1, unitsMax) ?? required('ReadCapacityUnits'),
    writeUnits: optionalInteger(input, 'WriteCapacityUnits', 1, unitsMax) ?? required('WriteCapacityUnits'),
  };
}

export function checkBilling(
  billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED',
  throughput: Throughput | undefined,
): void {
  if (billingMode === 'PAY_PER_REQUEST' && throughput !== undefined) {
    throw invalidValues(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  if (billingMode === 'PROVISIONED' && throughput === undefined) {
    throw invalidValues(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  }
}

export function readIndex(
  input: Input,
  types: Readonly<Record<string, KeyType>>,
  scope: 'global' | 'local',
): IndexDefinition {
  const known = ['IndexName', 'KeySchema', 'Projection'];
  rejectUnknownMembers(
    'SecondaryIndex',
    input,
    scope === 'global' ? [...known, 'ProvisionedThroughput'] : known,
  );
  return {
    indexName: checkName('IndexName', requireString(input, 'IndexName')),
    key: readKeySchema(input, types),
    projection: readProjectionType(requireRecord(input.Projection, 'Projection')),
    throughput: readThroughput(optionalRecord(input, 'ProvisionedThroughput')),
  };
}

function readProjectionType(input: Input): Projection {
  rejectUnknownMembers('Projection', input, ['ProjectionType', 'NonKeyAttributes']);
  const type = optionalChoice(input, 'ProjectionType', ['ALL', 'INCLUDE', 'KEYS_ONLY']);
  const attributes = optionalList(input, 'NonKeyAttributes')?.map(String);
  if (type === undefined) throw invalidValues('Unknown ProjectionType: null');
  if (type === 'INCLUDE') {
    if (attributes === undefined) {
      throw invalidValues('ProjectionType is INCLUDE, but NonKeyAttributes is not specified');
    }
    return { type, attributes };
  }
  if (attributes !== undefined) {
    throw invalidValues(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  }
  return { type };
}

/** Checks the rules between the indexes of a table, and between them and the table. */
export function checkIndexes(
  key: KeyNames,
  types: Readonly<Record<string, KeyType>>,
  globalIndexes: readonly IndexDefinition[],
  localIndexes: readonly IndexDefinition[],
): void {
  for (const index of localIndexes) {
    if (key.sort === undefined) {
      throw invalidValues(
        'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
      );
    }
    if (index.key.sort === undefined) {
      throw invalidValues(`Index KeySchema does not have a range key for index: ${index.indexName}`);
    }
    if (index.key.partition !== key.partition) {
      throw invalidValues(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${index.indexName}. ` +
          `index hash key: ${index.key.partition}, table hash key: ${key.partition}`,
      );
    }
  }
  if (localIndexes.length > localIndexesMax) {
    throw invalidValues('Number of LocalSecondaryIndexes exceeds per-table limit of 5');
  }
  if (globalIndexes.length > globalIndexesMax) {
    throw invalidValues('GlobalSecondaryIndex count exceeds the per-table limit of 20');
  }
  const names = new Set<string>();
  for (const { indexName } of [...globalIndexes, ...localIndexes]) {
    if (names.has(indexName)) throw invalidValues(`Duplicate index name: ${indexName}`);
    names.add(indexName);
  }
  const keys = [key, ...globalIndexes.map((index) => index.key), ...localIndexes.map((index) => index.key)];
  const used = new Set(keys.flatMap(({ partition, sort }) => [partition, sort]));
  if (Object.keys(types).some((name) => !used.has(name))) {
    throw invalidValues(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    );
  }
}
