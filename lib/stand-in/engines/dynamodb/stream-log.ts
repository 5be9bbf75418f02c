import type { EpochMs, Host } from '../engine.ts';
import type { Item } from './attribute.ts';
import { pick } from './definition.ts';
import { itemSizeBytes } from './size.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html */
const retentionMs = 24 * 60 * 60 * 1000;

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/** A stream as stored. */
export interface StreamDefinition {
  readonly streamArn: string;
  readonly label: string;
  readonly tableName: string;
  readonly viewType: StreamViewType;
  readonly keyNames: readonly string[];
  readonly createdMs: EpochMs;
  /** Set when the stream was disabled or its table deleted: its shard is closed, and its records stay for a day. */
  readonly disabledMs: EpochMs | undefined;
  /** Records up to this number are trimmed. */
  readonly trimmedThrough: number;
}

/** A record as GetRecords returns it. */
export type StreamRecord = Readonly<Record<string, unknown>>;

interface Entry {
  readonly atMs: EpochMs;
  readonly record: StreamRecord;
}

/** One change of one item; `before` or `after` is undefined where there is no item. */
export interface ItemChange {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** Whether DynamoDB deleted the item because it expired. */
  readonly byService: boolean;
}

/**
 * The records of one stream, numbered from 1. A stream has one shard here, so it orders all changes; AWS promises
 * only the order for each item.
 */
export class StreamLog {
  #definition: StreamDefinition;
  readonly #host: Host;
  readonly #entries: Entry[] = [];

  constructor(host: Host, definition: StreamDefinition) {
    this.#host = host;
    this.#definition = definition;
    for (const [, value] of host.store.load(this.#rows)) this.#entries.push(value as Entry);
  }

  get definition(): StreamDefinition {
    return this.#definition;
  }

  /** The number of the next record. */
  get nextNumber(): number {
    return this.#definition.trimmedThrough + this.#entries.length + 1;
  }

  /** The number of the oldest record younger than a day (or of the next record). */
  firstNumber(): number {
    const oldestMs = this.#host.clock.now() - retentionMs;
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.atMs ?? 0) < oldestMs) low = middle + 1;
      else high = middle;
    }
    return this.#definition.trimmedThrough + 1 + low;
  }

  /** The records from a number on. */
  *read(fromNumber: number): Generator<StreamRecord, void, undefined> {
    const start = Math.max(0, fromNumber - this.#definition.trimmedThrough - 1);
    for (let index = start; index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry !== undefined) yield entry.record;
    }
  }

  append(change: ItemChange): void {
    const { before, after, byService } = change;
    const present = after ?? before;
    if (present === undefined) return;
    const { viewType, keyNames } = this.#definition;
    const atMs = this.#host.clock.now();
    const number = this.nextNumber;
    const keys = pick(present, keyNames);
    const withNew = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
    const withOld = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
    const newImage = withNew ? after : undefined;
    const oldImage = withOld ? before : undefined;
    const record: StreamRecord = {
      eventID: this.#host.random.uuid().replaceAll('-', ''),
      eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: this.#host.region,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(atMs / 1000),
        Keys: keys,
        ...(newImage === undefined ? {} : { NewImage: newImage }),
        ...(oldImage === undefined ? {} : { OldImage: oldImage }),
        SequenceNumber: sequenceNumber(number),
        SizeBytes:
          itemSizeBytes(keys) +
          (newImage === undefined ? 0 : itemSizeBytes(newImage)) +
          (oldImage === undefined ? 0 : itemSizeBytes(oldImage)),
        StreamViewType: viewType,
      },
      ...(byService ? { userIdentity: { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' } } : {}),
    };
    const entry: Entry = { atMs, record };
    this.#entries.push(entry);
    this.#host.store.put(this.#rows, sequenceNumber(number), entry);
  }

  /** Frees the memory of records older than a day, which readers can no longer see. */
  trim(): void {
    const first = this.#definition.trimmedThrough + 1;
    const gone = this.firstNumber() - first;
    if (gone === 0) return;
    this.#entries.splice(0, gone);
    for (let number = first; number < first + gone; number++) {
      this.#host.store.delete(this.#rows, sequenceNumber(number));
    }
    // Numbers continue after a restart, even when no record is left that shows the last one.
    this.redefine({ ...this.#definition, trimmedThrough: this.#definition.trimmedThrough + gone });
  }

  redefine(definition: StreamDefinition): void {
    this.#definition = definition;
    this.#host.store.put('dynamodb.streams', definition.streamArn, definition);
  }

  /** Whether a disabled stream is more than a day old, and AWS would forget it. */
  isForgotten(): boolean {
    const { disabledMs } = this.#definition;
    return disabledMs !== undefined && disabledMs < this.#host.clock.now() - retentionMs;
  }

  get #rows(): string {
    return `dynamodb.stream-records.${this.#definition.streamArn}`;
  }
}

/** A record's number as text: as long as AWS's, and sortable as text. */
export function sequenceNumber(number: number): string {
  return `1${String(number).padStart(20, '0')}`;
}

export function recordNumber(sequence: string): number {
  return Number(sequence.slice(1));
}
