import type { BaseRuntime } from '../../runtime/runtime.ts';
import type { BridgedMessage } from './bridge-event.ts';
import type { RocketMqFailure } from './failure.ts';

/**
 * What the bus needs of RocketMQ 5, and no more. On AWS it is `systemRocketMq()`; tests hand in a broker in memory,
 * and one suite of tests holds it to the real one. As with HTTP, what the other side does is an outcome and not an
 * error, so that it is told by its shape between modules that were bundled apart.
 */
export interface RocketMq {
  /** Joins a consumer group. Bounded in time; what was opened of a consumer that fails to open is closed. */
  openConsumer(
    access: RocketMqAccess,
    options: ConsumerOptions,
  ): Promise<{ readonly kind: 'open'; readonly consumer: RocketMqConsumer } | RocketMqFailure>;
  /** Bounded in time. It finds the topics that are named; any other is found when it is sent to. */
  openProducer(
    access: RocketMqAccess,
    options: { readonly topics: readonly string[] },
  ): Promise<{ readonly kind: 'open'; readonly producer: RocketMqProducer } | RocketMqFailure>;
}

/** How a cluster is reached. */
export interface RocketMqAccess {
  /** Of the proxy, `host:port`; several parted by `;`. */
  readonly endpoint: string;
  readonly credentials?:
    | { readonly accessKey: string; readonly secretKey: string; readonly securityToken?: string | undefined }
    | undefined;
  readonly tls?: boolean | undefined;
  /** For one request, beside the time that a long poll waits: 3 s unless given, at least 1. */
  readonly timeoutSeconds?: number | undefined;
}

export interface ConsumerOptions {
  readonly group: string;
  readonly topics: readonly RocketMqSubscription[];
}

export interface RocketMqSubscription {
  readonly topic: string;
  /** `TagA || TagB`, or `*` for all; or an expression of SQL 92 over the properties. */
  readonly filter: { readonly tags: string } | { readonly sql: string };
}

/** A message as it is taken from RocketMQ. */
export interface RocketMqMessage extends BridgedMessage {
  readonly bornHost?: string | undefined;
  /** How often it was delivered, this time included. */
  readonly attempt: number;
}

export interface RocketMqConsumer {
  /**
   * Takes messages of one topic and hides them from all others. Waits for the first for `waitSeconds`, though never for
   * less than five, as a proxy does, and answers none when there was none. A message that is not acknowledged comes again when its invisibility ends.
   */
  receive(request: {
    readonly topic: string;
    /** At most this many, up to 32. */
    readonly max: number;
    readonly waitSeconds: number;
    /** From 10 s, which is the least that brokers take, to 12 h. */
    readonly invisibleSeconds: number;
  }): Promise<{ readonly kind: 'messages'; readonly messages: readonly RocketMqMessage[] } | RocketMqFailure>;
  /** Tells the broker that a message which this consumer received is dealt with. */
  ack(message: RocketMqMessage): Promise<{ readonly kind: 'done' } | RocketMqFailure>;
  /** Has a message which this consumer received come again so many seconds from now, from 10 s to 12 h. */
  changeInvisible(
    message: RocketMqMessage,
    invisibleSeconds: number,
  ): Promise<{ readonly kind: 'done' } | RocketMqFailure>;
  /** Leaves the group and closes all that is open; never rejects, and is bounded in time. */
  close(): Promise<void>;
}

/** A message to send. RocketMQ takes `deliverAtMs` or `group`, not both, each only for topics of that type. */
export interface RocketMqOutgoing {
  readonly topic: string;
  readonly tag?: string | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly deliverAtMs?: number | undefined;
  readonly group?: string | undefined;
}

export interface RocketMqProducer {
  /** Sends once, without a retry; answers when the broker has stored it. */
  send(
    message: RocketMqOutgoing,
  ): Promise<{ readonly kind: 'sent'; readonly messageId: string } | RocketMqFailure>;
  /** Closes all that is open; never rejects, and is bounded in time. */
  close(): Promise<void>;
}

export interface RocketMqClients {
  readonly rocketmq: RocketMq;
}

/** What a function needs that speaks to RocketMQ and calls no endpoint. */
export type RocketMqRuntime = BaseRuntime & RocketMqClients;
