/** Limits of breakers that several files share. Times are in seconds. */
export const breakerLimits = {
  /** The pause before the first probe of an open breaker; each probe that fails doubles it. */
  pauseSeconds: 30,
  pauseSecondsMax: 30 * 60,
  /** A probe that has not ended by then was cut off with its function. */
  probeSeconds: 60,
  /** A half-open breaker lets twice as many deliveries through after each such step; caches are as old. */
  rampStepSeconds: 5,
  /** How long the messages of a breaker that was forced open stay hidden. */
  forcedWaitSeconds: 15 * 60,
  /** How long a function trusts what it read of a breaker. */
  cacheSeconds: 5,
} as const;
