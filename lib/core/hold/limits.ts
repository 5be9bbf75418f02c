/** The events of a hold are spread over this many partitions, of which each takes 1,000 write units a second. */
export const heldShards = 16;

/** At most so many rows of a partition are read at once for a list. */
export const heldListRows = 64;

/** At most this many released events are under way at once, and still go when the release is stopped. */
export const releaseRoundEvents = 400;

export const releasePerSecondMin = 0.1;
export const releasePerSecondMax = 100_000;

/** The time limit of the function that releases. */
export const holdTimeoutSeconds = 900;

/** How long it releases before it leaves the rest to the next invocation. */
export const releaseSliceSeconds = 840;
