import type { Delivery } from './delivery.ts';
import { type AttributeValue, isJsonMediaType } from './event.ts';
import { parseStrictJson } from './json.ts';
import { sign } from './signature.ts';

/** The POST of one attempt, as the HTTP contract fixes it. */
export interface DeliveryRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * Writes the request of an attempt: the event in structured or binary form, signed by Standard Webhooks.
 * @param traceparent of this attempt: the event's trace with a span of its own.
 */
export function writeRequest(options: {
  readonly delivery: Delivery;
  readonly attempt: number;
  readonly nowMs: number;
  readonly format: 'structured' | 'binary';
  readonly keys: readonly Uint8Array[];
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly traceparent: string | undefined;
  /** What the bus calls itself, to an endpoint that agreed to get events from there. */
  readonly origin?: string | undefined;
}): DeliveryRequest {
  const { delivery, attempt, nowMs, keys, traceparent } = options;
  const timestampSeconds = Math.floor(nowMs / 1000);
  const { headers, body } =
    options.format === 'binary' ? binaryForm(delivery.body) : structuredForm(delivery.body);
  return {
    headers: {
      ...options.headers,
      ...headers,
      'user-agent': 'busbar/1',
      'webhook-id': delivery.deliveryId,
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': sign(keys, delivery.deliveryId, timestampSeconds, body),
      ...(options.origin !== undefined && { 'webhook-request-origin': options.origin }),
      'busbar-attempt': String(attempt),
      ...(delivery.topic !== undefined && { 'busbar-topic': delivery.topic }),
      ...(traceparent !== undefined && { traceparent }),
    },
    body,
  };
}

function structuredForm(body: string): DeliveryRequest {
  return { headers: { 'content-type': 'application/cloudevents+json' }, body };
}

/** CloudEvents HTTP binding 1.0.2, section 3.1. Data that is JSON goes out letter by letter as it came in. */
function binaryForm(text: string): DeliveryRequest {
  const { value, members } = parseStrictJson(text);
  const { data, data_base64, datacontenttype, ...attributes } = value as Record<string, AttributeValue>;
  const headers: Record<string, string> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    headers[`ce-${name}`] = encodeHeader(String(attribute));
  }
  const contentType = typeof datacontenttype === 'string' ? datacontenttype : undefined;
  if (contentType !== undefined) headers['content-type'] = contentType;
  if (typeof data_base64 === 'string') return { headers, body: Buffer.from(data_base64, 'base64') };
  const span = members[0]?.get('data');
  if (span === undefined) return { headers, body: '' };
  if (typeof data === 'string' && !isJsonMediaType(contentType)) return { headers, body: data };
  headers['content-type'] ??= 'application/json';
  return { headers, body: text.slice(span[0], span[1]) };
}

/** Everything but printable ASCII, and space, quote and percent, is escaped (HTTP binding, section 3.1.3.2). */
function encodeHeader(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));
}
