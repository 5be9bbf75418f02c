/** The pause before the first probe of an open breaker; each probe that fails doubles it. */
export const breakerPauseSeconds = 30;
export const breakerPauseSecondsMax = 30 * 60;

/** A probe that has not ended by then was cut off with its function. */
export const breakerProbeSeconds = 60;

/** A half-open breaker lets twice as many deliveries through after each such step; caches are as old. */
export const breakerRampStepSeconds = 5;

/** How long the messages of a breaker that was forced open stay hidden. */
export const breakerForcedWaitSeconds = 15 * 60;

/** How long a function trusts what it read of a breaker. */
export const breakerCacheSeconds = 5;
