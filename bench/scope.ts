/** How much a run measures. Durations are in seconds. */
export interface Scope {
  /** How often the parts that measure loads are repeated. */
  readonly rounds: number;
  /** How long each load runs. */
  readonly seconds: number;
  /** The first load of a bus, which is not counted. */
  readonly warmUpSeconds: number;
  readonly manyTopics: number;
  readonly overload: {
    /** The longest flood, which ends earlier if the bus refuses publishes. */
    readonly secondsMax: number;
    readonly connections: number;
  };
  readonly isolation: {
    readonly seconds: number;
    /** How long a flood runs before it counts as known. */
    readonly beginningSeconds: number;
  };
  readonly delays: {
    readonly events: number;
    /** Events due per second. Must be below what the bus delivers, so that only the delay is timed. */
    readonly perSecond: number;
    /** The time between the last publish and the first due event, beside what the machine needs to publish. */
    readonly leadSeconds: number;
  };
  readonly platform: { readonly batches: number; readonly calls: number };
  /** Fresh processes behind each start time of a bundle. */
  readonly processes: number;
  /** Reports what is being measured. */
  progress(message: string): void;
}

export interface ScopeOptions {
  readonly size: 'full' | 'quick' | 'check';
  readonly rounds?: number | undefined;
  readonly seconds?: number | undefined;
  /** The number of delayed events. */
  readonly events?: number | undefined;
  progress(message: string): void;
}

/** The scope of a run: `check` only proves that every part works, and its numbers mean nothing. */
export function scopeOf({ size, progress, ...options }: ScopeOptions): Scope {
  const { rounds = { full: 3, quick: 1, check: 1 }[size] } = options;
  const { seconds = { full: 3, quick: 2, check: 1 }[size] } = options;
  const { events = { full: 100_000, quick: 2000, check: 40 }[size] } = options;
  const check = size === 'check';
  return {
    rounds,
    seconds,
    warmUpSeconds: check ? seconds / 4 : seconds * 2,
    manyTopics: check ? 5 : 100,
    overload: { secondsMax: check ? seconds / 4 : 30, connections: check ? 2 : 16 },
    isolation: { seconds: check ? seconds : seconds * 10, beginningSeconds: check ? seconds : 15 },
    delays: {
      events,
      perSecond: { full: 300, quick: 100, check: 40 }[size],
      leadSeconds: check ? 5 : 10,
    },
    platform: check ? { batches: 200, calls: 50 } : { batches: 20_000, calls: 2000 },
    processes: { full: 7, quick: 3, check: 1 }[size],
    progress,
  };
}
