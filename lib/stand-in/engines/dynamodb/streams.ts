import type { Host } from '../engine.ts';
import { keyNamesOf, type TableDefinition } from './definition.ts';
import { type ItemChange, type StreamDefinition, StreamLog, type StreamViewType } from './stream-log.ts';

export type Unsubscribe = () => void;

/** All streams of the account, and the listeners that wait for their records. */
export class Streams {
  readonly #host: Host;
  readonly #logs = new Map<string, StreamLog>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #announced = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
    for (const [arn, definition] of host.store.load('dynamodb.streams')) {
      this.#logs.set(arn, new StreamLog(host, definition as StreamDefinition));
    }
  }

  get(streamArn: string): StreamLog | undefined {
    return this.#logs.get(streamArn);
  }

  all(): Iterable<StreamLog> {
    return this.#logs.values();
  }

  /**
   * Creates the stream of a table. Its label is the time, advanced if the table already had a stream in this
   * millisecond.
   */
  enable(tableArn: string, table: TableDefinition, viewType: StreamViewType): StreamLog {
    let createdMs = this.#host.clock.now();
    const arnAt = (ms: number) => `${tableArn}/stream/${labelAt(ms)}`;
    while (this.#logs.has(arnAt(createdMs))) createdMs += 1;
    const definition: StreamDefinition = {
      streamArn: arnAt(createdMs),
      label: labelAt(createdMs),
      tableName: table.tableName,
      viewType,
      keyNames: keyNamesOf(table.key),
      createdMs,
      disabledMs: undefined,
      trimmedThrough: 0,
    };
    const log = new StreamLog(this.#host, definition);
    log.redefine(definition);
    this.#logs.set(definition.streamArn, log);
    return log;
  }

  disable(streamArn: string): void {
    const log = this.#logs.get(streamArn);
    if (log === undefined || log.definition.disabledMs !== undefined) return;
    log.redefine({ ...log.definition, disabledMs: this.#host.clock.now() });
    this.#announce(streamArn);
  }

  append(streamArn: string, change: ItemChange): void {
    const log = this.#logs.get(streamArn);
    if (log === undefined || log.definition.disabledMs !== undefined) return;
    log.append(change);
    this.#announce(streamArn);
  }

  trim(): void {
    for (const [arn, log] of this.#logs) {
      log.trim();
      if (log.isForgotten()) {
        this.#logs.delete(arn);
        this.#host.store.delete('dynamodb.streams', arn);
      }
    }
  }

  onRecords(streamArn: string, listener: () => void): Unsubscribe {
    const listeners = this.#listeners.get(streamArn) ?? new Set();
    this.#listeners.set(streamArn, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(streamArn);
    };
  }

  /**
   * Calls the listeners once for all records of a turn, after their commit: nobody must act on a change that a crash
   * could undo.
   */
  #announce(streamArn: string): void {
    if (this.#announced.has(streamArn) || !this.#listeners.has(streamArn)) return;
    this.#announced.add(streamArn);
    const tell = () => {
      this.#announced.delete(streamArn);
      for (const listener of [...(this.#listeners.get(streamArn) ?? [])]) listener();
    };
    // The caller that made the change learns of a failed commit. The records stay and are announced with the next
    // ones.
    this.#host.store.committed().then(tell, () => this.#announced.delete(streamArn));
  }
}

function labelAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1);
}
