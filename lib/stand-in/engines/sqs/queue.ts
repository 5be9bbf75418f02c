import type { Clock, EpochMs, Random, Store } from '../engine.ts';
import { Deduplication, type Sent } from './deduplication.ts';
import {
  invalidValue,
  messageNotInflight,
  notAvailableForVisibilityChange,
  overLimit,
  receiptHandleHasExpired,
} from './errors.ts';
import { limits } from './limits.ts';
import { LongPolls, type Wanted } from './long-poll.ts';
import { Message, type MessageRow } from './message.ts';
import type { MessageRequest } from './message-request.ts';
import { Places } from './places.ts';
import { type Attributes, type QueueSettings, settingsOf } from './queue-attributes.ts';
import { decodeReceipt, encodeReceipt } from './receipt.ts';

export const queueTable = 'sqs.queues';
export const messageTable = 'sqs.messages';

/** The stored part of a queue. */
export interface QueueRow {
  /** Differs from the id of an earlier queue with the same name. */
  readonly id: string;
  readonly name: string;
  attributes: Attributes;
  tags: Readonly<Record<string, string>>;
  readonly createdMs: EpochMs;
  modifiedMs: EpochMs;
  purgedMs: EpochMs | undefined;
}

/** What a queue needs of the engine. */
export interface QueueWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  /** The number of this run of the engine, which receipt handles contain. */
  readonly run: number;
  /** Increases over all queues and restarts: keys of messages, and sequence numbers. */
  nextNumber(): number;
  nextReceipt(): number;
  queueByArn(arn: string): Queue | undefined;
}

/**
 * The state machine of one queue: what each action does to its messages, in memory and in the store. A receive writes
 * nothing: after a restart, what was in flight is visible at once, with the receive count that was last written. A
 * changed visibility is written and survives a restart.
 */
export class Queue {
  readonly row: QueueRow;
  readonly arn: string;
  readonly url: string;
  settings: QueueSettings;
  readonly #world: QueueWorld;
  readonly #places: Places;
  readonly #polls: LongPolls;
  readonly #deduplication: Deduplication;

