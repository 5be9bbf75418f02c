import { sleep } from '../../../core/kernel/sleep.ts';
import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';

const waitMs = 40;

/** Tries again what others were first at, each time after a pause twice as long; false when they were in every round. */
export async function untilFirst(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  roundsMax: number,
  attempt: () => Promise<boolean>,
): Promise<boolean> {
  for (let round = 0; round < roundsMax; round++) {
    if (round > 0) await sleep(clock, waitMs * 2 ** (round - 1) * (0.5 + random.next()));
    if (await attempt()) return true;
  }
  return false;
}
