import type { Host, Output } from '../engine.ts';
import type { Item } from './attribute.ts';
import { equalItems } from './compare.ts';
import type { Change } from './database.ts';
import { positionOf } from './key.ts';
import { itemSizeBytes } from './size.ts';
import { type Index, projectedItem, type Table } from './table.ts';

/**
 * Capacity units by table and index: a write unit is 1 KB, a read unit 4 KB (half a unit when eventually consistent).
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export interface Cost {
  readonly table: number;
  readonly localIndexes: Readonly<Record<string, number>>;
  readonly globalIndexes: Readonly<Record<string, number>>;
}

export const noCost: Cost = { table: 0, localIndexes: {}, globalIndexes: {} };

export function readUnits(sizeBytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(sizeBytes / 4096)) * (consistent ? 1 : 0.5);
}

export function writeUnits(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / 1024));
}

/**
 * What a write costs: the larger of both sizes for the table, and each index entry that it adds, changes or removes.
 */
export function writeCost(table: Table, change: Change): Cost {
  const beforeSizeBytes = table.get(change.id)?.sizeBytes ?? 0;
  const localIndexes: Record<string, number> = {};
  const globalIndexes: Record<string, number> = {};
  for (const [name, index] of table.indexes) {
    const units = indexUnits(table, index, change);
    if (units > 0) (index.isGlobal ? globalIndexes : localIndexes)[name] = units;
  }
  return { table: writeUnits(Math.max(beforeSizeBytes, change.afterSizeBytes)), localIndexes, globalIndexes };
}

function indexUnits(table: Table, index: Index, { id, before, after }: Change): number {
  const position = (item: Item | undefined) =>
    item && positionOf(table.definition, index.definition.key, item, id);
  const from = position(before);
  const to = position(after);
  const units = (item: Item | undefined) =>
    item === undefined ? 0 : writeUnits(itemSizeBytes(projectedItem(index, item)));
  if (from === undefined) return to === undefined ? 0 : units(after);
  if (to === undefined) return units(before);
  if (from.partition !== to.partition || from.sort !== to.sort) return units(before) + units(after);
  if (before === undefined || after === undefined) return 0;
  if (equalItems(projectedItem(index, before), projectedItem(index, after))) return 0;
  return Math.max(units(before), units(after));
}

export function addCosts(left: Cost, right: Cost): Cost {
  return {
    table: left.table + right.table,
    localIndexes: addRecords(left.localIndexes, right.localIndexes),
    globalIndexes: addRecords(left.globalIndexes, right.globalIndexes),
  };
}

function addRecords(
  left: Readonly<Record<string, number>>,
  right: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = { ...left };
  for (const [name, units] of Object.entries(right)) sums[name] = (sums[name] ?? 0) + units;
  return sums;
}

/** A transaction prepares and commits each item, which doubles the charge of the table. */
export function transactional(cost: Cost): Cost {
  return { ...cost, table: cost.table * 2 };
}

function totalUnits(cost: Cost): number {
  const indexes = [...Object.values(cost.localIndexes), ...Object.values(cost.globalIndexes)];
  return indexes.reduce((sum, units) => sum + units, cost.table);
}

export function meterWrite(host: Host, cost: Cost): void {
  host.meter.count('dynamodb.write-units', totalUnits(cost));
}

export function meterRead(host: Host, cost: Cost): void {
  host.meter.count('dynamodb.read-units', totalUnits(cost));
}

export type CapacityMode = 'NONE' | 'TOTAL' | 'INDEXES';
export const capacityModes = ['INDEXES', 'TOTAL', 'NONE'] as const;

/** The `ConsumedCapacity` member of an answer. Only transactions distinguish `kind`, as on AWS. */
export function consumedCapacity(
  mode: CapacityMode | undefined,
  tableName: string,
  cost: Cost,
  kind?: 'ReadCapacityUnits' | 'WriteCapacityUnits',
): Output {
  if (mode === undefined || mode === 'NONE') return undefined;
  const units = (count: number) => ({
    CapacityUnits: count,
    ...(kind === undefined ? {} : { [kind]: count }),
  });
  const byName = (record: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(record).map(([name, count]) => [name, units(count)]));
  const hasAny = (record: Readonly<Record<string, number>>) => Object.keys(record).length > 0;
  return {
    TableName: tableName,
    ...units(totalUnits(cost)),
    ...(mode === 'INDEXES' ? { Table: units(cost.table) } : {}),
    ...(mode === 'INDEXES' && hasAny(cost.localIndexes)
      ? { LocalSecondaryIndexes: byName(cost.localIndexes) }
      : {}),
    ...(mode === 'INDEXES' && hasAny(cost.globalIndexes)
      ? { GlobalSecondaryIndexes: byName(cost.globalIndexes) }
      : {}),
  };
}
