import type { Clock } from '../engine.ts';

/** Wakes a reader. A ring between two waits is not lost: it ends the next wait at once. */
export interface Bell {
  /** Forgets earlier rings. Call this before looking for work. */
  reset(): void;
  /** Resolves at a ring, on abort, or after `limitMs` if given. */
  wait(limitMs?: number): Promise<void>;
  close(): void;
}

export function createBell(
  clock: Clock,
  signal: AbortSignal,
  subscribe: (ring: () => void) => () => void,
): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wake?.();
  };
  const unsubscribe = subscribe(ring);
  signal.addEventListener('abort', ring);
  return {
    reset() {
      rung = signal.aborted;
    },
    async wait(limitMs) {
      if (rung) return;
      let cancel: (() => void) | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (limitMs !== undefined) cancel = clock.setTimer(limitMs, resolve);
      });
      wake = undefined;
      cancel?.();
    },
    close() {
      unsubscribe();
      signal.removeEventListener('abort', ring);
    },
  };
}
