import { isStale, slotsToTake } from '../../core/deliver/pace.ts';
import { bus } from '../../core/kernel/limits.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { PaceStore } from '../../runtime/stores/pace.ts';

export interface PaceTools {
  readonly pace: PaceStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Lets the posts of one batch begin at the receiver's rate. */
export interface Pacer {
  /** Waits until one more post may begin; or answers for how long it is not to, as far as that can be known. */
  next(): Promise<{ readonly kind: 'go' } | { readonly kind: 'later'; readonly waitSeconds: number }>;
}

const unlimited: Pacer = { next: async () => ({ kind: 'go' }) };

/**
 * The pace of one batch of a receiver: it waits in the function, because a message that is put back is received, and
 * paid for, again and again.
 * @param rate posts a second; undefined for no limit.
 * @param wanted how many posts the batch would like to make.
 * @param lastStartMs no post of the batch begins after that.
 */
export function createPacer(
  tools: PaceTools,
  receiver: string,
  rate: number | undefined,
  wanted: number,
  lastStartMs: number,
): Pacer {
  if (rate === undefined) return unlimited;
  const perSecond = rate;
  const { clock, pace } = tools;
  let open = wanted;
  let slots: number[] = [];
  let isOver = false;
  // One after the other: two that take slots at once would take more than are wanted.
  let turn: Promise<unknown> = Promise.resolve();

  /** When the next slot begins; undefined when none can be had in time. */
  async function nextSlot(): Promise<number | undefined> {
    for (;;) {
      const nowMs = clock.now();
      slots = slots.filter((slot) => !isStale(slot, nowMs));
      const slot = slots.shift();
      if (slot !== undefined) return slot;
      if (nowMs > lastStartMs) return undefined;
      const count = slotsToTake(open, perSecond);
      const untilMs = Math.min(nowMs + bus.paceHorizonSeconds * 1000, lastStartMs);
      const taken = await pace.take(receiver, { count, perSecond, nowMs, untilMs });
      if ('slots' in taken) {
        slots = [...taken.slots];
      } else {
        if (taken.nextMs > lastStartMs) return undefined;
        // The slots of others come first. Asked for any earlier, these would be refused again.
        await sleep(clock, Math.max(1, taken.nextMs - untilMs));
      }
    }
  }

  async function next(): ReturnType<Pacer['next']> {
    let slot: number | undefined;
    try {
      slot = isOver ? undefined : await nextSlot();
    } catch (error) {
      // To go on unpaced could flood an endpoint that said how much it takes.
      tools.log('warn', 'The pace could not be taken', { receiver, reason: String(error) });
      return { kind: 'later', waitSeconds: bus.ownFaultSeconds };
    }
    open = Math.max(1, open - 1);
    if (slot === undefined || slot > lastStartMs) {
      isOver = true;
      // What is left of the batch takes so long at this rate, if no others were waiting.
      return { kind: 'later', waitSeconds: Math.max(1, wanted / perSecond) };
    }
    const waitMs = slot - clock.now();
    if (waitMs > 0) await sleep(clock, waitMs);
    return { kind: 'go' };
  }

  return {
    next() {
      const result = turn.then(next);
      turn = result.catch(() => undefined);
      return result;
    },
  };
}
