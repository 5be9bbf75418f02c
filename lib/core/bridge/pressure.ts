/** The line of the log of which an alarm is made. */
export const bridgeFails = 'A bridge cannot bring messages';

/** When a bridge goes on after a batch, and with how many at a time. */
export interface Pressure {
  /** How many batches in a row had trouble. */
  readonly troubles: number;
}

export const noPressure: Pressure = { troubles: 0 };

/** After so many batches with trouble the rest is left to the next run, a minute later. */
export const troublesMax = 6;

/**
 * What publishing says about receiving: when a batch was slow or the bus could not take all of it, the bridge waits
 * before it receives again, twice as long each time: the queue of the other side is the better place to wait in.
 */
export function afterBatch(
  pressure: Pressure,
  batch: { readonly tookMs: number; readonly notTaken: number },
  { slowSeconds }: { readonly slowSeconds: number },
): { readonly pressure: Pressure; readonly waitMs: number } {
  if (batch.notTaken === 0 && batch.tookMs <= 1000 * slowSeconds) return { pressure: noPressure, waitMs: 0 };
  const troubles = pressure.troubles + 1;
  return { pressure: { troubles }, waitMs: 1000 * 2 ** Math.min(troubles - 1, 4) };
}