  constructor(row: QueueRow, arn: string, url: string, world: QueueWorld) {
    this.row = row;
    this.arn = arn;
    this.url = url;
    this.settings = settingsOf(row.attributes);
    this.#world = world;
    this.#deduplication = new Deduplication(row.id, world.store);
    this.#polls = new LongPolls(world.clock, (wanted) => this.receive(wanted));
    this.#places = new Places(
      this.settings.fifo,
      () => this.#polls.wake(),
      (message) => world.store.delete(messageTable, String(message.key)),
    );
  }

  /** Stores a message, or returns the one that was sent under the same deduplication id. */
  send(request: MessageRequest): { messageId: string; sequenceNumber: string | undefined } {
    const nowMs = this.#tick();
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
      sequenceNumber: this.#nextSequenceNumber(),
      sentMs: nowMs,
      enqueuedMs: nowMs,
      visibleAtMs: nowMs + delaySeconds * 1000,
      receiveCount: 0,
      firstReceivedMs: undefined,
      receivedMs: undefined,
      deadLetterSourceArn: undefined,
    };
    this.#admit(new Message(this.#world.nextNumber(), row), nowMs);
    if (deduplicationKey !== undefined && row.sequenceNumber !== undefined) {
      this.#deduplication.record(deduplicationKey, row.id, row.sequenceNumber, nowMs);
    }
    return { messageId: row.id, sequenceNumber: row.sequenceNumber };
  }

  /** Receives what is available now. Throws `OverLimit` when a standard queue has too many messages in flight. */
  receive(wanted: Wanted): Message[] {
    const nowMs = this.#tick();
    const room = limits.inFlightMax - this.#places.inFlight;
    if (room <= 0) {
      // A FIFO queue answers with nothing, as on AWS.
      if (this.settings.fifo) return [];
      throw overLimit(`The queue has reached the limit of ${limits.inFlightMax} messages in flight.`);
    }
    const seconds = wanted.visibilitySeconds ?? this.settings.visibilityTimeoutSeconds;
    const taken = this.#places.take(
      Math.min(wanted.max, room),
      nowMs,
      nowMs + seconds * 1000,
      (message) => !this.#deadLetter(message, nowMs),
    );
    for (const message of taken) {
      message.receiveCount += 1;
      message.firstReceivedMs ??= nowMs;
      message.receivedMs = nowMs;
      message.receipt = this.#world.nextReceipt();
    }
    if (taken.length > 0) this.#expectNext();
    return taken;
  }

  /** Receives, or waits for messages when there are none. Answers synchronously when it can. */
  poll(wanted: Wanted, waitMs: number, signal: AbortSignal | undefined): Message[] | Promise<Message[]> {
    const messages = this.receive(wanted);
    if (messages.length > 0 || waitMs === 0) return messages;
    const waiting = this.#polls.join(wanted, waitMs, signal);
    this.#expectNext();
    return waiting;
  }

  handleOf(message: Message): string {
    return encodeReceipt(this.#world.run, this.row.id, message.key, message.receipt);
  }

  /**
   * Deletes by receipt handle. On a standard queue every handle of the message deletes it, whoever received it since
   * (recorded in getmoto/moto, pull request 4655; the API reference promises it for the latest one only). On a FIFO
   * queue, an older handle and one whose visibility timeout is over are rejected.
   */
  delete(handle: string): void {
    const nowMs = this.#tick();
    const { message, newest } = this.#received(handle);
    if (message === undefined) return;
    const current = newest && message.state === 'in-flight';
    if (this.settings.fifo && !current) throw receiptHandleHasExpired(handle);
    this.#places.remove(message, nowMs);
  }

  /**
   * Changes how long a message in flight stays invisible, counted from now; 0 makes it visible. On a standard queue
   * every handle of the message does this, and nothing happens when the message is visible already (recorded).
   */
  changeVisibility(handle: string, seconds: number): void {
    const nowMs = this.#tick();
    const { message, newest } = this.#received(handle);
    const { fifo } = this.settings;
    if (message === undefined || (fifo && !newest)) throw notAvailableForVisibilityChange(handle);
    if (fifo && message.state !== 'in-flight') throw messageNotInflight();
    if (message.state !== 'in-flight') return;
    const untilMs = nowMs + seconds * 1000;
    if (untilMs > message.receivedMs + limits.visibilitySecondsMax * 1000) {
      throw invalidValue(
        seconds,
        'VisibilityTimeout',
        'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
      );
    }
    this.#places.postpone(message, untilMs);
    message.writeBack();
    this.#put(message);
    this.#tick();
    this.#expectNext();
  }

  counts(): { visible: number; inFlight: number; delayed: number } {
    this.#tick();
    const { visible, inFlight, delayed } = this.#places;
    return { visible, inFlight, delayed };
  }

  setAttributes(attributes: Attributes): void {
    const nowMs = this.#tick();
    this.row.attributes = attributes;
    this.row.modifiedMs = nowMs;
    const { delaySeconds } = this.settings;
    this.settings = settingsOf(attributes);
    this.save();
    if (this.settings.fifo && this.settings.delaySeconds !== delaySeconds) this.#delayAnew();
  }

  save(): void {
    this.#world.store.put(queueTable, this.row.name, this.row);
  }

  /** Deletes all messages, whatever their state. */
  purge(): void {
    const nowMs = this.#world.clock.now();
    for (const message of this.#places.all()) this.#places.remove(message, nowMs);
    this.#deduplication.clear();
  }

  /** Ends all long polls. */
  close(): void {
    this.#polls.close();
  }

  /** Restores a stored message. Call this in the order in which the messages became visible. */
  restore(message: Message): void {
    // A received message is still hidden only if its visibility was changed.
    const hiddenState = message.receiveCount === 0 ? 'delayed' : 'in-flight';
    this.#places.admit(message, this.#world.clock.now(), hiddenState);
  }

  restoreDeduplication(sent: Sent): void {
    this.#deduplication.restore(sent);
  }

  /**
   * Moves the next visible message to the queue that `destinationOf` names, as a new message with a new id. Leaves
   * it, and returns the reason, when it cannot be moved.
   */
  moveNext(destinationOf: (row: MessageRow) => Queue | string): 'moved' | 'empty' | { failure: string } {
    const nowMs = this.#tick();
    const message = this.#places.rotate(nowMs);
    if (message === undefined) return 'empty';
    const destination = destinationOf(message.row);
    if (typeof destination === 'string') return { failure: destination };
    this.#places.remove(message, nowMs);
    destination.#admitMoved(message.row, nowMs);
    return 'moved';
  }

  #admitMoved(moved: MessageRow, nowMs: EpochMs): void {
    this.#tick();
    const row: MessageRow = {
      ...moved,
      queue: this.row.id,
      id: this.#world.random.uuid(),
      sequenceNumber: this.#nextSequenceNumber(),
      sentMs: nowMs,
      enqueuedMs: nowMs,
      visibleAtMs: nowMs,
      receiveCount: 0,
      firstReceivedMs: undefined,
      receivedMs: undefined,
      deadLetterSourceArn: undefined,
    };
    this.#admit(new Message(this.#world.nextNumber(), row), nowMs);
  }

  /** Moves a message to the dead-letter queue when this receive would exceed its maximum. Returns whether it did. */
  #deadLetter(message: Message, nowMs: EpochMs): boolean {
    const { redrive, fifo } = this.settings;
    if (redrive === undefined || message.receiveCount < redrive.maxReceiveCount) return false;
    const target = this.#world.queueByArn(redrive.deadLetterTargetArn);
    // A target that was deleted, or replaced by a queue of the same name, takes nothing.
    if (target === undefined || target === this || target.settings.fifo !== fifo) return false;
    target.#admitDeadLetter(message, this.arn, nowMs);
    return true;
  }

  /** The message keeps its id, its sent timestamp and its receive count; its row keeps its key. */
  #admitDeadLetter(dead: Message, sourceArn: string, nowMs: EpochMs): void {
    this.#tick();
    const { row } = dead;
    dead.writeBack();
    row.queue = this.row.id;
    row.visibleAtMs = nowMs;
    row.receivedMs = undefined;
    row.deadLetterSourceArn = sourceArn;
    if (this.settings.fifo) {
      // A FIFO queue restarts the retention, and makes the message id the deduplication id.
      row.enqueuedMs = nowMs;
      row.deduplicationId = row.id;
      row.sequenceNumber = this.#nextSequenceNumber();
    }
    this.#admit(new Message(dead.key, row), nowMs);
  }

  #admit(message: Message, nowMs: EpochMs): void {
    this.#places.admit(message, nowMs);
    this.#put(message);
    this.#expectNext();
  }

  #put(message: Message): void {
    this.#world.store.put(messageTable, String(message.key), message.row);
  }

  /** Updates the queue to the current time, and returns that time. */
  #tick(): EpochMs {
    const nowMs = this.#world.clock.now();
    this.#places.tick(nowMs, this.settings.retentionMs);
    return nowMs;
  }

  #expectNext(): void {
    this.#polls.expect(this.#places.nextDueMs, this.#onDue);
  }

  readonly #onDue = (): void => {
    this.#tick();
    this.#expectNext();
  };

  /** The message of a receipt handle, and whether the handle is from its latest receive. */
  #received(handle: string): { message: Message | undefined; newest: boolean } {
    const { run, messageKey, receipt } = decodeReceipt(handle, this.row.id);
    const message = this.#places.find(messageKey);
    // A handle of an earlier run counts as the latest until the message is received in this run.
    const newest = run === this.#world.run ? receipt === message?.receipt : message?.receipt === 0;
    return { message, newest };
  }

  /** On a FIFO queue, a changed delay also applies to the messages that are there. */
  #delayAnew(): void {
    for (const message of this.#places.all()) {
      if (message.state !== 'delayed') continue;
      this.#places.postpone(message, message.row.sentMs + this.settings.delaySeconds * 1000);
      message.writeBack();
      this.#put(message);
    }
    this.#tick();
    this.#expectNext();
  }

  #deduplicationKey(request: MessageRequest): string | undefined {
    const { groupId, deduplicationId } = request;
    // Neither id can contain a space, which therefore separates them.
    return this.settings.deduplicationPerGroup && deduplicationId !== undefined
      ? `${groupId} ${deduplicationId}`
      : deduplicationId;
  }

  /** Twenty digits, so they compare as text. */
  #nextSequenceNumber(): string | undefined {
    return this.settings.fifo ? `1${String(this.#world.nextNumber()).padStart(19, '0')}` : undefined;
  }
}
