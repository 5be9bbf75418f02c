import { type Defaults, type Entry, maxBytesPerRequest, maxEntriesPerRequest } from './batches.ts';
import type { EntryResult } from './cloud-event.ts';
import { BusbarError } from './errors.ts';
import { answerOf, type Publisher, type RequestSender, sortOut, toEntries } from './publish.ts';
import type { ClientClock } from './retry.ts';

const lingerMsMax = 60_000;

/** As many as one call to a queue takes: to wait for more than that saves next to nothing. */
const enoughEvents = 10;

/** A publisher whose calls share requests. */
export interface LingeringPublisher {
  readonly publish: Publisher;
  /** Sends what waits without waiting longer, and resolves when nothing waits any more. */
  flush(): Promise<void>;
  /** The same; later calls are rejected. */
  close(): Promise<void>;
}

/** One call of `publish`, until it has an answer. */
interface Call {
  /** How many of its events have none. */
  open: number;
  isOver: boolean;
  readonly results: EntryResult[];
  readonly failures: unknown[];
  readonly over: PromiseWithResolvers<void>;
}

interface Waiting {
  readonly call: Call;
  readonly entry: Entry;
  /** With the comma behind it. */
  readonly bytes: number;
}

/** The events that wait for one path of the API. */
interface Queue {
  waiting: Waiting[];
  bytes: number;
  isHurried: boolean;
  /** Ends the wait for more events. */
  wake: () => void;
  running: Promise<void>;
}

/**
 * Creates a publisher whose events wait for others of the same path, for at most `lingerMs`.
 * @throws RangeError when `lingerMs` is out of bounds.
 */
export function createLingeringPublisher(options: {
  readonly lingerMs: number;
  readonly send: RequestSender;
  readonly clock: ClientClock;
  readonly defaults: Defaults;
}): LingeringPublisher {
  const { lingerMs, send, clock, defaults } = options;
  if (!(lingerMs >= 1 && lingerMs <= lingerMsMax)) {
    throw new RangeError(`linger is ${lingerMs}; it is 1 to ${lingerMsMax} milliseconds, or left out.`);
  }
  const queues = new Map<string, Queue>();
  let isClosed = false;

  function enqueue(path: string, entries: readonly Entry[], call: Call): void {
    const queue = queues.get(path) ?? {
      waiting: [],
      bytes: 2,
      isHurried: false,
      wake: () => undefined,
      running: Promise.resolve(),
    };
    for (const entry of entries) {
      const bytes = Buffer.byteLength(entry.json) + 1;
      queue.waiting.push({ call, entry, bytes });
      queue.bytes += bytes;
    }
    if (!queues.has(path)) {
      queues.set(path, queue);
      queue.running = run(path, queue);
    } else if (hasEnough(queue)) queue.wake();
  }

  /**
   * One request after the other, so that the events of a path keep their order. Those that come while one is under way
   * gather, so the busier a client is, the fuller are its requests.
   */
  async function run(path: string, queue: Queue): Promise<void> {
    // Those that did not fit into a request have waited.
    let left = 0;
    while (queue.waiting.length > 0) {
      if (left === 0 && !queue.isHurried && !hasEnough(queue)) await moreOrTime(queue);
      const request = takeRequest(queue);
      left = queue.waiting.length;
      if (request.length > 0) await sendTogether(path, request);
    }
    queues.delete(path);
  }

  async function moreOrTime(queue: Queue): Promise<void> {
    const woken = new AbortController();
    queue.wake = () => woken.abort();
    try {
      await clock.sleep(lingerMs, woken.signal);
    } catch (error) {
      // A clock that fails otherwise is one without time: the calls are told, and nothing waits for ever.
      if (!woken.signal.aborted) for (const { call } of queue.waiting.splice(0)) end(call, error);
    }
  }

  async function sendTogether(path: string, request: readonly Waiting[]): Promise<void> {
    // A call that was aborted is over at once. The request goes on for the others, if there are any.
    const abandoned = new AbortController();
    const calls = new Set(request.map(({ call }) => call));
    for (const call of calls) {
      void call.over.promise.then(() => {
        calls.delete(call);
        if (calls.size === 0) abandoned.abort();
      });
    }
    const unanswered = new Map(request.entries());
    try {
      const entries = request.map(({ entry }, index) => ({ ...entry, index }));
      await send(path, entries, abandoned.signal, (results) => {
        for (const result of results) {
          const one = unanswered.get(result.index);
          unanswered.delete(result.index);
          if (one !== undefined) answered(one.call, { ...result, index: one.entry.index });
        }
      });
    } catch (error) {
      for (const { call } of unanswered.values()) failed(call, error);
    }
  }

  const publish: Publisher = async (path, input, { partial = 'throw', signal } = {}) => {
    if (isClosed) {
      throw new BusbarError({ code: 'closed', detail: 'This client was closed. Create another one.' });
    }
    const entries = toEntries(input, defaults);
    const { results, sendable } = sortOut(entries);
    const call: Call = {
      open: sendable.length,
      isOver: false,
      results,
      failures: [],
      over: Promise.withResolvers(),
    };
    if (sendable.length > 0) {
      const abort = () => end(call, signal?.reason);
      if (signal?.aborted) abort();
      else {
        signal?.addEventListener('abort', abort, { once: true });
        enqueue(path, sendable, call);
      }
      await call.over.promise;
      signal?.removeEventListener('abort', abort);
    }
    return answerOf({ entries, results, failures: call.failures, partial });
  };

  async function flush(): Promise<void> {
    const running = [...queues.values()].map((queue) => {
      queue.isHurried = true;
      queue.wake();
      return queue.running;
    });
    await Promise.all(running);
  }

  return {
    publish,
    flush,
    close() {
      isClosed = true;
      return flush();
    },
  };
}

const hasEnough = ({ waiting, bytes }: Queue) =>
  waiting.length >= enoughEvents || bytes >= maxBytesPerRequest;

/** The first of those that wait, as many as one request takes, all of one content type. Calls that are over are dropped. */
function takeRequest(queue: Queue): Waiting[] {
  const open = queue.waiting.filter(({ call }) => !call.isOver);
  const request: Waiting[] = [];
  // The brackets of the list; its last entry has no comma.
  let bytes = 1;
  for (const one of open) {
    const [first = one] = request;
    const fits = request.length < maxEntriesPerRequest && bytes + one.bytes <= maxBytesPerRequest;
    if (!fits || one.entry.contentType !== first.entry.contentType) break;
    request.push(one);
    bytes += one.bytes;
  }
  queue.waiting = open.slice(request.length);
  queue.bytes = queue.waiting.reduce((sum, one) => sum + one.bytes, 2);
  return request;
}

function answered(call: Call, result: EntryResult): void {
  if (call.isOver) return;
  call.results.push(result);
  closeOne(call);
}

function failed(call: Call, error: unknown): void {
  if (call.isOver) return;
  call.failures.push(error);
  closeOne(call);
}

function closeOne(call: Call): void {
  call.open -= 1;
  if (call.open > 0) return;
  call.isOver = true;
  call.over.resolve();
}

/** Ends a call whose other events have no results. */
function end(call: Call, error: unknown): void {
  if (call.isOver) return;
  call.failures.push(error);
  call.isOver = true;
  call.over.resolve();
}
