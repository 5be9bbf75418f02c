import type { Delivery, RetryPolicy } from '../core/deliver/delivery.ts';
import type { Outcome } from '../core/deliver/outcome.ts';
import type { StopCause } from '../core/event/hops.ts';
import type { Receiver } from '../core/registry/receiver.ts';

/**
 * What a kind of receiver is to the rest of the bus: data and pure rules. Every function has the sinks of all kinds in its
 * bundle; the client that sends is apart (`KindSender`), in the bundle of the function that delivers.
 *
 * `Row` is the receiver as the kind stores it, with the fields that only this kind has.
 */
export interface Sink<Row extends Receiver = Receiver> {
  /** The field of a receiver that makes it one of this kind. */
  readonly field: string;
  /** The function that consumes the lanes of such receivers, without the prefix of the bus. */
  readonly deliveredBy: string;
  /** The function that probes their open breakers. */
  readonly probedBy: string;
  /** The longest time that sending one delivery takes, from opening the sender to closing it. */
  sendSecondsMax(receiver: Row): number;
  /** The policy by which failed deliveries are retried. */
  retryPolicy(receiver: Row): RetryPolicy | undefined;
}

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

/** The half of a kind that talks to receivers. */
export interface KindSender<Row extends Receiver = Receiver> {
  readonly sink: Sink;
  /** Rejects when nothing can be sent for a fault of the bus, such as secrets that cannot be read. */
  open(receiver: Row): Promise<Sender>;
  /** Probes the receiver of an open breaker without an event; absent where only a delivery can probe. */
  probeByHead?(receiver: Row): Promise<Outcome>;
}

/** The sink of a receiver's kind. `endpoint` is in every row, as the text of its address: any other field decides first. */
export function sinkOf(sinks: readonly Sink[], receiver: object): Sink {
  const named = sinks.filter(({ field }) => (receiver as Record<string, unknown>)[field] !== undefined);
  const sink = named.at(-1);
  if (sink === undefined) throw new Error('A receiver is of no kind that this version of the bus has.');
  return sink;
}

/** The sender for a receiver; undefined when another function serves its kind. */
export function senderFor(
  { sinks, senders }: { readonly sinks: readonly Sink[]; readonly senders: readonly KindSender[] },
  receiver: Receiver,
): KindSender | undefined {
  const sink = sinkOf(sinks, receiver);
  return senders.find((sender) => sender.sink.field === sink.field);
}
