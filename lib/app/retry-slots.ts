import { retrySlots } from '../core/resources.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { RetrySlot, RetrySlots } from '../runtime/stores/retry-slots.ts';

export interface RetrySlotTools {
  readonly retrySlots: RetrySlots;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** How many slots a batch asks for; with half of them free, two of three batches find one so. */
const tries = 2;

/**
 * Takes a slot for the retries of a batch, so that slow ones never hold all of a receiver's concurrent batches and a
 * first attempt finds one. Undefined when none was found, or for a throttle of ours: the retries look again later.
 */
export async function takeRetrySlot(
  tools: RetrySlotTools,
  receiver: string,
  concurrency: number | undefined,
): Promise<RetrySlot | undefined> {
  const slots = retrySlots(concurrency);
  const first = Math.floor(tools.random.next() * slots);
  try {
    for (let at = 0; at < Math.min(tries, slots); at++) {
      const slot = await tools.retrySlots.take(receiver, (first + at) % slots, tools.clock.now());
      if (slot !== undefined) return slot;
    }
  } catch (error) {
    tools.log('warn', 'No slot for retries could be taken', { receiver, reason: String(error) });
  }
  return undefined;
}

/** Gives the slot back; when that fails it is free again by itself a minute later. */
export async function releaseRetrySlot(
  tools: RetrySlotTools,
  receiver: string,
  slot: RetrySlot | undefined,
): Promise<void> {
  try {
    await slot?.release();
  } catch (error) {
    tools.log('warn', 'A slot for retries could not be given back', { receiver, reason: String(error) });
  }
}
