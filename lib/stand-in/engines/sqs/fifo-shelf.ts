import type { EpochMs } from '../engine.ts';
import { IndexedHeap } from './heap.ts';
import type { Message } from './message.ts';
import type { Shelf } from './shelf.ts';

interface Group {
  readonly id: string;
  /** The visible messages, by sequence number. */
  readonly messages: IndexedHeap<Message>;
  inFlight: number;
  /** Counts up as groups become ready. */
  turn: number;
  slot: number;
}

/**
 * The visible messages of a FIFO queue: in order within a group, and none of a group while one of its messages is in
 * flight. A receive takes as many messages of one group as it may before it goes on to the next; groups take turns in
 * the order in which they became ready.
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
      while (taken.length < max) {
        const message = group.messages.pop();
        if (message === undefined) break;
        this.size -= 1;
        if (!accept(message)) continue;
        group.inFlight += 1;
        taken.push(message);
      }
      this.#settle(group);
    }
    return taken;
  }

  launch(message: Message): void {
    const group = this.#groupOf(message);
    group.inFlight += 1;
    this.#settle(group);
  }

  land(message: Message): void {
    const group = this.#groupOf(message);
    group.inFlight -= 1;
    this.#settle(group);
  }

  /** Moves the group to where it belongs: ready, waiting, or forgotten. */
  #settle(group: Group): void {
    const isReady = group.inFlight === 0 && group.messages.size > 0;
    if (isReady && group.slot === -1) {
      this.#turns += 1;
      group.turn = this.#turns;
      this.#ready.push(group);
    } else if (!isReady && group.slot !== -1) {
      this.#ready.remove(group);
    }
    if (group.inFlight === 0 && group.messages.size === 0) this.#groups.delete(group.id);
  }

  #groupOf(message: Message): Group {
    const id = message.row.groupId ?? '';
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { id, messages: bySequence(), inFlight: 0, turn: 0, slot: -1 };
      this.#groups.set(id, group);
    }
    return group;
  }
}

function bySequence(): IndexedHeap<Message> {
  return new IndexedHeap<Message>(
    // Sequence numbers have equal length, so they compare as text.
    (left, right) => (left.row.sequenceNumber ?? '') < (right.row.sequenceNumber ?? ''),
    (message) => message.slot,
    (message, slot) => {
      message.slot = slot;
    },
  );
}
