import type { Clock } from '../runtime/clock.ts';

/** Waits by the clock that is given, so that a test moves it. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(Math.max(0, ms), resolve));
}
