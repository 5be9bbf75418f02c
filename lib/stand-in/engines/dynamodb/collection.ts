import type { Item } from './attribute.ts';
import { type Probe, SortedList } from './sorted-list.ts';

/** An item as the table holds it. A write replaces the whole object; indexes refer to it without a copy. */
export interface StoredItem {
  /** The primary key as text: the key of its row in the store. */
  readonly id: string;
  item: Item;
  sizeBytes: number;
}

/** A stored item in one collection, with its sort key there. Ids distinguish items with the same sort key. */
export interface Row {
  readonly sort: string;
  readonly id: string;
  readonly stored: StoredItem;
}

/** The position of a row. */
export interface Position {
  readonly partition: string;
  readonly sort: string;
  readonly id: string;
}

interface Partition {
  readonly key: string;
  readonly hash: number;
  readonly rows: SortedList<Row>;
}

/** The condition on a sort key, as an interval of sortable texts. */
export interface SortRange {
  readonly from: { readonly sort: string; readonly inclusive: boolean } | undefined;
  readonly to: { readonly sort: string; readonly inclusive: boolean } | undefined;
}

/** One segment of a parallel scan. */
export interface Segment {
  readonly segment: number;
  readonly totalSegments: number;
}

/**
 * Items by partition key, each partition sorted by its sort key: the form of a table and of each of its indexes. A
 * hash of the key orders the partitions, and so a scan, as on AWS.
 */
export class Collection {
  readonly #partitions = new Map<string, Partition>();
  readonly #byHash = new SortedList<Partition>((left, right) =>
    comparePartitions(left, right.hash, right.key),
  );

  add(partitionKey: string, row: Row): void {
    const known = this.#partitions.get(partitionKey);
    if (known !== undefined) {
      known.rows.add(row);
      return;
    }
    const rows = new SortedList<Row>(compareRows);
    rows.add(row);
    const partition: Partition = { key: partitionKey, hash: hashOf(partitionKey), rows };
    this.#partitions.set(partitionKey, partition);
    this.#byHash.add(partition);
  }

  remove(partitionKey: string, row: Row): void {
    const partition = this.#partitions.get(partitionKey);
    if (partition === undefined) return;
    partition.rows.remove(row);
    if (partition.rows.isEmpty) {
      this.#partitions.delete(partitionKey);
      this.#byHash.remove(partition);
    }
  }

  /** The rows of one partition within a range, ascending or descending, starting after `after`. */
  *query(
    partitionKey: string,
    range: SortRange,
    forward: boolean,
    after: Position | undefined,
  ): Generator<Row, void, undefined> {
    const rows = this.#partitions.get(partitionKey)?.rows;
    if (rows === undefined) return;
    const { from, to } = range;
    if (forward) {
      const start = later(from === undefined ? beforeAll : startProbe(from), after && probeBehind(after));
      for (const row of rows.ascending(start)) {
        if (to !== undefined && (to.inclusive ? row.sort > to.sort : row.sort >= to.sort)) return;
        yield row;
      }
    } else {
      const start = earlier(to === undefined ? behindAll : endProbe(to), after && probeAt(after));
      for (const row of rows.descending(start)) {
        if (from !== undefined && (from.inclusive ? row.sort < from.sort : row.sort <= from.sort)) return;
        yield row;
      }
    }
  }

  /** Every row of a segment (or of all segments), starting after `after`, whose row may no longer exist. */
  *scan(
    segment: Segment | undefined,
    after: Position | undefined,
  ): Generator<Row & { readonly partition: string }, void, undefined> {
    const [lowest, end] = segment === undefined ? [0, hashSpace] : hashRange(segment);
    const startHash = after === undefined ? lowest : hashOf(after.partition);
    const startKey = after?.partition ?? '';
    for (const partition of this.#byHash.ascending((other) =>
      comparePartitions(other, startHash, startKey),
    )) {
      if (partition.hash >= end) return;
      const resumed = after !== undefined && partition.key === after.partition;
      const rows = partition.rows.ascending(resumed ? probeBehind(after) : beforeAll);
      for (const row of rows) yield { ...row, partition: partition.key };
    }
  }
}

const hashSpace = 2 ** 32;

/** FNV-1a over the code units of the key. AWS does not publish its hash; any uniform one will do. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  // The last characters of similar keys affect only the low bits, while segments use the high ones.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function hashRange({ segment, totalSegments }: Segment): readonly [from: number, end: number] {
  const boundary = (index: number) => Math.ceil((hashSpace * index) / totalSegments);
  return [boundary(segment), boundary(segment + 1)];
}

export function isInSegment(partitionKey: string, segment: Segment): boolean {
  const [from, end] = hashRange(segment);
  const hash = hashOf(partitionKey);
  return hash >= from && hash < end;
}

function comparePartitions(partition: Partition, hash: number, key: string): number {
  if (partition.hash !== hash) return partition.hash - hash;
  return compareTexts(partition.key, key);
}

function compareRows(left: Pick<Row, 'sort' | 'id'>, right: Pick<Row, 'sort' | 'id'>): number {
  return compareTexts(left.sort, right.sort) || compareTexts(left.id, right.id);
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

const beforeAll: Probe<Row> = () => 1;
const behindAll: Probe<Row> = () => -1;

function startProbe(from: { readonly sort: string; readonly inclusive: boolean }): Probe<Row> {
  return (row) => ((from.inclusive ? row.sort >= from.sort : row.sort > from.sort) ? 1 : -1);
}

function endProbe(to: { readonly sort: string; readonly inclusive: boolean }): Probe<Row> {
  return (row) => ((to.inclusive ? row.sort <= to.sort : row.sort < to.sort) ? -1 : 1);
}

function probeAt(position: Position): Probe<Row> {
  return (row) => (compareRows(row, position) < 0 ? -1 : 1);
}

function probeBehind(position: Position): Probe<Row> {
  return (row) => (compareRows(row, position) <= 0 ? -1 : 1);
}

/** A row must come after both starts, or before both ends. */
function later(one: Probe<Row>, other: Probe<Row> | undefined): Probe<Row> {
  return other === undefined ? one : (row) => Math.min(one(row), other(row));
}
function earlier(one: Probe<Row>, other: Probe<Row> | undefined): Probe<Row> {
  return other === undefined ? one : (row) => Math.max(one(row), other(row));
}
