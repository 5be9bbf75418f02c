import type { Host, Input, Output } from '../engine.ts';
import { attributeOf, type Item, parseItem, typeOf } from './attribute.ts';
import {
  type CapacityMode,
  type Cost,
  capacityModes,
  consumedCapacity,
  meterRead,
  noCost,
} from './capacity.ts';
import type { Collection, Position, Row } from './collection.ts';
import type { Database } from './database.ts';
import { type KeyNames, keyNamesOf, pick } from './definition.ts';
import { invalidValues, validation } from './errors.ts';
import type { BoundCondition } from './expressions/bind-condition.ts';
import { satisfies } from './expressions/evaluate.ts';
import { conditionPaths } from './expressions/index.ts';
import { project } from './expressions/path.ts';
import type { Path } from './expressions/syntax.ts';
import {
  optionalBoolean,
  optionalChoice,
  optionalInteger,
  optionalString,
  requireTableName,
} from './input.ts';
import { itemId, positionOf, rejectPathsIntoKeys } from './key.ts';
import { itemSizeBytes } from './size.ts';
import { type Index, projectedItem, type Table } from './table.ts';

/** A page ends after reading this much, before any filter. */
const pageMaxBytes = 1024 * 1024;

/** What Query and Scan share: what they read, what they filter, and what they return. */
export interface PageRequest {
  readonly table: Table;
  readonly index: Index | undefined;
  readonly collection: Collection;
  readonly key: KeyNames;
  readonly limit: number | undefined;
  readonly consistent: boolean;
  readonly countOnly: boolean;
  readonly filter: BoundCondition | undefined;
  readonly projection: readonly Path[] | undefined;
  /** Whether whole items are needed although the local index holds only parts of them. */
  readonly fetchWhole: boolean;
  readonly capacityMode: CapacityMode | undefined;
}

const selections = ['ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES', 'SPECIFIC_ATTRIBUTES', 'COUNT'] as const;

/** The members that Query and Scan share. */
export const pageMembers = [
  'TableName',
  'IndexName',
  'FilterExpression',
  'ProjectionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'Select',
  'Limit',
  'ConsistentRead',
  'ExclusiveStartKey',
  'ReturnConsumedCapacity',
] as const;

/**
 * Reads the shared members. The expressions are read earlier, because their errors precede that of a missing table.
 */
export function readPageRequest(
  host: Host,
  database: Database,
  input: Input,
  filter: BoundCondition | undefined,
  projection: readonly Path[] | undefined,
): PageRequest {
  const tableName = requireTableName(host, input);
  const indexName = optionalString(input, 'IndexName');
  const limit = optionalInteger(input, 'Limit', 1, Number.MAX_SAFE_INTEGER);
  const consistent = optionalBoolean(input, 'ConsistentRead') ?? false;
  const capacityMode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
  const select = readSelect(input, indexName, projection);

  const table = database.table(tableName);
  const index = indexName === undefined ? undefined : table.indexes.get(indexName);
  if (indexName !== undefined && index === undefined) {
    throw validation(`The table does not have the specified index: ${indexName}`);
  }
  if (index?.isGlobal === true && consistent) {
    throw validation('Consistent reads are not supported on global secondary indexes');
  }
  rejectPathsIntoKeys(table.definition, [...(projection ?? []), ...conditionPaths(filter)]);
  return {
    table,
    index,
    collection: index?.collection ?? table.primary,
    key: index?.definition.key ?? table.definition.key,
    limit,
    consistent,
    countOnly: select === 'COUNT',
    filter,
    projection,
    fetchWhole:
      index !== undefined && needsWhole(index, select, [...(projection ?? []), ...conditionPaths(filter)]),
    capacityMode,
  };
}

