import type { Delivery } from '../../core/deliver/delivery.ts';
import { takeApart } from '../../core/event/data.ts';
import { readTraceState } from '../../core/event/trace-context.ts';
import { sign } from '../../core/kernel/signature.ts';
import type { Format } from '../../core/registry/receiver.ts';
import { pagerDutyBody, slackBody } from './alert-formats.ts';

/** The POST of one attempt, as the HTTP contract fixes it. */
export interface DeliveryRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * Writes the request of an attempt: the event in the form that the receiver asks for, signed by Standard Webhooks.
 * @param traceparent of this attempt: the event's trace with a span of its own.
 */
export function writeRequest(options: {
  readonly delivery: Delivery;
  readonly attempt: number;
  readonly nowMs: number;
  readonly format: Format;
  /** Of PagerDuty. */
  readonly routingKey?: string | undefined;
  readonly keys: readonly Uint8Array[];
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly traceparent: string | undefined;
  /** What the bus calls itself, to an endpoint that agreed to get events from there. */
  readonly origin?: string | undefined;
}): DeliveryRequest {
  const { delivery, attempt, nowMs, keys, traceparent } = options;
  const timestampSeconds = Math.floor(nowMs / 1000);
  const { headers, body } = formOf(options);
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
      ...(traceparent !== undefined && { traceparent, ...traceState(delivery.tracestate) }),
    },
    body,
  };
}

/** Only beside a `traceparent`, and only as the specification has it (W3C Trace Context, section 3.3). */
function traceState(given: string | undefined): { readonly tracestate?: string } {
  const tracestate = given === undefined ? undefined : readTraceState(given);
  return tracestate === undefined ? {} : { tracestate };
}

function formOf({
  format,
  delivery: { body },
  routingKey = '',
}: Pick<Parameters<typeof writeRequest>[0], 'format' | 'delivery' | 'routingKey'>): DeliveryRequest {
  const json = { 'content-type': 'application/json' };
  if (format === 'binary') return binaryForm(body);
  if (format === 'slack') return { headers: json, body: slackBody(body) };
  if (format === 'pagerduty') return { headers: json, body: pagerDutyBody(body, routingKey) };
  return structuredForm(body);
}

function structuredForm(body: string): DeliveryRequest {
  return { headers: { 'content-type': 'application/cloudevents+json' }, body };
}

/** CloudEvents HTTP binding 1.0.2, section 3.1. */
function binaryForm(text: string): DeliveryRequest {
  const { attributes, contentType, data } = takeApart(text);
  const headers: Record<string, string> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    headers[`ce-${name}`] = encodeHeader(String(attribute));
  }
  if (contentType !== undefined) headers['content-type'] = contentType;
  return { headers, body: data ?? '' };
}

/** Everything but printable ASCII, and space, quote and percent, is escaped (HTTP binding, section 3.1.3.2). */
function encodeHeader(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));
}
