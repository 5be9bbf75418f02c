import type { Delivery, RetryPolicy } from '../core/deliver/delivery.ts';
import type { Outcome } from '../core/deliver/outcome.ts';
import type { Entry } from '../core/event/forms.ts';
import type { StopCause } from '../core/event/hops.ts';
import type { EndpointPolicy, EndpointPorts } from '../core/kernel/endpoint.ts';
import { type Kinds, kindsOf, type ReceiverKind } from '../core/registry/kinds.ts';
import type { Receiver, ReceiverSpec } from '../core/registry/receiver.ts';
import type { HostLookup } from '../runtime/http/host-lookup.ts';

// Sinks: the bus sends to them.

/**
 * A kind of receiver: the bus sends to it. This half is data and pure rules, and in the bundle of every function that
 * handles receivers; the half that sends (`KindSender`) is only in the bundle of the function that delivers.
 *
 * `Spec` is the body of a PUT with the fields of the kind, `Row` the receiver as it is stored. What the methods get as
 * `existing` may be of another kind: then it has none of the fields.
 */
export interface Sink<Spec extends ReceiverSpec = ReceiverSpec, Row extends Receiver = Receiver>
  extends ReceiverKind<Spec, Row> {
  /**
   * Checks a body that has the form of the kind's schema against the rules of this bus.
   * @throws BusbarError invalid_request.
   */
  check(spec: Spec, rules: CheckRules): Promise<void>;
  /**
   * The fields of the kind as they are stored. Credentials that the body leaves out stay those of the existing receiver
   * as long as they go to the same place. `endpoint` is the text that stands for the address: the breaker and the log name
   * the receiver by it.
   * @throws BusbarError invalid_request when credentials are missing.
   */
  keep(spec: Spec, existing: Partial<Row> | undefined): Pick<Receiver, 'endpoint'>;
  /** The same for a receiver that busbar.config.ts declares; credentials that were set over the API stay. */
  keepDeclared(spec: Spec, existing: Partial<Row> | undefined): Pick<Receiver, 'endpoint'>;
  /** The texts that must not appear in logs, traces and dead letters. */
  credentials(receiver: Row): readonly string[];
  /** What an HTTP request that asks for consent carries beside its own headers; only where `isAsked`. */
  askHeaders?(receiver: Row): Readonly<Record<string, string>>;
  /**
   * The headers that an attempt was sent with, by what is known afterwards and the settings of now. Null stands for a value
   * that is hidden, or was not recorded. Only of kinds that send requests with headers.
   */
  sentHeaders?(receiver: Row, attempt: PastAttempt): Readonly<Record<string, string | null>>;
  /** The longest time that sending one delivery takes, from opening the sender to closing it. */
  sendSecondsMax(receiver: Row): number;
  /** The policy by which failed deliveries are retried. */
  retryPolicy(receiver: Row): RetryPolicy | undefined;
}

/** An attempt that was made. */
export interface PastAttempt {
  readonly deliveryId: string;
  /** Undefined for an event that was sent to the receiver alone. */
  readonly topic: string | undefined;
  /** Counted from 1. */
  readonly attempt: number;
  readonly atMs: number;
}

