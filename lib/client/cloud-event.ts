/**
 * A CloudEvents 1.0 event. What is not named here is an extension attribute: lower-case letters and digits,
 * with a string, number or boolean as its value.
 */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  /** JSON, a string for a text content type, or a `Uint8Array` for anything else. */
  readonly data?: Data;
  readonly [extension: string]: unknown;
}

/** An event to publish, in the short form: the client fills in `id`, `source` and `time`. */
export interface EventShorthand<Data = unknown> {
  readonly type: string;
  readonly data?: Data;
  readonly id?: string;
  readonly source?: string;
  readonly subject?: string;
  readonly time?: string | Date;
  /** Deliver this much later than the bus accepts it. */
  readonly delaySeconds?: number;
  /** Deliver at this time, and not before. */
  readonly deliverAt?: string | Date;
}

/** What `publish` and `invoke` take; an object with `specversion` is a CloudEvent, any other is shorthand. */
export type EventInput<Data = unknown> = EventShorthand<Data> | CloudEvent<Data>;

/** What the bus made of one entry of a request. */
export type EntryStatus = 'accepted' | 'duplicate' | 'scheduled' | 'held' | 'rejected';

export interface EntryResult {
  /** Position of the event in the list that was given to `publish` or `invoke`. */
  readonly index: number;
  readonly id: string;
  readonly status: EntryStatus;
  /** Why the entry was rejected, as a word for programs. */
  readonly code?: string;
  /** Why the entry was rejected, as a sentence for people. */
  readonly detail?: string;
}
