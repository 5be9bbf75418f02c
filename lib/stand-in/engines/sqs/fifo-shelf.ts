import type { EpochMs } from '../engine.ts';
import { IndexedHeap } from './heap.ts';
import type { Message } from './message.ts';
import type { Shelf } from './shelf.ts';

interface Group {
  readonly id: string;
  /** The visible messages, by sequence number. */
  readonly messages: IndexedHeap<Message>;
  /** The messages in flight, by sequence number. */
  readonly inFlight: IndexedHeap<Message>;
  /** Counts up as groups become ready. */
  turn: number;
  slot: number;
}

/**
 * The visible messages of a FIFO queue: in order within a group, and none while a message before it in its group is in
 * flight. One in flight behind it withholds nothing: a message that becomes visible ahead of its successors is received
 * ahead of them (recorded on AWS in November 2025). A receive takes as many messages of one group as it may before it
 * goes on to the next; groups take turns in the order in which they became ready.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
 */
export class FifoShelf implements Shelf {
  size = 0;
  #turns = 0;
  readonly #groups = new Map<string, Group>();
  readonly #ready = new IndexedHeap<Group>(
    (left, right) => left.turn < right.turn,
    (group) => group.slot,
    (group, slot) => {
      group.slot = slot;
    },
  );

  get ready(): boolean {
    return this.#ready.size > 0;
  }

  put(message: Message): void {
    const group = this.#groupOf(message);
    group.messages.push(message);
    this.size += 1;
    this.#settle(group);
  }

  drop(message: Message): void {
    const group = this.#groupOf(message);
    group.messages.remove(message);
    this.size -= 1;
    this.#settle(group);
  }

  take(max: number, _nowMs: EpochMs, accept: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    while (taken.length < max) {
      const group = this.#ready.pop();
      if (group === undefined) break;
      // What this receive takes withholds nothing from itself; what was in flight before does.
      const barrier = group.inFlight.peek();
      const batch: Message[] = [];
      while (taken.length + batch.length < max) {
        const message = group.messages.peek();
        if (message === undefined || isBefore(barrier, message)) break;
        group.messages.pop();
        this.size -= 1;
        if (accept(message)) batch.push(message);
      }
      for (const message of batch) group.inFlight.push(message);
      taken.push(...batch);
      this.#settle(group);
    }
    return taken;
  }

  launch(message: Message): void {
    const group = this.#groupOf(message);
    group.inFlight.push(message);
    this.#settle(group);
  }

  land(message: Message): void {
    const group = this.#groupOf(message);
    group.inFlight.remove(message);
    this.#settle(group);
  }

  /** Moves the group to where it belongs: ready, waiting, or forgotten. */
  #settle(group: Group): void {
    const first = group.messages.peek();
    const isReady = first !== undefined && !isBefore(group.inFlight.peek(), first);
    if (isReady && group.slot === -1) {
      this.#turns += 1;
      group.turn = this.#turns;
      this.#ready.push(group);
    } else if (!isReady && group.slot !== -1) {
      this.#ready.remove(group);
    }
    if (group.inFlight.size === 0 && group.messages.size === 0) this.#groups.delete(group.id);
  }

  #groupOf(message: Message): Group {
    const id = message.row.groupId ?? '';
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { id, messages: bySequence('slot'), inFlight: bySequence('flightSlot'), turn: 0, slot: -1 };
      this.#groups.set(id, group);
    }
    return group;
  }
}

function bySequence(slot: 'slot' | 'flightSlot'): IndexedHeap<Message> {
  return new IndexedHeap<Message>(
    isBefore,
    (message) => message[slot],
    (message, index) => {
      message[slot] = index;
    },
  );
}

/** Sequence numbers have equal length, so they compare as text. */
function isBefore(left: Message | undefined, right: Message): boolean {
  return left !== undefined && (left.row.sequenceNumber ?? '') < (right.row.sequenceNumber ?? '');
}
