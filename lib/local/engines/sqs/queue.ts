import type { Clock, EpochMs, Random, Store } from '../engine.ts';
import { Deduplication, type Sent } from './deduplication.ts';
import {
  invalidValue,
  messageNotInflight,
  notAvailableForVisibilityChange,
  overLimit,
  receiptHandleHasExpired,
} from './errors.ts';
import { FifoShelf } from './fifo-shelf.ts';
import { IndexedHeap } from './heap.ts';
import { limits } from './limits.ts';
import { LongPolls, type Wait } from './long-poll.ts';
import { Message, type MessageRow } from './message.ts';
import type { MessageRequest } from './message-request.ts';
import { type Attributes, type QueueSettings, settingsOf } from './queue-attributes.ts';
import { decodeReceipt, encodeReceipt } from './receipt.ts';
import type { Shelf } from './shelf.ts';
import { StandardShelf } from './standard-shelf.ts';

export const queueTable = 'sqs.queues';
export const messageTable = 'sqs.messages';

/** What of a queue is on disk. */
export interface QueueRow {
  /** Differs from the id of an earlier queue of the same name. */
  readonly id: string;
  readonly name: string;
  attributes: Attributes;
  tags: Readonly<Record<string, string>>;
  readonly createdMs: EpochMs;
  modifiedMs: EpochMs;
  purgedMs: EpochMs | undefined;
}

/** What a queue needs of the engine around it. */
export interface QueueWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  /** Names this run of the engine in receipt handles. */
  readonly run: string;
  nextMessageKey(): number;
  nextReceipt(): number;
  queueByArn(arn: string): Queue | undefined;
}

/**
 * The state machine of one queue. A message is visible (on the shelf), or hidden until a known time: delayed, or in
 * flight after a receive. Whoever looks at the queue first brings it up to date (`#tick`): what is over its
 * retention is removed, and what is due becomes visible, so that no timer is needed but while somebody waits.
 *
 *   send ──► delayed ──due──► visible ──receive──► in flight ──delete──► gone
 *     └──────────────────────►   ▲                     │
 *                                └──timeout, change ───┘
 *
 * Every operation costs at most O(log n) a message. A receive writes nothing to the store: after a restart what was
 * in flight is visible at once, unless its visibility was changed, which is written.
 */
