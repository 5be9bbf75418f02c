import type { Clock, EpochMs } from '../engine.ts';
import type { Message } from './message.ts';

/** What a ReceiveMessage asks for. */
export interface Wanted {
  readonly max: number;
  /** Undefined uses the timeout of the queue. */
  readonly visibilitySeconds: number | undefined;
}

interface Waiter {
  readonly wanted: Wanted;
  settle(messages: Message[]): void;
  fail(error: unknown): void;
}

/**
 * The long polls of one queue, first come, first served. They are served in a microtask after a message became
 * visible, so everything sent in one turn goes to the first of them as one batch.
 */
export class LongPolls {
  readonly #waiters = new Set<Waiter>();
  readonly #clock: Clock;
  readonly #receive: (wanted: Wanted) => Message[];
  #woken = false;
  #alarm: { readonly dueMs: EpochMs; cancel(): void } | undefined = undefined;

  constructor(clock: Clock, receive: (wanted: Wanted) => Message[]) {
    this.#clock = clock;
    this.#receive = receive;
  }

  /** Resolves with messages, or with none after `waitMs` or on abort. */
  join(wanted: Wanted, waitMs: number, signal: AbortSignal | undefined): Promise<Message[]> {
    if (signal?.aborted === true) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const giveUp = () => waiter.settle([]);
      const leave = () => {
        this.#waiters.delete(waiter);
        if (this.#waiters.size === 0) this.#silence();
        cancelTimer();
        signal?.removeEventListener('abort', giveUp);
      };
      const waiter: Waiter = {
        wanted,
        settle(messages) {
          leave();
          resolve(messages);
        },
        fail(error) {
          leave();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      const cancelTimer = this.#clock.setTimer(waitMs, giveUp);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Serves the waiters, in a microtask. */
  wake(): void {
    if (this.#woken || this.#waiters.size === 0) return;
    this.#woken = true;
    queueMicrotask(() => {
      this.#woken = false;
      for (const waiter of this.#waiters) {
        try {
          const messages = this.#receive(waiter.wanted);
          if (messages.length === 0) break;
          waiter.settle(messages);
        } catch (error) {
          waiter.fail(error);
        }
      }
    });
  }

  /** While a poll waits, one timer is set for the next hidden message; `onDue` then checks what is due. */
  expect(dueMs: EpochMs | undefined, onDue: () => void): void {
    if (dueMs === undefined || this.#waiters.size === 0) return;
    if (this.#alarm !== undefined && this.#alarm.dueMs <= dueMs) return;
    this.#silence();
    const cancel = this.#clock.setTimer(Math.max(0, dueMs - this.#clock.now()), () => {
      this.#alarm = undefined;
      onDue();
    });
    this.#alarm = { dueMs, cancel };
  }

  /** Ends all waiting polls without messages. */
  close(): void {
    for (const waiter of this.#waiters) waiter.settle([]);
  }

  #silence(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }
}
