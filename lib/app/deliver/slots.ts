import { type LanePlan, retrySlots } from '../../core/deliver/lane-plan.ts';
import { bus } from '../../core/kernel/limits.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import type { Slot, Slots } from '../../runtime/stores/slots.ts';

export interface SlotTools {
  readonly slots: Slots;
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
  tools: SlotTools,
  receiver: string,
  plan: LanePlan,
): Promise<Slot | undefined> {
  const slots = retrySlots(plan);
  const first = Math.floor(tools.random.next() * slots);
  try {
    for (let at = 0; at < Math.min(tries, slots); at++) {
      const name = String((first + at) % slots);
      const slot = await tools.slots.take('retry', receiver, name, tools.clock.now());
      if (slot !== undefined) return slot;
    }
  } catch (error) {
    tools.log('warn', 'No slot for retries could be taken', { receiver, reason: String(error) });
  }
  return undefined;
}

/**
 * Waits for the turn of a batch where batches go one at a time: in the function, because a message that is put back is
 * received again at once. Undefined when it did not come in time.
 */
export async function takeTurn(
  tools: SlotTools,
  receiver: string,
  turn: string,
  untilMs: number,
): Promise<Slot | undefined> {
  try {
    while (tools.clock.now() <= untilMs) {
      if (await tools.slots.isFree('turn', receiver, turn)) {
        const slot = await tools.slots.take('turn', receiver, turn, tools.clock.now());
        if (slot !== undefined) return slot;
      }
      await sleep(tools.clock, bus.turnPollMs * (0.5 + tools.random.next()));
    }
  } catch (error) {
    tools.log('warn', 'No turn could be taken', { receiver, reason: String(error) });
  }
  return undefined;
}

/** Gives a slot back; when that fails it is free again by itself a minute later. */
export async function releaseSlot(tools: SlotTools, receiver: string, slot: Slot | undefined): Promise<void> {
  try {
    await slot?.release();
  } catch (error) {
    tools.log('warn', 'A slot could not be given back', { receiver, reason: String(error) });
  }
}
