/** Time for the client; `sleep` rejects with the signal's reason when it is aborted. */
export interface ClientClock {
  now(): number;
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface RetryOptions {
  /** Requests in all, the first one included. Default 5. */
  readonly attempts?: number;
  /** The longest wait before the second attempt; it doubles from attempt to attempt. Default 200. */
  readonly firstDelayMs?: number;
  /** The longest wait between two attempts that the client chooses itself. Default 10,000. */
  readonly maxDelayMs?: number;
  /** A `Retry-After` beyond this is not waited for: the call fails and tells it. Default 60. */
  readonly maxRetryAfterSeconds?: number;
}

export const retryDefaults: Required<RetryOptions> = {
  attempts: 5,
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  maxRetryAfterSeconds: 60,
};

export const systemClock: ClientClock = {
  now: () => Date.now(),
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const cancel = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', cancel);
        resolve();
      }, delayMs);
      signal?.addEventListener('abort', cancel, { once: true });
    });
  },
};

/** The statuses that say nothing against the request itself. */
export function isTransient(status: number): boolean {
  return status === 429 || status === 500 || status === 502 || status === 503 || status === 504;
}

/** Exponential back-off with full jitter; `attempt` counts from 1 and is the one that failed. */
export function backoffMs(attempt: number, random: number, options: Required<RetryOptions>): number {
  const ceilingMs = Math.min(options.maxDelayMs, options.firstDelayMs * 2 ** (attempt - 1));
  return Math.round(ceilingMs * random);
}

/** Reads `Retry-After`, as seconds or as an HTTP date (RFC 9110, 10.2.3). Undefined when absent or malformed. */
export function retryAfterSeconds(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - nowMs) / 1000);
}
