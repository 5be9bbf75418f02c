export const transactionEventsMax = 25;

/** How long after a failure the events of a committed transaction are sent again. */
export const transactionAgainSeconds = 15;

/** By then every transaction was ended: SQS drops the message that times it after 14 days. */
export const transactionOpenSecondsMax = 15 * 24 * 3600;
