/** Limits of deliveries that several files share. Times are in seconds. */
export const deliverLimits = {
  /** What the deliver function keeps of its time to write outcomes: no attempt begins that could run into it. */
  settleSeconds: 10,
  /** The default retry list of the HTTP contract: 5 s to 10 h, nine attempts in 17 h 43 min with the first. */
  retryDelaysSecondsDefault: [5, 30, 120, 600, 1800, 7200, 18_000, 36_000],
  retriesMax: 50,
  /** How much of a response is kept with a failed attempt. */
  keptResponseCharacters: 1024,
  /** A wait lasts up to this part longer than it has to, so that failures do not come back all at once. */
  retryJitterPart: 0.1,
  /** A retry that finds no free slot looks again after this time, and up to as much later. */
  retrySlotWaitSeconds: 4,
  /** How long a function trusts what it read of hot types. */
  offloadCacheSeconds: 5,
} as const;
