/** What the deliver function keeps of its time to settle a batch: no attempt begins that could run into it. */
export const deliverSettleSeconds = 10;

/** How much of a response is kept with a failed attempt. */
export const keptResponseCharacters = 1024;

/** The default retry list of the HTTP contract: 5 s to 10 h, nine attempts in 17 h 43 min with the first. */
export const retryDelaysSecondsDefault = [5, 30, 120, 600, 1800, 7200, 18_000, 36_000] as const;
export const retriesMax = 50;

/** A wait lasts up to this part longer than it has to, so that failures do not all come back at once. */
export const retryJitterPart = 0.1;

/** A retry that finds no free slot looks again after this time, and up to as much later. */
export const retrySlotWaitSeconds = 4;

/** How long a function trusts what it read of hot types. */
export const offloadCacheSeconds = 5;

/** The most requests at once that a receiver may ask for, unless the operator says otherwise: a tenth of a new account. */
export const receiverConcurrencyMaxDefault = 1000;

/**
 * The longest that a batch may wait for more messages. They are hidden meanwhile, so it is far below the time for which a
 * lane hides what it hands out.
 */
export const deliveryBatchingSecondsMax = 20;
