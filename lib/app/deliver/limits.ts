import { type LanePlan, retrySlots } from '../../core/deliver/lane-plan.ts';
import { isStale, slotsToTake } from '../../core/deliver/pace.ts';
import { bus } from '../../core/kernel/limits.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { Slot } from '../../runtime/stores/slots.ts';
import { type Decision, type DeliverTools, type Due, leaveBehind } from './batch.ts';

/** When an attempt may begin: the limits of its receiver, and the order of its key. */

/**
 * Runs at most `limit` items at once, and at most `perKey` of one key; the answers keep the order of the items. An item
 * whose key is full lets those behind it go first.
 */
export function runLimited<Item, Answer>(
  items: readonly Item[],
  bounds: { readonly limit: number; readonly perKey: number; readonly keyOf: (item: Item) => string },
  run: (item: Item) => Promise<Answer> | Answer,
): Promise<Answer[]> {
  const { limit, perKey, keyOf } = bounds;
  return new Promise((resolve, reject) => {
    const answers: Answer[] = [];
    const waiting = items.map((item, index) => ({ item, index, key: keyOf(item) }));
    const underWay = new Map<string, number>();
    let running = 0;
    const startNext = (): void => {
      if (waiting.length === 0 && running === 0) resolve(answers);
      while (running < limit) {
        const at = waiting.findIndex(({ key }) => (underWay.get(key) ?? 0) < perKey);
        const [next] = at === -1 ? [] : waiting.splice(at, 1);
        if (next === undefined) return;
        const { item, index, key } = next;
        running++;
        underWay.set(key, (underWay.get(key) ?? 0) + 1);
        // An item that throws fails all, as in a loop.
        void Promise.resolve()
          .then(() => run(item))
          .then((answer) => {
            answers[index] = answer;
            running--;
            underWay.set(key, (underWay.get(key) ?? 1) - 1);
            startNext();
          })
          .catch(reject);
      }
    };
    startNext();
  });
}

/** Runs the attempt of a delivery after the one before it of its key; leaves it behind when that one was not delivered. */
export type InOrder = (due: Due, attempt: () => Promise<Decision>) => Promise<Decision>;

/**
 * Links the deliveries of one key: each begins only after the one before it was delivered. An event that fails, dies or
 * cannot be tried ends the batch for its key. So does a dead letter: the next event of the key waits until the queue has
 * let the dead one go, so no crash can bring it back behind its successors. Deliveries without a key begin at once.
 * @param due those of one key in its order.
 */
export function inOrder(due: readonly Due[]): InOrder {
  const links = new Map<Due, { previous: Promise<boolean>; end: (wasDelivered: boolean) => void }>();
  const last = new Map<string, Promise<boolean>>();
  for (const each of due) {
    const { group } = each.message;
    if (group === undefined) continue;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    links.set(each, { previous: last.get(group) ?? Promise.resolve(true), end: resolve });
    last.set(group, promise);
  }
  return async (each, attempt) => {
    const link = links.get(each);
    if (link === undefined) return await attempt();
    let wasDelivered = false;
    try {
      if (!(await link.previous)) return leaveBehind(each.message);
      const decision = await attempt();
      wasDelivered = decision.done && decision.deadLetter === undefined;
      return decision;
    } finally {
      link.end(wasDelivered);
    }
  };
}

/** Slots further ahead are not taken: a batch that cannot use them would leave the endpoint idle. */
const paceHorizonSeconds = 5;

/** Lets the posts of one batch begin at the receiver's rate. */
export interface Pacer {
  /** Waits until one more post may begin, or tells for how long it should be postponed. */
  next(): Promise<{ readonly kind: 'go' } | { readonly kind: 'later'; readonly waitSeconds: number }>;
}

const unlimited: Pacer = { next: async () => ({ kind: 'go' }) };

/**
 * The pace of one batch. It waits in the function, because a message that is put back is received, and paid for, again
 * and again.
 * @param rate posts a second; undefined for no limit.
 * @param wanted how many posts the batch would like to make.
 * @param lastStartMs no post of the batch begins after it.
 */
export function createPacer(
  tools: Pick<DeliverTools, 'pace' | 'clock' | 'log'>,
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
  let previous: Promise<unknown> = Promise.resolve();

  /** When the next slot begins; undefined when none is free in time. */
  async function nextSlot(): Promise<number | undefined> {
    for (;;) {
      const nowMs = clock.now();
      slots = slots.filter((slot) => !isStale(slot, nowMs));
      const slot = slots.shift();
      if (slot !== undefined) return slot;
      if (nowMs > lastStartMs) return undefined;
      const count = slotsToTake(open, perSecond);
      const untilMs = Math.min(nowMs + paceHorizonSeconds * 1000, lastStartMs);
      const taken = await pace.take(receiver, { count, perSecond, nowMs, untilMs });
      if ('slots' in taken) {
        slots = [...taken.slots];
      } else {
        if (taken.nextMs > lastStartMs) return undefined;
        // The slots of other batches come first; asked for any earlier, none is free.
        await sleep(clock, Math.max(1, taken.nextMs - untilMs));
      }
    }
  }

  async function next(): ReturnType<Pacer['next']> {
    let slot: number | undefined;
    try {
      slot = isOver ? undefined : await nextSlot();
    } catch (error) {
      // Going on without the pace could flood the endpoint.
      tools.log('warn', 'The pace could not be taken', { receiver, reason: String(error) });
      return { kind: 'later', waitSeconds: bus.ownFaultSeconds };
    }
    open = Math.max(1, open - 1);
    if (slot === undefined || slot > lastStartMs) {
      isOver = true;
      // The time that the rest of the batch takes at this rate when no other batch waits.
      return { kind: 'later', waitSeconds: Math.max(1, wanted / perSecond) };
    }
    const waitMs = slot - clock.now();
    if (waitMs > 0) await sleep(clock, waitMs);
    return { kind: 'go' };
  }

  return {
    next() {
      const result = previous.then(next);
      previous = result.catch(() => undefined);
      return result;
    },
  };
}

/** How many retry slots a batch asks for. */
const tries = 2;

/**
 * Takes a slot for the retries of a batch. Slow retries can then never occupy all concurrent batches of a receiver, which
 * leaves some for first attempts. Undefined when none was free or AWS throttled the bus: the retries look again later.
 */
export async function takeRetrySlot(
  tools: Pick<DeliverTools, 'slots' | 'clock' | 'random' | 'log'>,
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

/** How often a batch looks whether it is its turn. */
const turnPollMs = 100;

/**
 * Waits for the turn of a batch where batches go one at a time: in the function, because a message that is put back is
 * received again at once. Undefined when the turn did not come in time.
 */
export async function takeTurn(
  tools: Pick<DeliverTools, 'slots' | 'clock' | 'random' | 'log'>,
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
      await sleep(tools.clock, turnPollMs * (0.5 + tools.random.next()));
    }
  } catch (error) {
    tools.log('warn', 'No turn could be taken', { receiver, reason: String(error) });
  }
  return undefined;
}

/** Gives a slot back. If that fails, the slot is free again by itself a minute later. */
export async function releaseSlot(
  tools: Pick<DeliverTools, 'log'>,
  receiver: string,
  slot: Slot,
): Promise<void> {
  try {
    await slot.release();
  } catch (error) {
    tools.log('warn', 'A slot could not be given back', { receiver, reason: String(error) });
  }
}