function readSelect(input: Input, indexName: string | undefined, projection: readonly Path[] | undefined) {
  const select = optionalChoice(input, 'Select', selections);
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && indexName === undefined) {
    throw invalidValues('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
  }
  if (projection !== undefined && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES') {
    const what = select === 'COUNT' ? 'only the Count' : select;
    throw validation(`Cannot specify the ProjectionExpression when choosing to get ${what}`);
  }
  if (projection === undefined && select === 'SPECIFIC_ATTRIBUTES') {
    throw validation(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
  return select;
}

/** A local index fetches missing attributes from the table; a global one cannot, and rejects the request. */
function needsWhole(index: Index, select: string | undefined, paths: readonly Path[]): boolean {
  const { projected, definition } = index;
  if (projected === undefined) return false;
  if (select === 'ALL_ATTRIBUTES') {
    if (!index.isGlobal) return true;
    throw invalidValues(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${definition.indexName} because its projection type is not ALL`,
    );
  }
  const missing = paths.map(([name]) => String(name)).filter((name) => !projected.has(name));
  if (missing.length === 0) return false;
  if (!index.isGlobal) return true;
  throw invalidValues(
    `Global secondary index ${definition.indexName} does not project [${[...new Set(missing)].join(', ')}]`,
  );
}

/** The position after which a page begins, from `ExclusiveStartKey`: the keys of the table and of the index. */
export function readStartKey(input: Input, request: PageRequest): Position | undefined {
  if (input.ExclusiveStartKey === undefined || input.ExclusiveStartKey === null) return undefined;
  const { definition } = request.table;
  const key = parseItem(input.ExclusiveStartKey, 'ExclusiveStartKey');
  const names = startKeyNames(request);
  const fits = names.every((name) => {
    const value = attributeOf(key, name);
    return value !== undefined && typeOf(value) === definition.attributeTypes[name];
  });
  if (!fits || Object.keys(key).length !== names.length) {
    throw validation(
      request.index === undefined
        ? 'The provided starting key is invalid: The provided key element does not match the schema'
        : 'The provided starting key is invalid',
    );
  }
  return positionOf(definition, request.key, key, itemId(definition, key));
}

function startKeyNames(request: PageRequest): readonly string[] {
  return [...new Set([...keyNamesOf(request.table.definition.key), ...keyNamesOf(request.key)])];
}

/** Reads rows up to the limit or 1 MB, then filters, projects, counts and charges. */
export function readPage(host: Host, request: PageRequest, rows: Iterable<Row>): Output {
  const items: Item[] = [];
  let count = 0;
  let scannedCount = 0;
  let readBytes = 0;
  let fetchedUnits = 0;
  let last: Item | undefined;
  for (const { stored } of rows) {
    const { item, sizeBytes } = entryOf(request, stored.item, stored.sizeBytes);
    scannedCount += 1;
    readBytes += sizeBytes;
    if (request.fetchWhole) fetchedUnits += Math.ceil(stored.sizeBytes / 4096);
    const whole = request.fetchWhole ? stored.item : item;
    if (request.filter === undefined || satisfies(whole, request.filter)) {
      count += 1;
      if (!request.countOnly) {
        items.push(request.projection === undefined ? whole : project(whole, request.projection));
      }
    }
    if (scannedCount === request.limit || readBytes >= pageMaxBytes) {
      last = stored.item;
      break;
    }
  }
  const cost = pageCost(request, readBytes, fetchedUnits);
  meterRead(host, cost);
  return {
    Items: request.countOnly ? undefined : items,
    Count: count,
    ScannedCount: scannedCount,
    LastEvaluatedKey: last === undefined ? undefined : pick(last, startKeyNames(request)),
    ConsumedCapacity: consumedCapacity(request.capacityMode, request.table.definition.tableName, cost),
  };
}

/** The item as the table or the index holds it. */
function entryOf(request: PageRequest, item: Item, sizeBytes: number): { item: Item; sizeBytes: number } {
  if (request.index?.projected === undefined) return { item, sizeBytes };
  const entry = projectedItem(request.index, item);
  return { item: entry, sizeBytes: itemSizeBytes(entry) };
}

/**
 * A page is charged by the sum of what it read, not item by item; what a local index fetches is charged item by item.
 */
function pageCost(request: PageRequest, readBytes: number, fetchedUnits: number): Cost {
  const factor = request.consistent ? 1 : 0.5;
  const units = Math.max(1, Math.ceil(readBytes / 4096)) * factor;
  if (request.index === undefined) return { ...noCost, table: units };
  const byIndex = { [request.index.definition.indexName]: units };
  return request.index.isGlobal
    ? { ...noCost, globalIndexes: byIndex }
    : { ...noCost, table: fetchedUnits * factor, localIndexes: byIndex };
}
