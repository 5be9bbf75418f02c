import { BusbarError, type Problem } from './errors.ts';
import {
  backoffMs,
  type ClientClock,
  isTransient,
  type RetryOptions,
  retryAfterSeconds,
  retryDefaults,
  systemClock,
} from './retry.ts';

export interface TransportOptions {
  /** The URL of the bus without `/v1`, such as `http://127.0.0.1:4100`. */
  readonly url: string;
  /** The application's key, sent as a bearer token. */
  readonly key?: string | undefined;
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: ClientClock;
  /** A number in [0, 1), for jitter. */
  readonly random?: () => number;
  /** The timeout of one attempt, from its start to the end of the response. Default 30. */
  readonly timeoutSeconds?: number;
  readonly retry?: RetryOptions;
  /** Parses responses. Default `JSON.parse`, which rounds numbers of more than 15 digits. */
  readonly parse?: (text: string) => unknown;
  /** Called before each wait. */
  readonly onRetry?: (retry: { attempt: number; delayMs: number; error: BusbarError }) => void;
}

interface RequestOptions {
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  /** Whether the body of an error response is a result after all. Called only if a retry would not help. */
  readonly isAnswer?: (body: unknown) => boolean;
}

/** Sends one request of the HTTP API, with retries, and resolves to the parsed JSON body. */
export type Transport = (method: string, path: string, options?: RequestOptions) => Promise<unknown>;

/**
 * Creates the transport. Every call of the API is idempotent (events have their ids), so every call is retried after a
 * network failure, a timeout, 429 and 5xx. Rejects with a `BusbarError`, or with the signal's reason when aborted.
 */
export function createTransport(options: TransportOptions): Transport {
  const base = apiBase(options.url);
  requireSendable(options.key);
  const send = options.fetch ?? globalThis.fetch;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const timeoutMs = (options.timeoutSeconds ?? 30) * 1000;
  const retry = { ...retryDefaults, ...options.retry };

  async function attemptOnce(method: string, path: string, request: RequestOptions): Promise<unknown> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
    if (options.key !== undefined) headers.authorization = `Bearer ${options.key}`;
    if (request.contentType !== undefined) headers['content-type'] = request.contentType;
    let response: Response;
    let text: string;
    try {
      response = await send(`${base}${path}`, {
        method,
        // A redirect would turn a POST into a GET, and could send the key to another host.
        redirect: 'manual',
        headers,
        signal: request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]),
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      text = await response.text();
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      throw noAnswer(error, timeout.aborted, options.url);
    }
    const body = parseJson(text, options.parse ?? JSON.parse);
    if (response.ok) return body;
    const refusal = refused(response, body, clock.now());
    if (!mayRetry(refusal) && request.isAnswer?.(body)) return body;
    throw refusal;
  }

  return async (method, path, request = {}) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptOnce(method, path, request);
      } catch (error) {
        if (!(error instanceof BusbarError) || attempt >= retry.attempts || !mayRetry(error)) throw error;
        const askedSeconds = error.retryAfterSeconds;
        if (askedSeconds !== undefined && askedSeconds > retry.maxRetryAfterSeconds) throw error;
        const delayMs =
          askedSeconds === undefined ? backoffMs(attempt, random(), retry) : Math.ceil(askedSeconds * 1000);
        options.onRetry?.({ attempt, delayMs, error });
        await clock.sleep(delayMs, request.signal);
      }
    }
  };
}

function apiBase(url: string): string {
  // Not repeated, since it has a password; `fetch` takes none in a URL.
  if (/\/\/[^/?#]*@/.test(url)) {
    throw new TypeError('The url of the bus must not have a user or password. Give the key as `key`.');
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(`The url of the bus must be http or https: ${url}`);
  }
  return `${url.replace(/\/+$/, '')}/v1`;
}

/** A header takes nothing else; `fetch` would say only that some argument is not valid. */
function requireSendable(key: string | undefined): void {
  if (key === undefined || /^[!-~]*$/.test(key.trim())) return;
  throw new TypeError('The key must be of visible ASCII characters, without spaces.');
}

/** A response with `Retry-After` asks for a retry, whatever its status. */
function mayRetry(error: BusbarError): boolean {
  return error.status === undefined || isTransient(error.status) || error.retryAfterSeconds !== undefined;
}

/** Undefined if the body is empty or not JSON, such as the error page of a proxy. */
function parseJson(text: string, parse: (text: string) => unknown): unknown {
  try {
    return text === '' ? undefined : parse(text);
  } catch {
    return undefined;
  }
}

function refused(response: Response, body: unknown, nowMs: number): BusbarError {
  const problem = isProblem(body) ? body : undefined;
  return new BusbarError({
    code: problem?.code ?? `http_${response.status}`,
    status: response.status,
    detail:
      problem?.detail ??
      problem?.title ??
      `The bus answered ${response.status} ${response.statusText}.`.trim(),
    problem,
    retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after'), nowMs),
  });
}

/** Accepts any JSON object, because the error of a proxy may lack some members. */
function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  return ['code', 'detail', 'title'].every(
    (name) => !(name in body) || typeof (body as Record<string, unknown>)[name] === 'string',
  );
}

function noAnswer(error: unknown, timedOut: boolean, url: string): BusbarError {
  if (timedOut) {
    return new BusbarError({
      code: 'timeout',
      detail: `The bus at ${url} did not respond in time.`,
      cause: error,
    });
  }
  return new BusbarError({
    code: 'unreachable',
    detail: `No bus answers at ${url} (${networkReason(error)}).`,
    cause: error,
  });
}

/** `fetch` puts the reason into `cause`, which is an `AggregateError` if the host has several addresses. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  if (inner instanceof Error) {
    return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message;
  }
  return String(inner);
}
