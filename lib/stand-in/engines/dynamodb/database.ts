import type { Host } from '../engine.ts';
import type { Item } from './attribute.ts';
import { equalItems } from './compare.ts';
import type { TableDefinition } from './definition.ts';
import { tableNotFound } from './errors.ts';
import { Streams } from './streams.ts';
import { Table } from './table.ts';

const tablesRows = 'dynamodb.tables';

/** An item before and after a write, both validated. */
export interface Change {
  readonly id: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly afterSizeBytes: number;
}

/** Every table and stream of the account: kept in memory, with each change written through to the store. */
export class Database {
  readonly streams: Streams;
  readonly #host: Host;
  readonly #tables = new Map<string, Table>();

  constructor(host: Host) {
    this.#host = host;
    this.streams = new Streams(host);
    for (const [name, definition] of host.store.load(tablesRows)) {
      const table = new Table(definition as TableDefinition);
      for (const [id, item] of host.store.load(itemRows(name))) table.put(id, item as Item);
      this.#tables.set(name, table);
    }
  }

  get tables(): ReadonlyMap<string, Table> {
    return this.#tables;
  }

  /** The table of that name, for a call that reads or writes items. Throws `ResourceNotFoundException`. */
  table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw tableNotFound();
    return table;
  }

  /** The table of that name, for a call about the table itself. Throws `ResourceNotFoundException`. */
  namedTable(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw tableNotFound(name);
    return table;
  }

  create(definition: TableDefinition): Table {
    const table = new Table(definition);
    this.#tables.set(definition.tableName, table);
    this.#host.store.put(tablesRows, definition.tableName, definition);
    return table;
  }

  redefine(table: Table, definition: TableDefinition): void {
    table.redefine(definition);
    this.#host.store.put(tablesRows, definition.tableName, definition);
  }

  drop(table: Table): void {
    const { tableName, streamArn } = table.definition;
    if (streamArn !== undefined) this.streams.disable(streamArn);
    for (const id of table.ids()) this.#host.store.delete(itemRows(tableName), id);
    this.#host.store.delete(tablesRows, tableName);
    this.#tables.delete(tableName);
  }

  /** Applies a change. One that changes nothing leaves no stream record, as on AWS. */
  write(table: Table, change: Change, byService = false): void {
    const { id, before, after } = change;
    const { tableName, streamArn } = table.definition;
    if (after === undefined) {
      if (before === undefined) return;
      table.delete(id);
      this.#host.store.delete(itemRows(tableName), id);
    } else {
      if (before !== undefined && equalItems(before, after)) return;
      table.put(id, after, change.afterSizeBytes);
      this.#host.store.put(itemRows(tableName), id, after);
    }
    if (streamArn !== undefined) this.streams.append(streamArn, { before, after, byService });
  }
}

function itemRows(tableName: string): string {
  return `dynamodb.items.${tableName}`;
}
