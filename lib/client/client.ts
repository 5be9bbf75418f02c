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
  /** The `source` of events that name none: a URI reference, such as `/shop/checkout`. */
  readonly source?: string;
  /** Ids of events that name none. Default: random UUIDs. */
  readonly uuid?: () => string;
  /** Requests of one `publish` that are under way at the same time. Default 4. */
  readonly concurrency?: number;
}

export interface PublishOptions {
  /** What to do when the bus rejects some events: throw a `PublishRejectedError` (default), or return them. */
  readonly partial?: 'throw' | 'return';
  readonly signal?: AbortSignal;
}

export interface PublishAnswer {
  /** One entry for each event, in the order they were given. */
  readonly events: readonly EntryResult[];
}

/** What a receiver is made of (`PUT /v1/receivers/{receiver}`). */
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
    /** The one that the bus has when left out. */
    readonly clientSecret?: string;
    readonly scope?: string;
    readonly audience?: string;
    readonly clientAuthentication?: 'basic' | 'body';
  };
}

/** What a topic is made of (`PUT /v1/topics/{topic}`); `schema` is a JSON Schema for `data`. */
export interface TopicSettings {
  readonly owner?: string;
  readonly description?: string;
  readonly schema?: unknown;
  readonly dedupSeconds?: number;
  readonly trace?: 'none' | 'failures' | 'all';
}

/** Every method rejects with a `BusbarError` when the bus refuses or does not answer. */
export interface Client {
  /**
   * Publishes to a topic. Any number of events: they are split over requests of at most 100 events and 1 MB.
   * Resolves once the bus has stored every event that it accepted.
   */
  publish(
    topic: string,
    events: EventInput | readonly EventInput[],
    options?: PublishOptions,
  ): Promise<PublishAnswer>;
  /** The same, straight to one receiver. */
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
   * Keeps up to 25 events until `commit` or `rollback`: all or none. Begin before the producer's own transaction, and
   * commit after it; what is never ended is asked about at `checkUrl`, or rolled back.
   */
  begin(events: readonly TransactionEvent[], options?: BeginOptions): Promise<Transaction>;
  /** May be repeated; rejects with `transaction_decided` after a rollback. */
  commit(id: string): Promise<Transaction>;
  /** May be repeated; rejects with `transaction_decided` after a commit. */
  rollback(id: string): Promise<Transaction>;
  /** Any other call of the API; `path` begins behind `/v1`, and `body` is sent as JSON. */
  call(method: string, path: string, body?: unknown, options?: { signal?: AbortSignal }): Promise<unknown>;
}

/** A client of one bus. Throws a `TypeError` when `url` is no http or https URL. */
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
      // When every entry is rejected, the refusal brings the reason of each.
      isAnswer: (refusal) => readResults(refusal, entries) !== undefined,
    });
    const results = readResults(body, entries);
    if (results !== undefined) return results;
    throw new BusbarError({
      code: 'unexpected_answer',
      detail: `The answer to POST /v1${path} is not one result for each of its ${entries.length} events.`,
    });
  }

  /** Sends one request, and again those of its events that the bus could not take just then. */
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
          // The others finish what is under way, so that the error can tell exactly what was answered.
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

/** `Array.isArray` alone does not narrow a readonly list. */
function isList(input: EventInput | readonly EventInput[]): input is readonly EventInput[] {
  return Array.isArray(input);
}

/** What fits no request is answered here: sent, it would take the other events of its request with it. */
function tooLargeResult(entry: Entry): EntryResult | undefined {
  const bytes = Buffer.byteLength(entry.json);
  if (bytes + 2 <= maxBytesPerRequest) return undefined;
  return {
    index: entry.index,
    id: entry.id,
    status: 'rejected',
    code: 'event_too_large',
    detail: `The event has ${bytes} bytes, and a request carries at most ${maxBytesPerRequest}. Put large data elsewhere and publish where it is.`,
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
