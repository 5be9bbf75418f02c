import type { EpochMs } from '../engine.ts';
import type { Message } from './message.ts';

/** The visible messages of a queue, and the rule by which the next ones are chosen. */
export interface Shelf {
  /** All visible messages, also those that a FIFO group holds back. */
  readonly size: number;
  /** Whether a receive would find a message. */
  readonly ready: boolean;
  /** A message has become visible. */
  put(message: Message): void;
  /** A visible message leaves without being received. */
  drop(message: Message): void;
  /**
   * Takes up to `max` messages off, which are then in flight. `accept` may turn a message away (to the dead-letter
   * queue); it is off the shelf then, and not in flight.
   */
  take(max: number, nowMs: EpochMs, accept: (message: Message) => boolean): Message[];
  /** A message is in flight without a `take`: it was before a restart. */
  launch(message: Message): void;
  /** A message is no longer in flight: deleted, or about to be `put` again. */
  land(message: Message, nowMs: EpochMs): void;
}
