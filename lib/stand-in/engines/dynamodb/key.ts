import { type AttributeType, type AttributeValue, attributeOf, type Item, typeOf } from './attribute.ts';
import type { Position } from './collection.ts';
import { sortableValue } from './compare.ts';
import { type IndexDefinition, type KeyNames, keyNamesOf, type TableDefinition } from './definition.ts';
import { invalidValues, validation } from './errors.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const partitionKeyMaxBytes = 2048;
const sortKeyMaxBytes = 1024;

/** The primary key as text: the key of the item's row in the store. */
export function itemId(definition: TableDefinition, item: Item): string {
  const { partition, sort } = definition.key;
  const texts = [keyText(attributeOf(item, partition))];
  if (sort !== undefined) texts.push(keyText(attributeOf(item, sort)));
  return JSON.stringify(texts);
}

function keyText(value: AttributeValue | undefined): string {
  if (value !== undefined) {
    if ('S' in value) return value.S;
    if ('N' in value) return value.N;
    if ('B' in value) return value.B;
  }
  throw new Error('Validation let an invalid key pass.');
}

/**
 * The position of an item in a table or index. Undefined when it lacks a key attribute of the index, or has it in
 * another type (possible only for items older than the index): the index does not contain such an item.
 */
export function positionOf(
  definition: TableDefinition,
  key: KeyNames,
  item: Item,
  id: string,
): Position | undefined {
  const partition = keyValueOf(definition, item, key.partition);
  if (partition === undefined) return undefined;
  if (key.sort === undefined) return { partition: sortableValue(partition), sort: '', id };
  const sort = keyValueOf(definition, item, key.sort);
  if (sort === undefined) return undefined;
  return { partition: sortableValue(partition), sort: sortableValue(sort), id };
}

function keyValueOf(definition: TableDefinition, item: Item, name: string): AttributeValue | undefined {
  const value = attributeOf(item, name);
  return value !== undefined && typeOf(value) === definition.attributeTypes[name] ? value : undefined;
}

/** Checks a `Key` member: exactly the key attributes of the table, with the right types and sizes. */
export function checkKey(definition: TableDefinition, key: Item): void {
  const names = keyNamesOf(definition.key);
  if (Object.keys(key).length !== names.length) throw keyMismatch();
  checkKeyPart(definition, key, definition.key.partition, partitionKeyMaxBytes);
  if (definition.key.sort !== undefined) {
    checkKeyPart(definition, key, definition.key.sort, sortKeyMaxBytes);
  }
}

/** Checks one key attribute that a request names. */
function checkKeyPart(
  definition: TableDefinition,
  key: Item,
  name: string,
  maxBytes = partitionKeyMaxBytes,
): void {
  const value = attributeOf(key, name);
  if (value === undefined || typeOf(value) !== definition.attributeTypes[name]) throw keyMismatch();
  rejectEmptyKey(value, name);
  checkKeySize(value, maxBytes);
}

function keyMismatch() {
  return validation('The provided key element does not match the schema');
}

/** Checks the key attributes of a whole item, including those of the indexes. */
export function checkItemKeys(definition: TableDefinition, item: Item): void {
  for (const name of keyNamesOf(definition.key)) {
    const value = attributeOf(item, name);
    if (value === undefined) throw invalidValues(`Missing the key ${name} in the item`);
    const expected = definition.attributeTypes[name];
    if (typeOf(value) !== expected) {
      throw invalidValues(`Type mismatch for key ${name} expected: ${expected} actual: ${typeOf(value)}`);
    }
    rejectEmptyKey(value, name);
    checkKeySize(value, name === definition.key.partition ? partitionKeyMaxBytes : sortKeyMaxBytes);
  }
  checkIndexKeys(definition, item);
}

/**
 * A key attribute of an index may be missing, but not of another type, empty or too long. A value that the write did
 * not change is not checked.
 */
export function checkIndexKeys(definition: TableDefinition, item: Item, before?: Item): void {
  for (const index of [...definition.globalIndexes, ...definition.localIndexes]) {
    for (const name of keyNamesOf(index.key)) {
      const value = attributeOf(item, name);
      if (value === undefined || (before !== undefined && attributeOf(before, name) === value)) continue;
      rejectIndexKeyType(definition, index, name, typeOf(value));
      if (isEmptyText(value)) {
        throw validation(
          `One or more parameter values are not valid. A value specified for a secondary index key is not supported. ` +
            `The AttributeValue for a key attribute cannot contain an empty ${kindOf(value)} value. ` +
            `IndexName: ${index.indexName}, IndexKey: ${name}`,
        );
      }
      checkKeySize(value, name === index.key.partition ? partitionKeyMaxBytes : sortKeyMaxBytes);
    }
  }
}

/** Rejects a value of the wrong type for an attribute that is a key of an index. */
export function checkIndexKeyType(definition: TableDefinition, attribute: string, type: AttributeType): void {
  for (const index of [...definition.globalIndexes, ...definition.localIndexes]) {
    for (const name of keyNamesOf(index.key)) {
      if (name === attribute) rejectIndexKeyType(definition, index, name, type);
    }
  }
}

function rejectIndexKeyType(
  definition: TableDefinition,
  { indexName }: IndexDefinition,
  name: string,
  type: AttributeType,
): void {
  const expected = definition.attributeTypes[name];
  if (type === expected) return;
  throw invalidValues(
    `Type mismatch for Index Key ${name} Expected: ${expected} Actual: ${type} IndexName: ${indexName}`,
  );
}

export function rejectEmptyKey(value: AttributeValue, name: string): void {
  if (!isEmptyText(value)) return;
  throw validation(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kindOf(value)} value. Key: ${name}`,
  );
}

function isEmptyText(value: AttributeValue): boolean {
  return ('S' in value && value.S === '') || ('B' in value && value.B === '');
}

function kindOf(value: AttributeValue): string {
  return 'B' in value ? 'binary' : 'string';
}

function checkKeySize(value: AttributeValue, maxBytes: number): void {
  const sizeBytes =
    'S' in value ? Buffer.byteLength(value.S) : 'B' in value ? Buffer.byteLength(value.B, 'base64') : 0;
  if (sizeBytes <= maxBytes) return;
  throw invalidValues(
    maxBytes === partitionKeyMaxBytes
      ? 'Size of hashkey has exceeded the maximum size limit of2048 bytes'
      : 'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
  );
}

/** Rejects expressions that look inside a key attribute, which is always a scalar. */
export function rejectPathsIntoKeys(definition: TableDefinition, paths: Iterable<readonly unknown[]>): void {
  for (const path of paths) {
    const name = path[0];
    if (path.length < 2 || typeof name !== 'string') continue;
    const rule = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed";
    if (keyNamesOf(definition.key).includes(name)) throw validation(`${rule}: Key: ${name}`);
    const indexes = [...definition.globalIndexes, ...definition.localIndexes];
    if (indexes.some((index) => keyNamesOf(index.key).includes(name))) {
      throw validation(`${rule}: IndexKey: ${name}`);
    }
  }
}
