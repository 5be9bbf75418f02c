/**
 * Records finished and unfinished work by key. The work for a key has versions: a version is done if it, or a higher one,
 * was finished. Once-only work has a single version.
 */
export interface WorkStore {
  /** Begins the work, unless it is done or in progress elsewhere. */
  begin(key: string, version: number, leaseSeconds: number): Promise<Begun>;
  /**
   * Records the work as done, for a time. May be repeated. Resolves to false if the lease had expired and another
   * instance has begun the work.
   */
  finish(work: Work, keepSeconds: number): Promise<boolean>;
  /** Releases unfinished work, so that the next attempt may begin at once. */
  abandon(work: Work): Promise<void>;
}

/** Work that was begun. The token identifies the attempt. */
export interface Work {
  readonly key: string;
  readonly version: number;
  readonly token: string;
}

export type Begun =
  | { readonly state: 'begun'; readonly work: Work }
  /** This version or a later one is done. */
  | { readonly state: 'done'; readonly version: number }
  /** Another instance works on it, or has crashed; its lease expires after this time. */
  | { readonly state: 'in-progress'; readonly retryAfterSeconds: number };

/** The record of a key. Times are epoch milliseconds. */
export interface Remembered {
  /** The highest version that is done; 0 if there is none. */
  readonly version: number;
  readonly token: string;
  /** The end of the lease of unfinished work; 0 if there is none. */
  readonly leaseUntilMs: number;
  readonly expiresAtMs: number;
}

/** Why a version cannot begin; undefined if it can. */
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
