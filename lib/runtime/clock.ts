/** Milliseconds since the Unix epoch. */
export type EpochMs = number;

/** Time as an argument; nothing in core, app or a store asks the machine for it. */
export interface Clock {
  now(): EpochMs;
  /** Calls `action` once, `delayMs` from now; the returned function cancels it. */
  setTimer(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
