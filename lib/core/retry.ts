import { aws, bus } from './limits.ts';

export interface RetryPolicy {
  /** The wait before each further attempt; as many retries as there are waits. */
  readonly delaysSeconds: readonly number[];
}

export const defaultRetry: RetryPolicy = { delaysSeconds: bus.retryDelaysSecondsDefault };

/**
 * How long to wait after the given attempt (counted from 1); undefined when it was the last one. Jitter only
 * lengthens a wait, so that no retry comes early.
 * @param random in [0, 1).
 */
export function retryDelaySeconds(policy: RetryPolicy, attempt: number, random: number): number | undefined {
  const delay = policy.delaysSeconds[attempt - 1];
  if (delay === undefined) return undefined;
  return Math.min(delay * (1 + bus.retryJitterPart * random), aws.sqs.visibilitySecondsMax);
}

/**
 * What `Retry-After` asks for, in seconds from now: a number of seconds or an HTTP date (RFC 9110, section
 * 10.2.3). Undefined when it is absent or says nothing sensible; never longer than a message can be hidden.
 */
export function retryAfterSeconds(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const seconds = /^\d+$/.test(text) ? Number(text) : (parseHttpDate(text) - nowMs) / 1000;
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(Math.max(0, seconds), aws.sqs.visibilitySecondsMax - 60);
}

/** The three forms of an HTTP date (RFC 9110, section 5.6.7); `Date.parse` alone makes a date of `-5`, too. */
const datesInGmt = /^[A-Z][a-z]+, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
const dateWithoutZone = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

function parseHttpDate(text: string): number {
  if (datesInGmt.test(text)) return Date.parse(text);
  return dateWithoutZone.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
