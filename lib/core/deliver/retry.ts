import { deliverLimits } from './limits.ts';

export interface RetryPolicy {
  /** The wait before each retry; there are as many retries as waits. */
  readonly delaysSeconds: readonly number[];
  /** Event types with a list of their own. */
  readonly types?: Readonly<Record<string, { readonly delaysSeconds: readonly number[] }>> | undefined;
  /** What follows a business failure; `retry` by default. */
  readonly businessFailures?: 'retry' | 'dead-letter' | undefined;
}

export const defaultRetry: RetryPolicy = { delaysSeconds: deliverLimits.retryDelaysSecondsDefault };

/** The policy of a receiver for events of one type. */
export function policyFor(policy: RetryPolicy = defaultRetry, eventType: string): RetryPolicy {
  const own = Object.hasOwn(policy.types ?? {}, eventType) ? policy.types?.[eventType] : undefined;
  return own === undefined ? policy : { ...policy, delaysSeconds: own.delaysSeconds };
}

/**
 * How long to wait after the given attempt (counted from 1); undefined when it was the last one. Jitter only lengthens a
 * wait, so no retry comes early. A wait may be longer than a message can be hidden: the record of the delivery says when
 * it is due, and the message is hidden again for the rest.
 * @param random in [0, 1).
 */
export function retryDelaySeconds(policy: RetryPolicy, attempt: number, random: number): number | undefined {
  const delay = policy.delaysSeconds[attempt - 1];
  if (delay === undefined) return undefined;
  return delay * (1 + deliverLimits.retryJitterPart * random);
}
