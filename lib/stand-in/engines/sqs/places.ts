import type { EpochMs } from '../engine.ts';
import { FifoShelf } from './fifo-shelf.ts';
import { IndexedHeap } from './heap.ts';
import type { Message } from './message.ts';
import type { Shelf } from './shelf.ts';
import { StandardShelf } from './standard-shelf.ts';

/**
 * The state of each message of a queue: visible (on the shelf), or hidden until a known time, because it is delayed or
 * in flight after a receive.
 *
 *   admit ──► delayed ──due──► visible ──take──► in flight ──remove──► gone
 *     └───────────────────────►   ▲                  │
 *                                 └──────due─────────┘
 *
 * Nothing happens by itself: every caller first calls `tick`, which removes expired messages and makes visible what is
 * due. Each step costs at most O(log n), and messages in flight cost a receive nothing.
 */
export class Places {
  readonly #messages = new Map<number, Message>();
  readonly #shelf: Shelf;
  readonly #hidden = byDue();
  readonly #oldest = byAge();
  #inFlight = 0;
  readonly #onReady: () => void;
  readonly #onRemoved: (message: Message) => void;

  /** `onReady` is called when a receive may find more than before, `onRemoved` for every message that is gone. */
  constructor(fifo: boolean, onReady: () => void, onRemoved: (message: Message) => void) {
    this.#shelf = fifo ? new FifoShelf() : new StandardShelf();
    this.#onReady = onReady;
    this.#onRemoved = onRemoved;
  }

  get visible(): number {
    return this.#shelf.size;
  }
  get inFlight(): number {
    return this.#inFlight;
  }
  get delayed(): number {
    return this.#hidden.size - this.#inFlight;
  }
  /** When the next hidden message is due. */
  get nextDueMs(): EpochMs | undefined {
    return this.#hidden.peek()?.visibleAtMs;
  }

  find(key: number): Message | undefined {
    return this.#messages.get(key);
  }

  all(): Iterable<Message> {
    return this.#messages.values();
  }

  /** Adds a message from elsewhere: visible if its time has come, otherwise in `hiddenState`. */
  admit(message: Message, nowMs: EpochMs, hiddenState: 'delayed' | 'in-flight' = 'delayed'): void {
    this.#messages.set(message.key, message);
    this.#oldest.push(message);
    if (message.visibleAtMs <= nowMs) {
      this.#show(message);
      return;
    }
    if (hiddenState === 'in-flight') this.#shelf.launch(message);
    this.#hide(message, hiddenState);
  }

  /** Takes up to `max` messages into flight until `untilMs`. A message that `accept` rejects is up to `accept`. */
  take(max: number, nowMs: EpochMs, untilMs: EpochMs, accept: (message: Message) => boolean): Message[] {
    const taken = this.#shelf.take(max, nowMs, (message) => {
      if (accept(message)) return true;
      this.#forget(message);
      return false;
    });
    for (const message of taken) {
      message.visibleAtMs = untilMs;
      this.#hide(message, 'in-flight');
    }
    return taken;
  }

  /** The next visible message, which moves to the end of the line. */
  rotate(nowMs: EpochMs): Message | undefined {
    const [message] = this.#shelf.take(1, nowMs, () => true);
    if (message === undefined) return undefined;
    this.#shelf.land(message, nowMs);
    this.#show(message);
    return message;
  }

  /** Changes when a hidden message becomes visible. */
  postpone(message: Message, untilMs: EpochMs): void {
    message.visibleAtMs = untilMs;
    this.#hidden.update(message);
  }

  remove(message: Message, nowMs: EpochMs): void {
    if (message.state === 'visible') this.#shelf.drop(message);
    else this.#unhide(message, nowMs);
    this.#forget(message);
    this.#onRemoved(message);
  }

  tick(nowMs: EpochMs, retentionMs: number): void {
    for (let oldest = this.#oldest.peek(); oldest !== undefined; oldest = this.#oldest.peek()) {
      if (oldest.row.enqueuedMs + retentionMs > nowMs) break;
      this.remove(oldest, nowMs);
    }
    for (let next = this.#hidden.peek(); next !== undefined; next = this.#hidden.peek()) {
      if (next.visibleAtMs > nowMs) break;
      this.#unhide(next, next.visibleAtMs);
      this.#show(next);
    }
  }

  #show(message: Message): void {
    message.state = 'visible';
    this.#shelf.put(message);
    this.#onReady();
  }

  #hide(message: Message, state: 'delayed' | 'in-flight'): void {
    message.state = state;
    this.#hidden.push(message);
    if (state === 'in-flight') this.#inFlight += 1;
  }

  #unhide(message: Message, nowMs: EpochMs): void {
    this.#hidden.remove(message);
    if (message.state !== 'in-flight') return;
    this.#inFlight -= 1;
    this.#shelf.land(message, nowMs);
    // Others of its FIFO group may have waited for this one.
    if (this.#shelf.ready) this.#onReady();
  }

  #forget(message: Message): void {
    message.state = 'gone';
    this.#oldest.remove(message);
    this.#messages.delete(message.key);
  }
}

function byDue(): IndexedHeap<Message> {
  return new IndexedHeap<Message>(
    (left, right) =>
      left.visibleAtMs < right.visibleAtMs ||
      (left.visibleAtMs === right.visibleAtMs && left.key < right.key),
    (message) => message.slot,
    (message, slot) => {
      message.slot = slot;
    },
  );
}

function byAge(): IndexedHeap<Message> {
  return new IndexedHeap<Message>(
    (left, right) => left.row.enqueuedMs < right.row.enqueuedMs,
    (message) => message.ageSlot,
    (message, slot) => {
      message.ageSlot = slot;
    },
  );
}
