import type { EpochMs } from '../engine.ts';
import type { Message } from './message.ts';

/** The visible messages of a queue, and the rule that chooses the next ones. */
export interface Shelf {
  /** All visible messages, including those that a FIFO group holds back. */
  readonly size: number;
  /** Whether a receive would find a message. */
  readonly ready: boolean;
  /** A message has become visible. */
  put(message: Message): void;
  /** A visible message leaves without being received. */
  drop(message: Message): void;
  /**
   * Removes up to `max` messages, which are then in flight. `accept` may reject a message (and move it to the
   * dead-letter queue): it leaves the shelf, but is not in flight.
   */
  take(max: number, nowMs: EpochMs, accept: (message: Message) => boolean): Message[];
  /** A message is in flight without a `take`: it already was before a restart. */
  launch(message: Message): void;
  /** A message is no longer in flight: it was deleted, or is about to be `put` again. */
  land(message: Message, nowMs: EpochMs): void;
}
