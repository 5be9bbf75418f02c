import type { Clock, EpochMs } from './engines/engine.ts';

/** The wall clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, action) {
    // Node turns a delay above 2^31-1 ms into 1 ms, so a longer delay is split into several timers.
    const longest = 2 ** 31 - 1;
    let timer: NodeJS.Timeout;
    const wait = (restMs: number) => {
      timer = setTimeout(
        () => (restMs > longest ? wait(restMs - longest) : action()),
        Math.min(restMs, longest),
      );
      timer.unref();
    };
    wait(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

export interface VirtualClock extends Clock {
  /**
   * Moves the clock forward. Timers fire at their due time, in order, and the work that each one starts settles
   * before the next one fires.
   */
  advance(byMs: number): Promise<void>;
  /**
   * Advances from timer to timer until `condition` holds. Rejects when it does not hold within `withinMs` of virtual
   * time.
   */
  until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<void>;
}

/** A clock that moves only when told to: a retry after 24 hours takes milliseconds. */
export function virtualClock(startMs: EpochMs): VirtualClock {
  let nowMs = startMs;
  let order = 0;
  const timers = new Map<number, { dueMs: EpochMs; action: () => void }>();

  function nextDue(untilMs: EpochMs): number | undefined {
    let found: number | undefined;
    let foundMs = Number.POSITIVE_INFINITY;
    for (const [id, timer] of timers) {
      if (timer.dueMs <= untilMs && timer.dueMs < foundMs) {
        found = id;
        foundMs = timer.dueMs;
      }
    }
    return found;
  }

  async function step(untilMs: EpochMs): Promise<boolean> {
    await settled();
    const id = nextDue(untilMs);
    const timer = id === undefined ? undefined : timers.get(id);
    if (id === undefined || timer === undefined) return false;
    timers.delete(id);
    nowMs = Math.max(nowMs, timer.dueMs);
    timer.action();
    return true;
  }

  return {
    now: () => nowMs,
    setTimer(delayMs, action) {
      const id = order++;
      // Like the wall clock, it counts whole milliseconds and never fires early.
      timers.set(id, { dueMs: nowMs + Math.ceil(Math.max(0, delayMs)), action });
      return () => void timers.delete(id);
    },
    async advance(byMs) {
      const endMs = nowMs + byMs;
      while (await step(endMs));
      nowMs = endMs;
      await settled();
    },
    async until(condition, withinMs) {
      const endMs = nowMs + withinMs;
      for (;;) {
        await settled();
        if (await condition()) return;
        if (!(await step(endMs)))
          throw new Error(`The condition did not hold within ${withinMs} ms of virtual time.`);
      }
    },
  };
}

/** Lets promises and the commit of this turn settle. Afterwards, all work that waits for no timer is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
