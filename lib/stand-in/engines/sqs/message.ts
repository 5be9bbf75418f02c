import type { EpochMs } from '../engine.ts';
import type { MessageAttributes } from './message-attributes.ts';

/** What of a message is on disk. It stays one object while the message lives, so that a `put` copies nothing. */
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
  /** What retention counts from; it differs from `sentMs` after a FIFO queue dead-lettered the message. */
  enqueuedMs: EpochMs;
  /** When the message became, or becomes, visible. */
  visibleAtMs: EpochMs;
  receiveCount: number;
  firstReceivedMs: EpochMs | undefined;
  /** When the receive happened whose visibility timeout was changed last. */
  receivedMs: EpochMs | undefined;
  deadLetterSourceArn: string | undefined;
}

/** A message that is `gone` was deleted, expired or purged. */
export type MessageState = 'visible' | 'delayed' | 'in-flight' | 'gone';

/** A message in memory: its row, what a receive changes (which is not written), and its place in the queue. */
export class Message {
  /** The key of the row, counted up over all queues: the order of arrival. */
  readonly key: number;
  readonly row: MessageRow;
  state: MessageState = 'gone';
  visibleAtMs: EpochMs;
  receiveCount: number;
  firstReceivedMs: EpochMs | undefined;
  receivedMs: EpochMs;
  /** The number in the newest receipt handle; 0 as long as none was given out since the engine started. */
  receipt = 0;
  /** Counts up as messages of the queue become visible. */
  turn = 0;
  /** Positions in the heap of its state and in the heap by age. */
  slot = -1;
  ageSlot = -1;
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

  /** Brings the row to what is in memory, to be put into the store. */
  writeBack(): void {
    this.row.visibleAtMs = this.visibleAtMs;
    this.row.receiveCount = this.receiveCount;
    this.row.firstReceivedMs = this.firstReceivedMs;
    this.row.receivedMs = this.receiveCount === 0 ? undefined : this.receivedMs;
  }
}
