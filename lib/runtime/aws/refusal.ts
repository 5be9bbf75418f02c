import { BusbarError } from '../../core/kernel/errors.ts';

/** Errors of AWS for a limit of the account, which the same request meets again. */
const limits =
  /^(FilterPolicyLimitExceeded|SubscriptionLimitExceeded|TopicLimitExceeded|ServiceQuotaExceeded|LimitExceeded)(Exception)?$/;

/** Another call changes the same thing at this moment. */
const conflicts =
  /^(ResourceConflict|ResourceInUse|Conflict|ConcurrentAccess|TransactionConflict)(Exception)?$/;

const throttled =
  /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown|PriorRequestNotComplete/;

/** The way to AWS: no answer in time, or a socket that broke. */
const unreachable = /^(TimeoutError|NetworkingError|ECONN\w+|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND)$/;

interface AwsFailure {
  readonly name: string;
  readonly code?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * What a caller is told of an error of an AWS client that no use case has handled; undefined for a fault of the bus. AWS
 * being busy, out of reach, or full is none: the caller can try again, or have the limit raised.
 */
export function refusalOfAws(error: unknown): BusbarError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, code, $fault, $metadata } = error as Error & AwsFailure;
  const is = (pattern: RegExp) => pattern.test(name) || (typeof code === 'string' && pattern.test(code));
  const isOfAws = $metadata !== undefined || $fault !== undefined;
  if (isOfAws && is(limits)) {
    return new BusbarError(
      'aws_limit',
      `AWS allows no more of this in the account of the bus (${name}). Remove what is not needed, or have the operator of the bus ask AWS for a higher quota.`,
      { cause: error },
    );
  }
  if (isOfAws && is(throttled)) return unavailable('AWS throttles the bus at the moment', error, 5);
  if (isOfAws && is(conflicts)) {
    return new BusbarError(
      'conflict',
      `Another request changes the same at this moment (${name}). Try again.`,
      {
        cause: error,
        retryAfterSeconds: 2,
      },
    );
  }
  if (is(unreachable)) return unavailable('AWS did not answer in time', error, 1);
  if ($fault === 'server' || ($metadata?.httpStatusCode ?? 0) >= 500) {
    return unavailable(`AWS failed (${name})`, error, 1);
  }
  return undefined;
}

const unavailable = (problem: string, cause: Error, retryAfterSeconds: number) =>
  new BusbarError('unavailable', `${problem}. Send the request again.`, { cause, retryAfterSeconds });
