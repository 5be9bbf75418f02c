/** The client's clock. `sleep` rejects with the signal's reason when the signal is aborted. */
export interface ClientClock {
  now(): number;
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface RetryOptions {
  /** The maximum number of attempts, including the first one. Default 5. */
  readonly attempts?: number;
  /** The maximum wait before the second attempt. It doubles with each further attempt. Default 200. */
  readonly firstDelayMs?: number;
  /** The maximum wait between two attempts, unless the bus asks for a longer one. Default 10,000. */
  readonly maxDelayMs?: number;
  /** If the bus asks for a longer wait with `Retry-After`, the call fails instead. Default 60. */
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

/** Whether a retry of the same request may succeed. */
export function isTransient(status: number): boolean {
  return status === 429 || status === 500 || status === 502 || status === 503 || status === 504;
}

/** Exponential backoff with full jitter. `attempt` is the attempt that failed, counted from 1. */
export function backoffMs(attempt: number, random: number, options: Required<RetryOptions>): number {
  const ceilingMs = Math.min(options.maxDelayMs, options.firstDelayMs * 2 ** (attempt - 1));
  return Math.round(ceilingMs * random);
}

/** Reads `Retry-After`, in seconds or as an HTTP date (RFC 9110, 10.2.3). Undefined if it is absent or malformed. */
export function retryAfterSeconds(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - nowMs) / 1000);
}
