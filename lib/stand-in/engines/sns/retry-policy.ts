/**
 * SNS's retries of deliveries to SQS: three at once, two after a second each, ten with a backoff from 1 to 20
 * seconds, then 100,000 every 20 seconds: 100,015 retries over 23 days.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
const retryPhases = {
  immediate: 3,
  preBackoff: { retries: 2, delayMs: 1_000 },
  backoff: { retries: 10, delayMsMin: 1_000, delayMsMax: 20_000 },
  postBackoff: { retries: 100_000, delayMs: 20_000 },
} as const;

/** The delay before a retry, counted from 1; undefined when none is left. */
export function retryDelayMs(retry: number): number | undefined {
  const { immediate, preBackoff, backoff, postBackoff } = retryPhases;
  let left = retry;
  if (left <= immediate) return 0;
  left -= immediate;
  if (left <= preBackoff.retries) return preBackoff.delayMs;
  left -= preBackoff.retries;
  if (left <= backoff.retries) {
    const growth = backoff.delayMsMax / backoff.delayMsMin;
    return Math.round(backoff.delayMsMin * growth ** ((left - 1) / (backoff.retries - 1)));
  }
  left -= backoff.retries;
  return left <= postBackoff.retries ? postBackoff.delayMs : undefined;
}
