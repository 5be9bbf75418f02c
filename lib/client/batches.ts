import type { EventInput } from './cloud-event.ts';
import { JsonText, writeJson } from './json-text.ts';

/** The bus's limits on one request. */
export const maxEntriesPerRequest = 100;
export const maxBytesPerRequest = 1_000_000;

/** One event, ready to send. Its bytes are the same in every attempt. */
export interface Entry {
  /** Position in the caller's list. */
  readonly index: number;
  readonly id: string;
  /** The event, including the fields that the client filled in. */
  readonly event: EventInput;
  readonly contentType: 'application/json' | 'application/cloudevents-batch+json';
  readonly json: string;
}

/** What the client fills in if the caller leaves it out. */
export interface Defaults {
  readonly source: string;
  readonly id: () => string;
  /** Undefined if the bus is to set the time. */
  readonly time: () => string | undefined;
}

/**
 * Fills in id, source and time, so that every attempt sends the same event.
 * @throws TypeError when JSON cannot represent the event.
 */
export function toEntry(input: EventInput, index: number, defaults: Defaults): Entry {
  // An event of the CloudEvents SDK knows which of its properties belong to the event.
  const given: Record<string, unknown> =
    'toJSON' in input && typeof input.toJSON === 'function' ? input.toJSON() : { ...input };
  const event = { ...given, id: given.id ?? defaults.id(), source: given.source ?? defaults.source };
  const filled: Record<string, unknown> = { ...event, time: given.time ?? defaults.time() };
  const isCloudEvent = filled.specversion !== undefined;
  if (filled.data instanceof Uint8Array) {
    if (!isCloudEvent) {
      throw new TypeError(
        `The event at index ${index} has binary data. Publish it as a CloudEvent, with specversion and datacontenttype.`,
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
    json: filled.data instanceof JsonText ? withData(filled, filled.data) : writeJson(filled),
  };
}

/** The text of the data in its place, untouched. */
function withData({ data: _, ...others }: Record<string, unknown>, { text }: JsonText): string {
  return `${writeJson(others).slice(0, -1)},"data":${text}}`;
}

/** Splits entries into requests within the limits on count and bytes. Each request has one content type. */
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
      // The brackets of the list add two bytes, and the last entry has no comma.
      open.set(entry.contentType, { request, bytes: bytes + 1 });
    }
  }
  return requests;
}
