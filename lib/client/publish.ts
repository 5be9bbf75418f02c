import { type Defaults, type Entry, maxBytesPerRequest, toEntry, toRequests } from './batches.ts';
import type { EntryResult, EventInput } from './cloud-event.ts';
import { BusbarError, PublishInterruptedError, PublishRejectedError } from './errors.ts';
import { isTransientRejection, readResults } from './results.ts';
import { backoffMs, type ClientClock, type RetryOptions } from './retry.ts';
import type { Transport } from './transport.ts';

export interface PublishOptions {
  /** If the bus rejects some events: throw a `PublishRejectedError` (default), or return the results. */
  readonly partial?: 'throw' | 'return';
  readonly signal?: AbortSignal;
}

export interface PublishAnswer {
  /** One result for each event, in the same order. */
  readonly events: readonly EntryResult[];
}

interface SenderOptions {
  readonly request: Transport;
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly retry: Required<RetryOptions>;
}

interface PublisherOptions {
  readonly send: RequestSender;
  /** How many requests one publish sends at the same time. */
  readonly concurrency: number;
  readonly defaults: Defaults;
}

/** Publishes events to a path of the API, split into requests. */
export type Publisher = (
  path: string,
  input: EventInput | readonly EventInput[],
  options?: PublishOptions,
) => Promise<PublishAnswer>;

/**
 * Sends one request, and retries those of its events that the bus temporarily could not store. Calls `settle` with
 * results as they become final, by the indexes of their entries, which are unique within the request.
 */
export type RequestSender = (
  path: string,
  entries: readonly Entry[],
  signal: AbortSignal | undefined,
  settle: (results: readonly EntryResult[]) => void,
) => Promise<void>;

export function createRequestSender({ request, clock, random, retry }: SenderOptions): RequestSender {
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

  return async (path, entries, signal, settle) => {
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
  };
}

/** Creates the function behind `publish` and `invoke`. It rejects with a `PublishInterruptedError` or a `PublishRejectedError`. */
export function createPublisher({ send, concurrency, defaults }: PublisherOptions): Publisher {
  return async (path, input, { partial = 'throw', signal } = {}) => {
    const entries = toEntries(input, defaults);
    const { results, sendable } = sortOut(entries);
    const queue = toRequests(sendable);
    const failures: unknown[] = [];
    async function work(): Promise<void> {
      for (let next = queue.shift(); next !== undefined && failures.length === 0; next = queue.shift()) {
        try {
          await send(path, next, signal, (settled) => results.push(...settled));
        } catch (error) {
          // The other requests finish, so that the error lists exactly the events without a result.
          failures.push(error);
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, queue.length) }, work));
    return answerOf({ entries, results, failures, partial });
  };
}

/** @throws TypeError when JSON cannot represent an event. */
export function toEntries(input: EventInput | readonly EventInput[], defaults: Defaults): Entry[] {
  const inputs: readonly EventInput[] = isList(input) ? input : [input];
  return inputs.map((event, index) => toEntry(event, index, defaults));
}

/** What can be sent, and the results of what cannot. */
export function sortOut(entries: readonly Entry[]): { results: EntryResult[]; sendable: Entry[] } {
  const results: EntryResult[] = [];
  const sendable = entries.filter((entry) => {
    const tooLarge = tooLargeResult(entry);
    if (tooLarge !== undefined) results.push(tooLarge);
    return tooLarge === undefined;
  });
  return { results, sendable };
}

/** The answer to one call. @throws PublishInterruptedError, PublishRejectedError. */
export function answerOf(outcome: {
  readonly entries: readonly Entry[];
  /** In any order. */
  readonly results: readonly EntryResult[];
  readonly failures: readonly unknown[];
  readonly partial: 'throw' | 'return';
}): PublishAnswer {
  const { entries, failures, partial } = outcome;
  const results = [...outcome.results].sort((a, b) => a.index - b.index);
  if (failures.length > 0) throw interrupted(failures, results, entries);
  if (partial === 'throw' && results.some((result) => result.status === 'rejected')) {
    throw new PublishRejectedError(results);
  }
  return { events: results };
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
