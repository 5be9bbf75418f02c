import type { Clock } from '../engine.ts';
import type { Message } from './message.ts';

/** A ReceiveMessage that waits for messages. */
export interface Wait {
  readonly max: number;
  readonly visibilitySeconds: number | undefined;
}

interface Waiter {
  readonly wait: Wait;
  settle(messages: Message[]): void;
  fail(error: unknown): void;
}

/**
 * The long polls of one queue, first come, first served. They are served in a microtask after a message became
 * visible, so that what is sent in one turn goes to the first of them as one batch.
 */
export class LongPolls {
  readonly #waiters = new Set<Waiter>();
  readonly #clock: Clock;
  readonly #receive: (wait: Wait) => Message[];
  #woken = false;

  constructor(clock: Clock, receive: (wait: Wait) => Message[]) {
    this.#clock = clock;
    this.#receive = receive;
  }

  get waiting(): boolean {
    return this.#waiters.size > 0;
  }

  /** Resolves with messages, or with none after `waitMs` or on abort. */
  join(wait: Wait, waitMs: number, signal: AbortSignal | undefined): Promise<Message[]> {
    if (signal?.aborted === true) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        cancelTimer();
        signal?.removeEventListener('abort', giveUp);
      };
      const waiter: Waiter = {
        wait,
        settle(messages) {
          leave();
          resolve(messages);
        },
        fail(error) {
          leave();
          reject(error);
        },
      };
      const giveUp = () => waiter.settle([]);
      const cancelTimer = this.#clock.setTimer(waitMs, giveUp);
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiters.add(waiter);
    });
  }

  wake(): void {
    if (this.#woken || this.#waiters.size === 0) return;
    this.#woken = true;
    queueMicrotask(() => {
      this.#woken = false;
      for (const waiter of this.#waiters) {
        try {
          const messages = this.#receive(waiter.wait);
          if (messages.length === 0) break;
          waiter.settle(messages);
        } catch (error) {
          waiter.fail(error);
        }
      }
    });
  }

  /** Sends every waiter away with nothing. */
  close(): void {
    for (const waiter of this.#waiters) waiter.settle([]);
  }
}
