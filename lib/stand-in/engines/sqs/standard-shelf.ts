import type { EpochMs } from '../engine.ts';
import { IndexedHeap } from './heap.ts';
import { limits } from './limits.ts';
import type { Message } from './message.ts';
import type { Shelf } from './shelf.ts';

/** The messages of one tenant: those with one MessageGroupId, or all those without. */
interface Group {
  readonly id: string | undefined;
  /** The visible messages, oldest first. */
  head: Message | undefined;
  tail: Message | undefined;
  inFlight: number;
  noisy: boolean;
  /** When the last message in flight was finished. */
  idleSinceMs: EpochMs;
  slot: number;
}

/**
 * The visible messages of a standard queue, in the order in which they became visible, except for fairness: a group
 * with more than its share of the messages in flight yields to the quiet groups. It stays noisy until its backlog is
 * consumed, or until it had nothing in flight for five minutes. Of several noisy groups, the one with the fewest
 * messages in flight goes first. Nothing is capped or dropped.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
 */
export class StandardShelf implements Shelf {
  size = 0;
  #inFlight = 0;
  #turns = 0;
  readonly #groups = new Map<string | undefined, Group>();
  readonly #quiet = new IndexedHeap<Group>(isAhead, slotOf, setSlot);
  readonly #noisy = new IndexedHeap<Group>(
    (left, right) =>
      left.inFlight < right.inFlight || (left.inFlight === right.inFlight && isAhead(left, right)),
    slotOf,
    setSlot,
  );

  get ready(): boolean {
    return this.size > 0;
  }

  put(message: Message): void {
    const group = this.#groupOf(message);
    this.#turns += 1;
    message.turn = this.#turns;
    message.previous = group.tail;
    message.next = undefined;
    if (group.tail === undefined) group.head = message;
    else group.tail.next = message;
    group.tail = message;
    this.size += 1;
    if (group.head === message) this.#heapOf(group).push(group);
  }

  drop(message: Message): void {
    const group = this.#groupOf(message);
    const wasHead = group.head === message;
    if (message.previous === undefined) group.head = message.next;
    else message.previous.next = message.next;
    if (message.next === undefined) group.tail = message.previous;
    else message.next.previous = message.previous;
    message.previous = undefined;
    message.next = undefined;
    this.size -= 1;
    if (group.head === undefined) {
      this.#heapOf(group).remove(group);
      group.noisy = false;
      this.#forgetIfEmpty(group);
    } else if (wasHead) {
      this.#heapOf(group).update(group);
    }
  }

  take(max: number, nowMs: EpochMs, accept: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    while (taken.length < max) {
      const message = this.#next(nowMs)?.head;
      if (message === undefined) break;
      this.drop(message);
      if (!accept(message)) continue;
      this.launch(message);
      taken.push(message);
    }
    return taken;
  }

  launch(message: Message): void {
    const group = this.#groupOf(message);
    group.inFlight += 1;
    this.#inFlight += 1;
    if (group.noisy) this.#noisy.update(group);
  }

  land(message: Message, nowMs: EpochMs): void {
    const group = this.#groupOf(message);
    group.inFlight -= 1;
    this.#inFlight -= 1;
    if (group.inFlight === 0) group.idleSinceMs = nowMs;
    if (group.noisy) this.#noisy.update(group);
    this.#forgetIfEmpty(group);
  }

  /** The next group. A group becomes noisy only here, when its turn would come. */
  #next(nowMs: EpochMs): Group | undefined {
    const calmest = this.#noisy.peek();
    if (calmest?.inFlight === 0 && nowMs - calmest.idleSinceMs >= limits.noisyIdleMs) {
      this.#noisy.remove(calmest);
      calmest.noisy = false;
      this.#quiet.push(calmest);
    }
    for (;;) {
      const group = this.#quiet.peek();
      if (group === undefined) return this.#noisy.peek();
      if (!this.#takesMoreThanItsShare(group)) return group;
      this.#quiet.remove(group);
      group.noisy = true;
      this.#noisy.push(group);
    }
  }

  #takesMoreThanItsShare(group: Group): boolean {
    // A message without a group is its own tenant, and so never noisy.
    return (
      group.id !== undefined &&
      group.inFlight >= limits.noisyInFlightMin &&
      group.inFlight > limits.noisyShare * this.#inFlight
    );
  }

  #heapOf(group: Group): IndexedHeap<Group> {
    return group.noisy ? this.#noisy : this.#quiet;
  }

  #groupOf(message: Message): Group {
    const id = message.row.groupId;
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = {
        id,
        head: undefined,
        tail: undefined,
        inFlight: 0,
        noisy: false,
        idleSinceMs: 0,
        slot: -1,
      };
      this.#groups.set(id, group);
    }
    return group;
  }

  #forgetIfEmpty(group: Group): void {
    if (group.head === undefined && group.inFlight === 0 && group.id !== undefined) {
      this.#groups.delete(group.id);
    }
  }
}

function isAhead(left: Group, right: Group): boolean {
  return (left.head?.turn ?? 0) < (right.head?.turn ?? 0);
}
function slotOf(group: Group): number {
  return group.slot;
}
function setSlot(group: Group, slot: number): void {
  group.slot = slot;
}
