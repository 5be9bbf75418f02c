/**
 * A CloudEvents 1.0 event. Any other property is an extension attribute: its name has lower-case letters and digits,
 * its value is a string, number or boolean.
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
  /**
   * JSON; a string if the content type is text, and a `Uint8Array` if it is anything else. To publish numbers that
   * JavaScript would round, pass a bigint inside, or the whole as a `JsonText`.
   */
  readonly data?: Data;
  readonly [extension: string]: unknown;
}

/** An event to publish, in shorthand. The client fills in `id`, `source` and `time`. */
export interface EventShorthand<Data = unknown> {
  readonly type: string;
  readonly data?: Data;
  readonly id?: string;
  readonly source?: string;
  readonly subject?: string;
  readonly time?: string | Date;
  /** Deliver this long after the bus accepts it. */
  readonly delaySeconds?: number;
  /** Deliver at this time and not earlier. */
  readonly deliverAt?: string | Date;
}

/** An event to publish. An object with `specversion` is a CloudEvent, any other is shorthand. */
export type EventInput<Data = unknown> = EventShorthand<Data> | CloudEvent<Data>;

/** The result of publishing one event. */
export type EntryStatus = 'accepted' | 'duplicate' | 'scheduled' | 'held' | 'rejected';

export interface EntryResult {
  /** Position of the event in the list passed to `publish` or `invoke`. */
  readonly index: number;
  readonly id: string;
  readonly status: EntryStatus;
  /** Why the event was rejected, as an identifier for programs. */
  readonly code?: string;
  /** Why the event was rejected, as a sentence for people. */
  readonly detail?: string;
}
