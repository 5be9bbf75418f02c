import type { EpochMs } from '../engine.ts';
import type { MessageAttributes } from './message-attributes.ts';

/** The stored part of a message. It stays one object while the message lives, so a `put` copies nothing. */
export interface MessageRow {
  /** The id of the queue that holds the message; a redrive changes it. */
  queue: string;
  id: string;
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes: MessageAttributes | undefined;
  readonly attributesMd5: string | undefined;
  readonly traceHeader: string | undefined;
  readonly senderId: string;
  readonly groupId: string | undefined;
  deduplicationId: string | undefined;
  sequenceNumber: string | undefined;
  /** Body and attributes, as AWS counts them. */
  readonly bytes: number;
  sentMs: EpochMs;
  /** Retention counts from here. It differs from `sentMs` after a FIFO queue dead-lettered the message. */
  enqueuedMs: EpochMs;
  /** When the message became, or becomes, visible. */
  visibleAtMs: EpochMs;
  receiveCount: number;
  firstReceivedMs: EpochMs | undefined;
  /** The time of the receive whose visibility timeout was changed last. */
  receivedMs: EpochMs | undefined;
  deadLetterSourceArn: string | undefined;
}

/** A `gone` message was deleted, expired or purged. */
export type MessageState = 'visible' | 'delayed' | 'in-flight' | 'gone';

/** A message in memory: its row, what a receive changes (which is not stored), and its place in the queue. */
export class Message {
  /** The key of the row, counted over all queues: the order of arrival. */
  readonly key: number;
  readonly row: MessageRow;
  state: MessageState = 'gone';
  visibleAtMs: EpochMs;
  receiveCount: number;
  firstReceivedMs: EpochMs | undefined;
  receivedMs: EpochMs;
  /** The number in the latest receipt handle; 0 while none was given out since the engine started. */
  receipt = 0;
  /** Counts up as messages of the queue become visible. */
  turn = 0;
  /** Positions in the heap of its state, in the heap by age, and among those of its FIFO group in flight. */
  slot = -1;
  ageSlot = -1;
  flightSlot = -1;
  /** Neighbours in the list of visible messages of a group. */
  previous: Message | undefined = undefined;
  next: Message | undefined = undefined;

  constructor(key: number, row: MessageRow) {
    this.key = key;
    this.row = row;
    this.visibleAtMs = row.visibleAtMs;
    this.receiveCount = row.receiveCount;
    this.firstReceivedMs = row.firstReceivedMs;
    this.receivedMs = row.receivedMs ?? row.sentMs;
  }

  /** Copies the state in memory to the row before it is stored. */
  writeBack(): void {
    this.row.visibleAtMs = this.visibleAtMs;
    this.row.receiveCount = this.receiveCount;
    this.row.firstReceivedMs = this.firstReceivedMs;
    this.row.receivedMs = this.receiveCount === 0 ? undefined : this.receivedMs;
  }
}
