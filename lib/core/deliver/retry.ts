import { bus } from '../kernel/limits.ts';

export interface RetryPolicy {
  /** The wait before each further attempt; as many retries as there are waits. */
  readonly delaysSeconds: readonly number[];
  /** Event types that are retried otherwise. */
  readonly types?: Readonly<Record<string, { readonly delaysSeconds: readonly number[] }>> | undefined;
  /** What becomes of an event that the endpoint refuses for what it is; `retry` when left out. */
  readonly businessFailures?: 'retry' | 'dead-letter' | undefined;
}

export const defaultRetry: RetryPolicy = { delaysSeconds: bus.retryDelaysSecondsDefault };

/** The policy of a receiver as it stands for events of one type. */
export function policyFor(policy: RetryPolicy = defaultRetry, eventType: string): RetryPolicy {
  const own = Object.hasOwn(policy.types ?? {}, eventType) ? policy.types?.[eventType] : undefined;
  return own === undefined ? policy : { ...policy, delaysSeconds: own.delaysSeconds };
}

/**
 * How long to wait after the given attempt (counted from 1); undefined when it was the last one. Jitter only
 * lengthens a wait, so that no retry comes early. A wait may be longer than a message can be hidden: the record of the
 * delivery knows when it is due, and the message is hidden again for the rest.
 * @param random in [0, 1).
 */
export function retryDelaySeconds(policy: RetryPolicy, attempt: number, random: number): number | undefined {
  const delay = policy.delaysSeconds[attempt - 1];
  if (delay === undefined) return undefined;
  return delay * (1 + bus.retryJitterPart * random);
}