export class Queue {
  readonly row: QueueRow;
  readonly arn: string;
  readonly url: string;
  settings: QueueSettings;
  readonly #world: QueueWorld;
  readonly #shelf: Shelf;
  readonly #messages = new Map<number, Message>();
  readonly #hidden = new IndexedHeap<Message>(
    (left, right) =>
      left.visibleAtMs < right.visibleAtMs ||
      (left.visibleAtMs === right.visibleAtMs && left.key < right.key),
    (message) => message.slot,
    (message, slot) => {
      message.slot = slot;
    },
  );
  readonly #expiry = new IndexedHeap<Message>(
    (left, right) => left.row.enqueuedMs < right.row.enqueuedMs,
    (message) => message.expirySlot,
    (message, slot) => {
      message.expirySlot = slot;
    },
  );
  readonly #polls: LongPolls;
  readonly #deduplication: Deduplication;
  #inFlight = 0;
  #sequenceMs = 0;
  #sequenceStep = 0;
  #wakeAtMs: EpochMs | undefined = undefined;
  #cancelWake: (() => void) | undefined = undefined;

  constructor(row: QueueRow, arn: string, url: string, world: QueueWorld) {
    this.row = row;
    this.arn = arn;
    this.url = url;
    this.settings = settingsOf(row.attributes);
    this.#world = world;
    this.#shelf = this.settings.fifo ? new FifoShelf() : new StandardShelf();
    this.#deduplication = new Deduplication(row.id, world.store);
    this.#polls = new LongPolls(world.clock, (wait) => this.receive(wait));
  }

  /** Stores a message, or answers with the one that was sent under the same deduplication id. */
  send(request: MessageRequest): { messageId: string; sequenceNumber: string | undefined } {
    const nowMs = this.#world.clock.now();
    const deduplicationKey = this.#deduplicationKey(request);
    if (deduplicationKey !== undefined) {
      const sent = this.#deduplication.find(deduplicationKey, nowMs);
      if (sent !== undefined) return sent;
    }
    const { delaySeconds = this.settings.delaySeconds, ...content } = request;
    const row: MessageRow = {
      ...content,
      queue: this.row.id,
      id: this.#world.random.uuid(),
      sequenceNumber: this.#nextSequenceNumber(nowMs),
      sentMs: nowMs,
      enqueuedMs: nowMs,
      visibleAtMs: nowMs + delaySeconds * 1000,
      receiveCount: 0,
      firstReceivedMs: undefined,
      receivedMs: undefined,
      deadLetterSourceArn: undefined,
    };
    this.#admit(new Message(this.#world.nextMessageKey(), row), nowMs);
    if (deduplicationKey !== undefined && row.sequenceNumber !== undefined) {
      this.#deduplication.record(deduplicationKey, row.id, row.sequenceNumber, nowMs);
    }
    return { messageId: row.id, sequenceNumber: row.sequenceNumber };
  }

  /** Receives what is there now. Throws `OverLimit` when a standard queue has too many messages in flight. */
  receive(wait: Wait): Message[] {
    const nowMs = this.#tick();
    const room = limits.inFlightMax - this.#inFlight;
    if (room <= 0) {
      // A FIFO queue answers with nothing, as AWS does.
      if (this.settings.fifo) return [];
      throw overLimit(`The queue has reached the limit of ${limits.inFlightMax} messages in flight.`);
    }
    const taken = this.#shelf.take(Math.min(wait.max, room), nowMs, (message) =>
      this.#mayBeReceived(message, nowMs),
    );
    const hiddenMs = (wait.visibilitySeconds ?? this.settings.visibilityTimeoutSeconds) * 1000;
    for (const message of taken) {
      message.receiveCount += 1;
      message.firstReceivedMs ??= nowMs;
      message.receivedMs = nowMs;
      message.receipt = this.#world.nextReceipt();
      this.#hide(message, 'in-flight', nowMs + hiddenMs);
    }
    if (taken.length > 0) this.#arm();
    return taken;
  }

  /** Receives, and waits for messages where there are none. Answers at once when it can. */
  poll(wait: Wait, waitMs: number, signal: AbortSignal | undefined): Message[] | Promise<Message[]> {
    const messages = this.receive(wait);
    if (messages.length > 0 || waitMs === 0) return messages;
    const waiting = this.#polls.join(wait, waitMs, signal);
    this.#arm();
    return waiting;
  }

  /**
   * Deletes by receipt handle. An old handle, of a receive that was not the last one, succeeds and deletes nothing
   * (AWS: "the request will succeed, but the message might not be deleted"). On a FIFO queue a handle whose
   * visibility timeout is over is refused.
   */
  delete(handle: string): void {
    const receipt = decodeReceipt(handle, this.row.id);
    this.#tick();
    const message = this.#messages.get(receipt.messageKey);
    if (message === undefined) return;
    const newest = this.#isNewest(message, receipt);
    if (this.settings.fifo && (!newest || message.state !== 'in-flight'))
      throw receiptHandleHasExpired(handle);
    if (newest) this.#remove(message);
  }

  /** Changes how long a message in flight stays invisible, counted from now; 0 makes it visible. */
  changeVisibility(handle: string, seconds: number): void {
    const receipt = decodeReceipt(handle, this.row.id);
    const nowMs = this.#tick();
    const message = this.#messages.get(receipt.messageKey);
    if (message === undefined || !this.#isNewest(message, receipt)) {
      throw notAvailableForVisibilityChange(handle);
    }
    if (message.state !== 'in-flight') throw messageNotInflight();
    const { row } = message;
    if (nowMs + seconds * 1000 > message.receivedMs + limits.visibilitySecondsMax * 1000) {
      throw invalidValue(
        seconds,
        'VisibilityTimeout',
        'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
      );
    }
    message.visibleAtMs = nowMs + seconds * 1000;
    this.#hidden.update(message);
    row.visibleAtMs = message.visibleAtMs;
    row.receiveCount = message.receiveCount;
    row.firstReceivedMs = message.firstReceivedMs;
    row.receivedMs = message.receivedMs;
    this.#put(message);
    this.#tick();
    this.#arm();
  }

  handleOf(message: Message): string {
    return encodeReceipt(this.#world.run, this.row.id, message.key, message.receipt);
  }

  counts(): { visible: number; inFlight: number; delayed: number } {
    this.#tick();
    return {
      visible: this.#shelf.size,
      inFlight: this.#inFlight,
      delayed: this.#hidden.size - this.#inFlight,
    };
  }

  setAttributes(attributes: Attributes): void {
    const nowMs = this.#tick();
    this.row.attributes = attributes;
    this.row.modifiedMs = nowMs;
    const { delaySeconds } = this.settings;
    this.settings = settingsOf(attributes);
    this.save();
    // On a FIFO queue a new delay also holds for the messages that are there.
    if (this.settings.fifo && this.settings.delaySeconds !== delaySeconds) this.#delayAnew();
  }

  save(): void {
    this.#world.store.put(queueTable, this.row.name, this.row);
  }

  /** Deletes all messages, wherever they are. */
  purge(): void {
    for (const message of this.#messages.values()) this.#remove(message);
    this.#deduplication.clear();
  }

  /** Ends the waiting of long polls. */
  close(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeAtMs = undefined;
    this.#polls.close();
  }

  /** Takes back a message that was on disk; in the order in which the messages became visible. */
  restore(message: Message): void {
    const { row } = message;
    this.#messages.set(message.key, message);
    this.#expiry.push(message);
    if (row.visibleAtMs <= this.#world.clock.now()) this.#show(message);
    else if (row.receiveCount === 0) this.#hide(message, 'delayed', row.visibleAtMs);
    else {
      // Its visibility was changed before the restart, and that holds.
      this.#shelf.launch(message);
      this.#hide(message, 'in-flight', row.visibleAtMs);
    }
  }

  restoreDeduplication(sent: Sent): void {
    this.#deduplication.restore(sent);
  }

  /**
   * Moves the next visible message to the queue that `destinationOf` names, as a new message with a new id, or
   * leaves it and answers with the reason why it cannot be moved.
   */
  moveNext(destinationOf: (row: MessageRow) => Queue | string): 'moved' | 'empty' | { failure: string } {
    const nowMs = this.#tick();
    const [message] = this.#shelf.take(1, nowMs, () => true);
    if (message === undefined) return 'empty';
    this.#shelf.land(message, nowMs);
    this.#shelf.put(message);
    const destination = destinationOf(message.row);
    if (typeof destination === 'string') return { failure: destination };
    this.#remove(message);
    destination.#adopt({ ...message.row, id: this.#world.random.uuid(), sentMs: nowMs }, nowMs);
    return 'moved';
  }

  #adopt(row: MessageRow, nowMs: EpochMs): void {
    row.queue = this.row.id;
    row.enqueuedMs = nowMs;
    row.visibleAtMs = nowMs;
    row.receiveCount = 0;
    row.firstReceivedMs = undefined;
    row.receivedMs = undefined;
    row.deadLetterSourceArn = undefined;
    row.sequenceNumber = this.#nextSequenceNumber(nowMs);
    this.#admit(new Message(this.#world.nextMessageKey(), row), nowMs);
  }

  /** Turns away a message whose receive count would exceed the maximum, into the dead-letter queue. */
  #mayBeReceived(message: Message, nowMs: EpochMs): boolean {
    const { redrive, fifo } = this.settings;
    if (redrive === undefined || message.receiveCount < redrive.maxReceiveCount) return true;
    const target = this.#world.queueByArn(redrive.deadLetterTargetArn);
    if (target === undefined || target === this || target.settings.fifo !== fifo) return true;
    this.#messages.delete(message.key);
    this.#expiry.remove(message);
    message.state = 'gone';
    target.#admitDeadLetter(message, this.arn, nowMs);
    return false;
  }

  /** The message keeps its id, its sent timestamp and its receive count, and its row keeps its key. */
  #admitDeadLetter(dead: Message, sourceArn: string, nowMs: EpochMs): void {
    const { row } = dead;
    row.queue = this.row.id;
    row.visibleAtMs = nowMs;
    row.receiveCount = dead.receiveCount;
    row.firstReceivedMs = dead.firstReceivedMs;
    row.receivedMs = undefined;
    row.deadLetterSourceArn = sourceArn;
    if (this.settings.fifo) {
      // A FIFO queue counts retention anew, and makes the message id the deduplication id.
      row.enqueuedMs = nowMs;
      row.deduplicationId = row.id;
      row.sequenceNumber = this.#nextSequenceNumber(nowMs);
    }
    this.#admit(new Message(dead.key, row), nowMs);
  }

  #admit(message: Message, nowMs: EpochMs): void {
    this.#tick();
    this.#messages.set(message.key, message);
    this.#expiry.push(message);
    this.#put(message);
    if (message.row.visibleAtMs > nowMs) {
      this.#hide(message, 'delayed', message.row.visibleAtMs);
      this.#arm();
    } else {
      this.#show(message);
    }
  }

  #show(message: Message): void {
    message.state = 'visible';
    this.#shelf.put(message);
    this.#polls.wake();
  }

  #hide(message: Message, state: 'delayed' | 'in-flight', untilMs: EpochMs): void {
    message.state = state;
    message.visibleAtMs = untilMs;
    this.#hidden.push(message);
    if (state === 'in-flight') this.#inFlight += 1;
  }

  #unhide(message: Message, nowMs: EpochMs): void {
    this.#hidden.remove(message);
    if (message.state !== 'in-flight') return;
    this.#inFlight -= 1;
    this.#shelf.land(message, nowMs);
    // The group of a FIFO queue may have waited for this one.
    if (this.#shelf.ready) this.#polls.wake();
  }

  #remove(message: Message): void {
    if (message.state === 'visible') this.#shelf.drop(message);
    else this.#unhide(message, this.#world.clock.now());
    message.state = 'gone';
    this.#expiry.remove(message);
    this.#messages.delete(message.key);
    this.#world.store.delete(messageTable, String(message.key));
  }

  #put(message: Message): void {
    this.#world.store.put(messageTable, String(message.key), message.row);
  }

  /** Brings the queue up to date, and returns the time. */
  #tick(): EpochMs {
    const nowMs = this.#world.clock.now();
    const bornBeforeMs = nowMs - this.settings.retentionMs;
    for (let oldest = this.#expiry.peek(); oldest !== undefined; oldest = this.#expiry.peek()) {
      if (oldest.row.enqueuedMs > bornBeforeMs) break;
      this.#remove(oldest);
    }
    for (let next = this.#hidden.peek(); next !== undefined; next = this.#hidden.peek()) {
      if (next.visibleAtMs > nowMs) break;
      this.#unhide(next, next.visibleAtMs);
      this.#show(next);
    }
    return nowMs;
  }

  /** While somebody waits, one timer stands for the next hidden message that is due. */
  #arm(): void {
    const dueMs = this.#hidden.peek()?.visibleAtMs;
    if (dueMs === undefined || !this.#polls.waiting) return;
    if (this.#wakeAtMs !== undefined && this.#wakeAtMs <= dueMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = dueMs;
    this.#cancelWake = this.#world.clock.setTimer(Math.max(0, dueMs - this.#world.clock.now()), () => {
      this.#wakeAtMs = undefined;
      this.#tick();
      this.#arm();
    });
  }

  #isNewest(message: Message, receipt: { run: string; receipt: number }): boolean {
    // A handle of an earlier run is the newest one that is known, until the message is received in this run.
    return receipt.run === this.#world.run ? receipt.receipt === message.receipt : message.receipt === 0;
  }

  #delayAnew(): void {
    for (const message of this.#messages.values()) {
      if (message.state !== 'delayed') continue;
      message.visibleAtMs = message.row.sentMs + this.settings.delaySeconds * 1000;
      message.row.visibleAtMs = message.visibleAtMs;
      this.#hidden.update(message);
      this.#put(message);
    }
    this.#tick();
    this.#arm();
  }

  #deduplicationKey(request: MessageRequest): string | undefined {
    const { groupId, deduplicationId } = request;
    // Neither id can hold a space, so that the two stay apart.
    return this.settings.deduplicationPerGroup && deduplicationId !== undefined
      ? `${groupId} ${deduplicationId}`
      : deduplicationId;
  }

  /** Twenty digits that grow with every message of a FIFO queue, across restarts too, because time leads them. */
  #nextSequenceNumber(nowMs: EpochMs): string | undefined {
    if (!this.settings.fifo) return undefined;
    if (nowMs > this.#sequenceMs) {
      this.#sequenceMs = nowMs;
      this.#sequenceStep = 0;
    } else {
      this.#sequenceStep += 1;
    }
    const digits = String(this.#sequenceMs).padStart(13, '0');
    return `1${digits}${String(this.#sequenceStep).padStart(6, '0')}`;
  }
}
