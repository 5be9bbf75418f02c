export const transactionEventsMax = 25;

/** How long after a failure the events of a committed transaction are sent again. */
export const transactionAgainSeconds = 15;
