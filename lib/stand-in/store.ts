import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemCpuTime } from './cpu.ts';
import type { Store } from './engines/engine.ts';

export interface DurableStore extends Store {
  close(): void;
}

/** A store in memory, for tests and simulation. It copies values, as a disk would. */
export function memoryStore(): DurableStore {
  const tables = new Map<string, Map<string, unknown>>();
  const dirty = new Map<string, Map<string, unknown>>();
  const table = (all: typeof tables, name: string) => {
    const rows = all.get(name) ?? new Map<string, unknown>();
    all.set(name, rows);
    return rows;
  };
  return {
    *load(name) {
      for (const [key, value] of table(tables, name)) yield [key, structuredClone(value)];
    },
    put: (name, key, value) => void table(dirty, name).set(key, value),
    delete: (name, key) => void table(dirty, name).set(key, undefined),
    async committed() {
      for (const [name, rows] of dirty) {
        const kept = table(tables, name);
        for (const [key, value] of rows) {
          if (value === undefined) kept.delete(key);
          else kept.set(key, structuredClone(value));
        }
      }
      dirty.clear();
    },
    close: () => undefined,
  };
}

/** Thrown when a data file is damaged or belongs to another program. */
class DamagedStoreError extends Error {
  constructor({ file, remedy }: Place, cause: unknown) {
    super(
      `The data file ${file} is damaged or belongs to another program (${cause instanceof Error ? cause.message : String(cause)}). ` +
        `Move the data directory away to start empty, or ${remedy}.`,
      { cause },
    );
    this.name = 'DamagedStoreError';
  }
}

/** Thrown when another process has the data directory open. */
class StoreInUseError extends Error {
  constructor({ directory, remedy }: Place, cause: unknown) {
    super(`Another process is using the data directory ${directory}. Stop it, or ${remedy}.`, { cause });
    this.name = 'StoreInUseError';
  }
}

interface Place {
  readonly directory: string;
  readonly file: string;
  /** How to use another directory, for error messages. */
  readonly remedy: string;
}

/**
 * A store in one SQLite file. The changes of one turn of the event loop are committed together (group commit): a
 * thousand messages of one turn cost one transaction. A commit survives the death of the process, not the loss of power.
 *
 * @param remedy how to use another directory, for the error of one that is damaged or in use
 * @throws DamagedStoreError, StoreInUseError
 */
export function sqliteStore(directory: string, remedy = 'use another one'): DurableStore {
  const place: Place = { directory, file: join(directory, 'engines.sqlite'), remedy };
  const database = open(place);
  const insert = database.prepare(
    'INSERT INTO rows (tbl, key, value) VALUES (?, ?, ?) ON CONFLICT (tbl, key) DO UPDATE SET value = excluded.value',
  );
  const remove = database.prepare('DELETE FROM rows WHERE tbl = ? AND key = ?');
  const select = database.prepare('SELECT key, value FROM rows WHERE tbl = ? ORDER BY seq');

  let dirty = new Map<string, Map<string, unknown>>();
  let commit: Promise<void> | undefined;
  let closed = false;

  function flush(): void {
    commit = undefined;
    const changes = dirty;
    if (changes.size === 0) return;
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const [table, rows] of changes) {
        for (const [key, value] of rows) {
          if (value === undefined) remove.run(table, key);
          else insert.run(table, key, JSON.stringify(value));
        }
      }
      database.exec('COMMIT');
      dirty = new Map();
    } catch (error) {
      // What could not be written stays dirty; the promise of this commit rejects.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  function change(table: string, key: string, value: unknown): void {
    if (closed) throw new Error('The store is closed.');
    const rows = dirty.get(table) ?? new Map<string, unknown>();
    dirty.set(table, rows);
    rows.set(key, value);
    void schedule();
  }

  function schedule(): Promise<void> {
    if (commit === undefined) {
      commit = new Promise((resolve, reject) => {
        setImmediate(() => {
          try {
            if (!closed) systemCpuTime.ofEngine(flush);
            resolve();
          } catch (error) {
            reject(error);
          }
        });
      });
      // `committed` reports a failed commit; without a listener, the rejection must not end the process.
      commit.catch(() => undefined);
    }
    return commit;
  }

  return {
    *load(table) {
      flush();
      for (const row of select.all(table)) yield [String(row.key), parseValue(place, String(row.value))];
    },
    put: change,
    delete: (table, key) => change(table, key, undefined),
    committed: () => (dirty.size === 0 && commit === undefined ? Promise.resolve() : schedule()),
    close() {
      if (closed) return;
      flush();
      closed = true;
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      database.close();
    },
  };
}

function parseValue(place: Place, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DamagedStoreError(place, error);
  }
}

/** Changes when older code cannot read what the engines store, or newer code what older code stored. */
const formatVersion = 1;

function open(place: Place): DatabaseSync {
  const { directory, file } = place;
  try {
    // Secrets are stored in clear: on a laptop, the permissions of the file protect them.
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(file);
    chmodSync(file, 0o600);
    // One process owns its data: a second one on the same directory would not see what this one holds in memory.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS rows (
        seq INTEGER PRIMARY KEY, tbl TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (tbl, key)
      );`);
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version !== 0 && version !== formatVersion)
      throw new Error(`its format is ${version}, not ${formatVersion}`);
    database.exec(`PRAGMA user_version = ${formatVersion}`);
    const check = database.prepare('PRAGMA quick_check').get();
    if (check?.quick_check !== 'ok') throw new Error(String(check?.quick_check));
    return database;
  } catch (error) {
    if (/database is locked/.test(String(error))) throw new StoreInUseError(place, error);
    throw new DamagedStoreError(place, error);
  }
}
