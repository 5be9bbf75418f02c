import type { Delivery } from '../core/deliver/delivery.ts';
import type { Outcome } from '../core/deliver/outcome.ts';
import type { StopCause } from '../core/event/hops.ts';

/** One delivery to send. */
export interface Sending {
  readonly delivery: Delivery;
  /** Which attempt of the delivery this is, from 1. */
  readonly attempt: number;
  /** The queue message that brought it; `group` is its message group in a FIFO queue. */
  readonly message: { readonly group?: string };
}

/** Sends the deliveries of one batch to their receiver; opened for the batch, and closed with it. */
export interface Sender {
  /** Sends a delivery once. What the other side does is an outcome; it rejects only for a fault of the bus. */
  send(sending: Sending): Promise<Sent>;
  close(): Promise<void>;
}

/** The result of sending; `stopped` when the event was deliberately not sent. */
export type Sent = Outcome | { readonly kind: 'stopped'; readonly cause: StopCause; readonly detail: string };