/** What a bus allows, and how it finds out. */
export interface CheckRules {
  /** `any` only on a laptop. */
  readonly endpoints: EndpointPolicy;
  readonly endpointPorts: EndpointPorts;
  /** The `host[:port]` under which the bus itself is reached. */
  readonly ownHosts: readonly string[];
  /** Whether the bus may call a URL that is no endpoint, such as one for tokens. */
  mayCall(url: string): Promise<boolean>;
  /** Undefined where no name is looked up: a deployment does not depend on DNS. */
  readonly lookup: HostLookup | undefined;
  /** The environment of the function, for what only one kind reads. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Sinks = Kinds<Sink>;

/** The kinds of receivers that a bus has; that of endpoints, which every row has, is the first. */
export const sinksOf = (all: readonly Sink[]): Sinks =>
  kindsOf(all, (receiver) => {
    const fields = receiver as Readonly<Record<string, unknown>>;
    // Every row has `endpoint`, the text of its address: any other field decides first.
    const kind = all.filter(({ field }) => fields[field] !== undefined).at(-1);
    if (kind === undefined) throw new Error('A receiver is of no kind that this version of the bus has.');
    return kind;
  });

/** One delivery to send. */
export interface Sending {
  readonly delivery: Delivery;
  /** Which attempt of the delivery this is, from 1. */
  readonly attempt: number;
  /** The span of this attempt, 16 hexadecimal digits; a random one when it is left out. */
  readonly spanId?: string;
  /** The queue message that brought it; `group` is its message group in a FIFO queue. */
  readonly message: { readonly group?: string };
}

/** Sends the deliveries of one batch to their receiver; opened for the batch, and closed with it. */
export interface Sender {
  /**
   * Sends a delivery once. What the other side does is an outcome, and so is an event that cannot be written
   * (core/deliver/fault); it rejects only for a fault of the bus.
   */
  send(sending: Sending): Promise<Sent>;
  close(): Promise<void>;
}

/** The result of sending; `stopped` when the event was deliberately not sent. */
export type Sent = Outcome | { readonly kind: 'stopped'; readonly cause: StopCause; readonly detail: string };

/** The half of a kind that talks to receivers. */
export interface KindSender<Row extends Receiver = Receiver> {
  /** The field of the kind. */
  readonly field: string;
  /** Rejects when nothing can be sent for a fault of the bus, such as secrets that cannot be read. */
  open(receiver: Row): Promise<Sender>;
  /** Probes the receiver of an open breaker without an event; only where `isProbedByHead`. */
  probeByHead?(receiver: Row): Promise<Outcome>;
}

/** The sender for a receiver; undefined when another function serves its kind. */
export function senderFor(
  { sinks, senders }: { readonly sinks: Sinks; readonly senders: readonly KindSender[] },
  receiver: Receiver,
): KindSender | undefined {
  const { field } = sinks.of(receiver);
  return senders.find((sender) => sender.field === field);
}

// Sources: the bus receives from them.

/** What one bridge receives from. A function opens it for each run, and closes it before the run ends. */
export interface Source {
  /** Where it is, for the log. It holds no credential. */
  readonly address: string;
  /** What is received, and the topic of the bus that it goes to. */
  readonly routes: readonly SourceRoute[];
  /** Whether its events may have sources that name applications of the bus. */
  readonly trustsSources: boolean;
  /** How many batches of a route are under way at once. */
  readonly parallel: number;
  /** Publishing that takes longer than this makes the bridge slow down. */
  readonly slowSeconds: number;
  /** Bounded in time. It rejects for a fault of the bus, such as a secret that cannot be read. */
  open(
    routes: readonly SourceRoute[],
  ): Promise<{ readonly kind: 'open'; readonly reader: SourceReader } | SourceFailure>;
}

export interface SourceRoute {
  /** The name of a topic, queue, list or stream at the source. */
  readonly from: string;
  readonly topic: string;
}

/** Why a source did not do what it was asked. */
export interface SourceFailure {
  readonly kind: 'failure';
  readonly failure: string;
  /** Whether only a person can mend it: the run then stops receiving, and the alarm tells. */
  readonly alarming: boolean;
  /** Whether trying the same again in this run is useless. */
  readonly permanent: boolean;
  /** The cause, for people. It never holds a credential. */
  readonly message: string;
}

export interface SourceReader {
  /**
   * Receives the next messages of a route, in their order; none when there were none for `waitSeconds`. Each stays with
   * the source until it is acknowledged: after a crash it comes again, with the same event id.
   */
  receive(
    route: SourceRoute,
    waitSeconds: number,
  ): Promise<{ readonly kind: 'messages'; readonly messages: readonly SourceMessage[] } | SourceFailure>;
  /** Leaves the source; never rejects, and is bounded in time. */
  close(): Promise<void>;
}

/** A message that was received and not yet acknowledged. */
export interface SourceMessage {
  /** The same each time the message comes. */
  readonly id: string;
  /** Where the event has been before, and the place at the source that it comes from (core/event/hops.ts). */
  readonly hops: readonly string[];
  readonly place: string;
  /** Messages with the same key are published in their order. */
  readonly orderKey?: string | undefined;
  /** What to write to the list of refused events when the event cannot be read: enough to make the message again. */
  readonly kept: string;
  /** The same without the body, for a message that is too large to be kept; the source keeps it then, and says where. */
  readonly keptWithoutBody: string;
  readonly keptBySource: string;
  /** The event, made from the message alone: the same each time. One that cannot be made is an entry with the cause. */
  entry(index: number, context: { readonly hops: readonly string[]; readonly nowMs: number }): Entry;
  /** The bus has stored it, or lists it as refused: the source may forget it. */
  acknowledge(): Promise<SourceFailure | undefined>;
  /** The bus could not take it now: the source gives it again later. */
  giveBack(): Promise<SourceFailure | undefined>;
}
