/**
 * What has been done, and what is being done, by key. A key's work has versions: beginning one that is not above the
 * last that was done finds it done. Once-only work has one version.
 */
export interface WorkStore {
  /** Begins the work, unless it is done or somebody else is at it. */
  begin(key: string, version: number, leaseSeconds: number): Promise<Begun>;
  /**
   * Says that the work is done, and keeps that for a time. Saying it twice does no harm. Resolves to false when the
   * lease had run out and somebody else began the work.
   */
  finish(work: Work, keepSeconds: number): Promise<boolean>;
  /** Gives the work back undone, so that the next try may begin at once. */
  abandon(work: Work): Promise<void>;
}

/** Work that was begun; the token tells it from any other try. */
export interface Work {
  readonly key: string;
  readonly version: number;
  readonly token: string;
}

export type Begun =
  | { readonly state: 'begun'; readonly work: Work }
  /** This version or a later one was done. */
  | { readonly state: 'done'; readonly version: number }
  /** Somebody is at it, or died; not later than in so many seconds that is known. */
  | { readonly state: 'in-progress'; readonly retryAfterSeconds: number };

/** What a store remembers of a key. Times are epoch milliseconds. */
export interface Remembered {
  /** The highest that was done; 0 for none. */
  readonly version: number;
  readonly token: string;
  /** Until when the work that was begun is not begun again; 0 when none is. */
  readonly leaseUntilMs: number;
  readonly expiresAtMs: number;
}

/** What stands in the way of beginning a version; undefined when nothing does. */
export function standing(
  remembered: Remembered | undefined,
  version: number,
  nowMs: number,
): Exclude<Begun, { state: 'begun' }> | undefined {
  if (remembered === undefined) return undefined;
  if (remembered.leaseUntilMs > nowMs) {
    return {
      state: 'in-progress',
      retryAfterSeconds: Math.max(1, Math.ceil((remembered.leaseUntilMs - nowMs) / 1000)),
    };
  }
  if (remembered.expiresAtMs <= nowMs) return undefined;
  return remembered.version >= version ? { state: 'done', version: remembered.version } : undefined;
}
