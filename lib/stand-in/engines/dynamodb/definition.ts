import type { AttributeValue, Item } from './attribute.ts';

/** A table as CreateTable defined it and UpdateTable changed it: one row of the store. */
export interface TableDefinition {
  readonly tableName: string;
  readonly tableId: string;
  readonly createdMs: number;
  readonly attributeTypes: Readonly<Record<string, KeyType>>;
  readonly key: KeyNames;
  readonly globalIndexes: readonly IndexDefinition[];
  readonly localIndexes: readonly IndexDefinition[];
  readonly billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED';
  readonly throughput: Throughput | undefined;
  /** The latest stream, enabled or not. The stream itself keeps its state. */
  readonly streamArn: string | undefined;
  readonly encryption: Encryption | undefined;
  readonly tableClass: string | undefined;
  readonly deletionProtection: boolean;
  readonly timeToLiveAttribute: string | undefined;
  readonly recoveryPeriodDays: number | undefined;
  readonly recoverySinceMs: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export type KeyType = 'S' | 'N' | 'B';

export interface KeyNames {
  readonly partition: string;
  readonly sort: string | undefined;
}

export interface IndexDefinition {
  readonly indexName: string;
  readonly key: KeyNames;
  readonly projection: Projection;
  readonly throughput: Throughput | undefined;
}

export type Projection =
  | { readonly type: 'ALL' }
  | { readonly type: 'KEYS_ONLY' }
  | { readonly type: 'INCLUDE'; readonly attributes: readonly string[] };

export interface Throughput {
  readonly readUnits: number;
  readonly writeUnits: number;
}

export interface Encryption {
  readonly keyArn: string;
}

export function keyNamesOf(key: KeyNames): readonly string[] {
  return key.sort === undefined ? [key.partition] : [key.partition, key.sort];
}

/** The attributes that an index holds besides its own key and the table's; undefined when it holds all. */
export function projectedNames(
  definition: TableDefinition,
  index: IndexDefinition,
): ReadonlySet<string> | undefined {
  if (index.projection.type === 'ALL') return undefined;
  const included = index.projection.type === 'INCLUDE' ? index.projection.attributes : [];
  return new Set([...keyNamesOf(definition.key), ...keyNamesOf(index.key), ...included]);
}

export function pick(item: Item, names: Iterable<string>): Item {
  const picked: [string, AttributeValue][] = [];
  for (const name of names) {
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    if (value !== undefined) picked.push([name, value]);
  }
  return Object.fromEntries(picked);
}
