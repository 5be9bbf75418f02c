import type { EventInput } from './cloud-event.ts';

/** The most that one request may carry. */
export const maxEntriesPerRequest = 100;
export const maxBytesPerRequest = 1_000_000;

/** One event, ready to send: the bytes stay the same from attempt to attempt. */
export interface Entry {
  /** Position in the caller's list. */
  readonly index: number;
  readonly id: string;
  /** The event with what the client filled in. */
  readonly event: EventInput;
  readonly contentType: 'application/json' | 'application/cloudevents-batch+json';
  readonly json: string;
}

/** What the client fills in where the caller left it out. */
export interface Defaults {
  readonly source: string;
  readonly id: () => string;
  /** Undefined leaves it to the bus. */
  readonly time: () => string | undefined;
}

/**
 * Fills in id, source and time, so that a second attempt of the request names the same event.
 * Throws a `TypeError` for what JSON cannot carry.
 */
export function toEntry(input: EventInput, index: number, defaults: Defaults): Entry {
  // Events of the CloudEvents SDK know best which of their properties belong to the event.
  const given: Record<string, unknown> =
    'toJSON' in input && typeof input.toJSON === 'function' ? input.toJSON() : { ...input };
  const event = { ...given, id: given.id ?? defaults.id(), source: given.source ?? defaults.source };
  const filled: Record<string, unknown> = { ...event, time: given.time ?? defaults.time() };
  const isCloudEvent = filled.specversion !== undefined;
  if (filled.data instanceof Uint8Array) {
    if (!isCloudEvent) {
      throw new TypeError(
        `The event at index ${index} has binary data: give it as a CloudEvent, with specversion and datacontenttype.`,
      );
    }
    filled.data_base64 = Buffer.from(filled.data).toString('base64');
    delete filled.data;
  }
  return {
    index,
    id: String(filled.id),
    event: { ...filled, type: input.type },
    contentType: isCloudEvent ? 'application/cloudevents-batch+json' : 'application/json',
    json: JSON.stringify(filled),
  };
}

/** Splits entries into requests: one content type each, within the limits on count and bytes. */
export function toRequests(entries: readonly Entry[]): Entry[][] {
  const requests: Entry[][] = [];
  const open = new Map<Entry['contentType'], { request: Entry[]; bytes: number }>();
  for (const entry of entries) {
    const bytes = Buffer.byteLength(entry.json) + 1;
    const current = open.get(entry.contentType);
    const fits =
      current !== undefined &&
      current.request.length < maxEntriesPerRequest &&
      current.bytes + bytes <= maxBytesPerRequest;
    if (fits) {
      current.request.push(entry);
      current.bytes += bytes;
    } else {
      const request = [entry];
      requests.push(request);
      // The brackets around the list take two bytes, and its last entry has no comma.
      open.set(entry.contentType, { request, bytes: bytes + 1 });
    }
  }
  return requests;
}
