import { randomUUID } from 'node:crypto';
import { type Entry, maxBytesPerRequest, toEntry, toRequests } from './batches.ts';
import type { EntryResult, EventInput } from './cloud-event.ts';
import { BusbarError, PublishInterruptedError, PublishRejectedError } from './errors.ts';
import { isTransientRejection, readResults } from './results.ts';
import { backoffMs, retryDefaults, systemClock } from './retry.ts';
import {
  type BeginOptions,
  type Transaction,
  type TransactionEvent,
  transactionBody,
} from './transactions.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export interface ClientOptions extends TransportOptions {
  /** The `source` of events that have none: a URI reference, such as `/shop/checkout`. Default `/busbar/client`. */
  readonly source?: string;
  /** Creates ids for events that have none. Default: random UUIDs. */
  readonly uuid?: () => string;
  /** How many requests one `publish` sends at the same time. Default 4. */
  readonly concurrency?: number;
}

export interface PublishOptions {
  /** If the bus rejects some events: throw a `PublishRejectedError` (default), or return the results. */
  readonly partial?: 'throw' | 'return';
  readonly signal?: AbortSignal;
}

export interface PublishAnswer {
  /** One result for each event, in the same order. */
  readonly events: readonly EntryResult[];
}

/** The settings of a receiver (`PUT /v1/receivers/{receiver}`). */
export interface ReceiverSettings {
  readonly endpoint: string;
  readonly owner?: string;
  readonly format?: 'structured' | 'binary';
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
}

/** Creates a client of one bus. @throws TypeError when `url` is not an http or https URL. */
export function createClient(options: ClientOptions): Client {
  const request = createTransport(options);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const retry = { ...retryDefaults, ...options.retry };
  const concurrency = options.concurrency ?? 4;
  const defaults = {
    source: options.source ?? '/busbar/client',
    id: options.uuid ?? randomUUID,
    time: () => new Date(clock.now()).toISOString(),
  };

  async function sendOnce(path: string, entries: readonly Entry[], signal: AbortSignal | undefined) {
    const body = await request('POST', path, {
      body: `[${entries.map((entry) => entry.json).join(',')}]`,
      contentType: entries[0]?.contentType ?? 'application/json',
      signal,
      // If every entry is rejected, the error response contains the reason for each.
      isAnswer: (refusal) => readResults(refusal, entries) !== undefined,
    });
    const results = readResults(body, entries);
    if (results !== undefined) return results;
    throw new BusbarError({
      code: 'unexpected_answer',
      detail: `The response to POST /v1${path} does not have one result for each of its ${entries.length} events.`,
    });
  }

  /** Sends one request, and retries those of its events that the bus temporarily could not store. */
  async function sendRequest(
    path: string,
    entries: readonly Entry[],
    signal: AbortSignal | undefined,
    settle: (results: readonly EntryResult[]) => void,
  ): Promise<void> {
    let open = entries;
    for (let attempt = 1; ; attempt++) {
      const results = await sendOnce(path, open, signal);
      const again = attempt < retry.attempts ? results.filter(isTransientRejection) : [];
      settle(results.filter((result) => !again.includes(result)));
      if (again.length === 0) return;
      const indexes = new Set(again.map((result) => result.index));
      open = open.filter((entry) => indexes.has(entry.index));
      await clock.sleep(backoffMs(attempt, random(), retry), signal);
    }
  }

  async function send(
    path: string,
    input: EventInput | readonly EventInput[],
    { partial = 'throw', signal }: PublishOptions = {},
  ): Promise<PublishAnswer> {
    const inputs: readonly EventInput[] = isList(input) ? input : [input];
    const entries = inputs.map((event, index) => toEntry(event, index, defaults));
    const results: EntryResult[] = [];
    const sendable = entries.filter((entry) => {
      const tooLarge = tooLargeResult(entry);
      if (tooLarge !== undefined) results.push(tooLarge);
      return tooLarge === undefined;
    });

    const queue = toRequests(sendable);
    const failures: unknown[] = [];
    async function work(): Promise<void> {
      for (let next = queue.shift(); next !== undefined && failures.length === 0; next = queue.shift()) {
        try {
          await sendRequest(path, next, signal, (settled) => results.push(...settled));
        } catch (error) {
          // The other requests finish, so that the error lists exactly the events without a result.
          failures.push(error);
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, queue.length) }, work));

    results.sort((a, b) => a.index - b.index);
    if (failures.length > 0) throw interrupted(failures, results, entries);
    if (partial === 'throw' && results.some((result) => result.status === 'rejected')) {
      throw new PublishRejectedError(results);
    }
    return { events: results };
  }

  const call: Client['call'] = (method, path, body, callOptions) =>
    request(method, path, {
      ...(body === undefined ? {} : { body: JSON.stringify(body), contentType: 'application/json' }),
      signal: callOptions?.signal,
    });

  return {
    publish: (topic, events, publishOptions) =>
      send(`/topics/${encodeURIComponent(topic)}/events`, events, publishOptions),
    invoke: (receiver, events, publishOptions) =>
      send(`/receivers/${encodeURIComponent(receiver)}/events`, events, publishOptions),
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
  };
}

/** `Array.isArray` alone does not narrow a readonly array. */
function isList(input: EventInput | readonly EventInput[]): input is readonly EventInput[] {
  return Array.isArray(input);
}

/** Rejects an event that is larger than a request. Sending it would fail the other events of its request, too. */
function tooLargeResult(entry: Entry): EntryResult | undefined {
  const bytes = Buffer.byteLength(entry.json);
  if (bytes + 2 <= maxBytesPerRequest) return undefined;
  return {
    index: entry.index,
    id: entry.id,
    status: 'rejected',
    code: 'event_too_large',
    detail: `The event has ${bytes} bytes, and a request can have at most ${maxBytesPerRequest}. Store large data elsewhere and publish a reference to it.`,
  };
}

function interrupted(
  failures: readonly unknown[],
  results: readonly EntryResult[],
  entries: readonly Entry[],
): PublishInterruptedError {
  const [cause] = failures;
  const answered = new Set(results.map((result) => result.index));
  const unanswered = entries.filter((entry) => !answered.has(entry.index)).map((entry) => entry.event);
  const { code, status, detail, problem, retryAfterSeconds } =
    cause instanceof BusbarError ? cause : { code: 'aborted', detail: String(cause) };
  return new PublishInterruptedError(
    { code, status, detail, problem, retryAfterSeconds, cause },
    results,
    unanswered,
    failures.every(isRefusal),
  );
}

/** Whether the bus stored nothing of the request. A 408 or 429 may follow an attempt whose outcome is unknown. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof BusbarError) || error.status === undefined) return false;
  return error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
}
