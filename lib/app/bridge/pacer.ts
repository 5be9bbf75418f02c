import type { Source } from '../../connectors/kind.ts';
import { afterBatch, noPressure, troublesMax } from '../../core/bridge/pressure.ts';
import { bus } from '../../core/kernel/limits.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { Clock } from '../../runtime/clock.ts';

/** Tells the lanes of one route when they may receive. They share it, so trouble of one slows all of them down. */
export interface Pacer {
  /** Waits as long as it must; false when this run receives no more. */
  mayReceive(): Promise<boolean>;
  hadBatch(batch: { readonly tookMs: number; readonly notTaken: number }): void;
  /** The source could not be asked. */
  hadTrouble(): void;
}

export function createPacer(bridge: Pick<Source, 'slowSeconds'>, endMs: number, clock: Clock): Pacer {
  let pressure = noPressure;
  let notBeforeMs = 0;
  const isOver = () =>
    clock.now() + 1000 * bus.bridgePollSecondsMin > endMs || pressure.troubles >= troublesMax;
  const had = (batch: { readonly tookMs: number; readonly notTaken: number }) => {
    const after = afterBatch(pressure, batch, bridge);
    pressure = after.pressure;
    notBeforeMs = Math.max(notBeforeMs, clock.now() + after.waitMs);
  };
  return {
    async mayReceive() {
      while (!isOver() && clock.now() < notBeforeMs) {
        await sleep(clock, Math.min(notBeforeMs, endMs) - clock.now());
      }
      return !isOver();
    },
    hadBatch: had,
    hadTrouble: () => had({ tookMs: 0, notTaken: 1 }),
  };
}
