import { attributeOf, type Item } from './attribute.ts';
import { Collection, type Row, type StoredItem } from './collection.ts';
import {
  type IndexDefinition,
  type KeyNames,
  pick,
  projectedNames,
  type TableDefinition,
} from './definition.ts';
import { positionOf } from './key.ts';
import { itemSizeBytes } from './size.ts';
import { SortedList } from './sorted-list.ts';

/** An index of a table with its contents. */
export interface Index {
  readonly definition: IndexDefinition;
  readonly isGlobal: boolean;
  readonly collection: Collection;
  /** The names of the attributes that it holds; undefined when it holds all. */
  readonly projected: ReadonlySet<string> | undefined;
}

interface Expiry {
  readonly atSeconds: number;
  readonly id: string;
}

/** The items of one table in memory: by id, sorted by primary key, by each index, and by expiry time. */
export class Table {
  #definition: TableDefinition;
  readonly #items = new Map<string, StoredItem>();
  readonly #primary = new Collection();
  #indexes: ReadonlyMap<string, Index> = new Map();
  #expiries: SortedList<Expiry> | undefined;
  #sizeBytes = 0;

  constructor(definition: TableDefinition) {
    this.#definition = definition;
    this.redefine(definition);
  }

  get definition(): TableDefinition {
    return this.#definition;
  }
  get primary(): Collection {
    return this.#primary;
  }
  get indexes(): ReadonlyMap<string, Index> {
    return this.#indexes;
  }
  get itemCount(): number {
    return this.#items.size;
  }
  get sizeBytes(): number {
    return this.#sizeBytes;
  }
  ids(): Iterable<string> {
    return this.#items.keys();
  }

  get(id: string): StoredItem | undefined {
    return this.#items.get(id);
  }

  put(id: string, item: Item, sizeBytes = itemSizeBytes(item)): void {
    const stored = this.#items.get(id);
    if (stored === undefined) {
      const added: StoredItem = { id, item, sizeBytes };
      this.#items.set(id, added);
      this.#place(this.#primary, this.#definition.key, added, item, 'add');
      for (const index of this.#indexes.values()) {
        this.#place(index.collection, index.definition.key, added, item, 'add');
      }
      this.#sizeBytes += sizeBytes;
    } else {
      for (const index of this.#indexes.values()) this.#move(index, stored, item);
      this.#forgetExpiry(stored);
      this.#sizeBytes += sizeBytes - stored.sizeBytes;
      stored.item = item;
      stored.sizeBytes = sizeBytes;
    }
    this.#noteExpiry(id, item);
  }

  delete(id: string): void {
    const stored = this.#items.get(id);
    if (stored === undefined) return;
    this.#place(this.#primary, this.#definition.key, stored, stored.item, 'remove');
    for (const index of this.#indexes.values()) {
      this.#place(index.collection, index.definition.key, stored, stored.item, 'remove');
    }
    this.#forgetExpiry(stored);
    this.#sizeBytes -= stored.sizeBytes;
    this.#items.delete(id);
  }

  /** Adopts a changed definition: fills new indexes and drops removed ones. */
  redefine(definition: TableDefinition): void {
    const previous = this.#indexes;
    const timeToLiveBefore = this.#definition.timeToLiveAttribute;
    this.#definition = definition;
    const indexes = new Map<string, Index>();
    const build = (index: IndexDefinition, isGlobal: boolean) => {
      const kept = previous.get(index.indexName);
      const collection = kept?.collection ?? new Collection();
      if (kept === undefined) {
        for (const stored of this.#items.values()) {
          this.#place(collection, index.key, stored, stored.item, 'add');
        }
      }
      const projected = projectedNames(definition, index);
      indexes.set(index.indexName, { definition: index, isGlobal, collection, projected });
    };
    for (const index of definition.globalIndexes) build(index, true);
    for (const index of definition.localIndexes) build(index, false);
    this.#indexes = indexes;

    const attribute = definition.timeToLiveAttribute;
    if (attribute === undefined) this.#expiries = undefined;
    else if (attribute !== timeToLiveBefore || this.#expiries === undefined) {
      this.#expiries = new SortedList(
        (left, right) =>
          left.atSeconds - right.atSeconds || (left.id === right.id ? 0 : left.id < right.id ? -1 : 1),
      );
      for (const stored of this.#items.values()) this.#noteExpiry(stored.id, stored.item);
    }
  }

  /** Counts the contents of an index over the whole table: for descriptions only. */
  measureIndex(indexName: string): { readonly itemCount: number; readonly sizeBytes: number } {
    const index = this.#indexes.get(indexName);
    let itemCount = 0;
    let sizeBytes = 0;
    for (const row of index?.collection.scan(undefined, undefined) ?? []) {
      itemCount += 1;
      sizeBytes +=
        index?.projected === undefined
          ? row.stored.sizeBytes
          : itemSizeBytes(projectedItem(index, row.stored.item));
    }
    return { itemCount, sizeBytes };
  }

  /** The ids of the items that expire within `[fromSeconds, toSeconds]`, the earliest first. */
  expiredIds(fromSeconds: number, toSeconds: number): readonly string[] {
    const ids: string[] = [];
    const rows = this.#expiries?.ascending((expiry) => (expiry.atSeconds < fromSeconds ? -1 : 1)) ?? [];
    for (const expiry of rows) {
      if (expiry.atSeconds > toSeconds) break;
      ids.push(expiry.id);
    }
    return ids;
  }

  #move(index: Index, stored: StoredItem, item: Item): void {
    const { key } = index.definition;
    const before = positionOf(this.#definition, key, stored.item, stored.id);
    const after = positionOf(this.#definition, key, item, stored.id);
    if (before?.partition === after?.partition && before?.sort === after?.sort) return;
    this.#place(index.collection, key, stored, stored.item, 'remove');
    this.#place(index.collection, key, stored, item, 'add');
  }

  #place(
    collection: Collection,
    key: KeyNames,
    stored: StoredItem,
    item: Item,
    change: 'add' | 'remove',
  ): void {
    const position = positionOf(this.#definition, key, item, stored.id);
    if (position === undefined) return;
    const row: Row = { sort: position.sort, id: stored.id, stored };
    collection[change](position.partition, row);
  }

  #noteExpiry(id: string, item: Item): void {
    const atSeconds = this.#expiryOf(item);
    if (atSeconds !== undefined) this.#expiries?.add({ atSeconds, id });
  }

  #forgetExpiry(stored: StoredItem): void {
    const atSeconds = this.#expiryOf(stored.item);
    if (atSeconds !== undefined) this.#expiries?.remove({ atSeconds, id: stored.id });
  }

  #expiryOf(item: Item): number | undefined {
    const attribute = this.#definition.timeToLiveAttribute;
    if (attribute === undefined) return undefined;
    const value = attributeOf(item, attribute);
    return value !== undefined && 'N' in value ? Number(value.N) : undefined;
  }
}

/** What an index holds of an item: the item itself if it projects everything. */
export function projectedItem(index: Pick<Index, 'projected'>, item: Item): Item {
  return index.projected === undefined ? item : pick(item, index.projected);
}
