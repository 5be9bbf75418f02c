/** How long traces are kept. */
export const traceSeconds = 30 * 24 * 3600;

/**
 * How long after a change of a filter AWS may still use the one before.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
export const filterChangeSeconds = 15 * 60;

/** How long after a subscription was made a publisher may not know it, whose view of the registry is a few seconds old. */
export const newSubscriptionSeconds = 5;
