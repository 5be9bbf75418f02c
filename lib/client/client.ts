import { randomUUID } from 'node:crypto';
import type { EventInput } from './cloud-event.ts';
import { createLingeringPublisher } from './linger.ts';
import { createPublisher, createRequestSender, type PublishAnswer, type PublishOptions } from './publish.ts';
import { retryDefaults, systemClock } from './retry.ts';
import {
  type BeginOptions,
  type Transaction,
  type TransactionEvent,
  transactionBody,
} from './transactions.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export interface ClientOptions extends TransportOptions {
  /**
   * Where events are published and invoked, if not at `url`: the output `PublishUrl` of the stack, for which no API is
   * paid. It gets the key, too.
   */
  readonly publishUrl?: string | undefined;
  /** The `source` of events that have none: a URI reference, such as `/shop/checkout`. Default `/busbar/client`. */
  readonly source?: string;
  /** Creates ids for events that have none. Default: random UUIDs. */
  readonly uuid?: () => string;
  /** How many requests one `publish` sends at the same time, without `linger`. Default 4. */
  readonly concurrency?: number;
  /**
   * How long events wait for others, so that they share a request: 1 to 60,000 milliseconds; by default they do not wait.
   * A request leaves as soon as ten events or 1 MB wait for its topic or receiver, and those that come while it is under
   * way go with the next one, in the order of the calls. Each call is answered for its own events; a request that fails
   * fails for all of its events. Before the process exits by `process.exit`, `flush` or `close` must have been awaited.
   */
  readonly linger?: number;
}

/** The settings of a receiver (`PUT /v1/receivers/{receiver}`). */
export interface ReceiverSettings {
  readonly endpoint: string;
  readonly owner?: string;
  readonly format?: 'structured' | 'binary' | 'slack' | 'pagerduty';
  readonly secret?: string;
  readonly timeoutSeconds?: number;
  readonly retry?: { readonly delaysSeconds: readonly number[] };
  readonly limits?: { readonly concurrency?: number; readonly perSecond?: number; readonly perType?: number };
  readonly headers?: Readonly<Record<string, string>>;
  readonly oauth2?: {
    readonly tokenUrl: string;
    readonly clientId: string;
    /** If left out, the bus keeps the one it has. */
    readonly clientSecret?: string;
    readonly scope?: string;
    readonly audience?: string;
    readonly clientAuthentication?: 'basic' | 'body';
  };
  /** The integration key, with `format: 'pagerduty'`; the bus keeps the one it has if this is left out. */
  readonly routingKey?: string;
}

/** The settings of a topic (`PUT /v1/topics/{topic}`); `schema` is a JSON Schema for `data`. */
export interface TopicSettings {
  readonly owner?: string;
  readonly description?: string;
  readonly schema?: unknown;
  readonly dedupSeconds?: number;
  readonly trace?: 'none' | 'failures' | 'all';
}

/** A client of the HTTP API. Every method rejects with a `BusbarError` if the bus refuses or does not respond. */
export interface Client {
  /**
   * Publishes any number of events to a topic, in requests of at most 100 events and 1 MB.
   * Resolves once the bus has stored every event that it accepted.
   */
  publish(
    topic: string,
    events: EventInput | readonly EventInput[],
    options?: PublishOptions,
  ): Promise<PublishAnswer>;
  /** Sends events to one receiver. Otherwise the same as `publish`. */
  invoke(
    receiver: string,
    events: EventInput | readonly EventInput[],
    options?: PublishOptions,
  ): Promise<PublishAnswer>;
  putTopic(topic: string, settings?: TopicSettings): Promise<unknown>;
  putReceiver(receiver: string, settings: ReceiverSettings): Promise<unknown>;
  /** `filter` is an SNS filter policy over event attributes and `data`. */
  putSubscription(
    topic: string,
    receiver: string,
    settings?: { readonly filter?: unknown },
  ): Promise<unknown>;
  /**
   * Begins a transaction: the bus keeps up to 25 events and publishes all or none of them at `commit` or `rollback`.
   * Begin before your own transaction and commit after it. If you do neither, the bus asks at `checkUrl`, or rolls back.
   */
  begin(events: readonly TransactionEvent[], options?: BeginOptions): Promise<Transaction>;
  /** May be repeated; rejects with `transaction_decided` after a rollback. */
  commit(id: string): Promise<Transaction>;
  /** May be repeated; rejects with `transaction_decided` after a commit. */
  rollback(id: string): Promise<Transaction>;
  /** Makes any other call of the API. `path` is the part after `/v1`; `body` is sent as JSON. */
  call(method: string, path: string, body?: unknown, options?: { signal?: AbortSignal }): Promise<unknown>;
  /** With `linger`: sends at once what waits, and resolves when nothing waits any more. The calls have the results. */
  flush(): Promise<void>;
  /** With `linger`: the same, and rejects later calls of `publish` and `invoke` with `closed`. */
  close(): Promise<void>;
}

/** Creates a client of one bus. @throws TypeError when `url` or `publishUrl` is not an http or https URL, RangeError when `linger` is out of bounds. */
export function createClient(options: ClientOptions): Client {
  const request = createTransport(options);
  const { publishUrl } = options;
  const clock = options.clock ?? systemClock;
  const defaults = {
    source: options.source ?? '/busbar/client',
    id: options.uuid ?? randomUUID,
    time: () => new Date(clock.now()).toISOString(),
  };

  const send = createRequestSender({
    request: publishUrl === undefined ? request : createTransport({ ...options, url: publishUrl }),
    clock,
    random: options.random ?? Math.random,
    retry: { ...retryDefaults, ...options.retry },
  });
  const lingering =
    options.linger === undefined
      ? undefined
      : createLingeringPublisher({ lingerMs: options.linger, send, clock, defaults });
  const publishTo =
    lingering?.publish ?? createPublisher({ send, concurrency: options.concurrency ?? 4, defaults });

  const call: Client['call'] = (method, path, body, callOptions) =>
    request(method, path, {
      ...(body === undefined ? {} : { body: JSON.stringify(body), contentType: 'application/json' }),
      signal: callOptions?.signal,
    });

  return {
    publish: (topic, events, publishOptions) =>
      publishTo(`/topics/${encodeURIComponent(topic)}/events`, events, publishOptions),
    invoke: (receiver, events, publishOptions) =>
      publishTo(`/receivers/${encodeURIComponent(receiver)}/events`, events, publishOptions),
    putTopic: (topic, settings = {}) => call('PUT', `/topics/${encodeURIComponent(topic)}`, settings),
    putReceiver: (receiver, settings) => call('PUT', `/receivers/${encodeURIComponent(receiver)}`, settings),
    putSubscription: (topic, receiver, settings = {}) =>
      call(
        'PUT',
        `/topics/${encodeURIComponent(topic)}/subscriptions/${encodeURIComponent(receiver)}`,
        settings,
      ),
    begin: async (events, beginOptions = {}) =>
      (await request('POST', '/transactions', {
        body: transactionBody(events, beginOptions, defaults),
        contentType: 'application/json',
        signal: beginOptions.signal,
      })) as Transaction,
    commit: async (id) =>
      (await call('POST', `/transactions/${encodeURIComponent(id)}/commit`)) as Transaction,
    rollback: async (id) =>
      (await call('POST', `/transactions/${encodeURIComponent(id)}/rollback`)) as Transaction,
    call,
    flush: async () => await lingering?.flush(),
    close: async () => await lingering?.close(),
  };
}
