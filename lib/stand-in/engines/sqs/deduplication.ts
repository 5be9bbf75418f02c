import type { EpochMs, Store } from '../engine.ts';
import { limits } from './limits.ts';

/** What was sent under a deduplication id, kept for the five minutes in which a second send stores nothing. */
export interface Sent {
  readonly queue: string;
  readonly id: string;
  readonly messageId: string;
  readonly sequenceNumber: string;
  readonly untilMs: EpochMs;
}

const table = 'sqs.deduplication';

/**
 * The deduplication ids of a FIFO queue. An id counts for five minutes after its send, even when the message is
 * received and deleted before.
 */
export class Deduplication {
  readonly #queue: string;
  readonly #store: Store;
  /** In the order of their expiry, because each lasts equally long. */
  readonly #sent = new Map<string, Sent>();

  constructor(queue: string, store: Store) {
    this.#queue = queue;
    this.#store = store;
  }

  static load(store: Store): Iterable<Sent> {
    return Array.from(store.load(table), ([, row]) => row as Sent);
  }

  restore(sent: Sent): void {
    this.#sent.set(sent.id, sent);
  }

  find(id: string, nowMs: EpochMs): Sent | undefined {
    for (const [oldest, sent] of this.#sent) {
      if (sent.untilMs > nowMs) break;
      this.#forget(oldest);
    }
    return this.#sent.get(id);
  }

  record(id: string, messageId: string, sequenceNumber: string, nowMs: EpochMs): void {
    const untilMs = nowMs + limits.deduplicationMs;
    const sent: Sent = { queue: this.#queue, id, messageId, sequenceNumber, untilMs };
    this.#sent.set(id, sent);
    this.#store.put(table, `${this.#queue}/${id}`, sent);
  }

  clear(): void {
    for (const id of this.#sent.keys()) this.#forget(id);
  }

  #forget(id: string): void {
    this.#sent.delete(id);
    this.#store.delete(table, `${this.#queue}/${id}`);
  }
}
