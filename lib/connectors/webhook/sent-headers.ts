import type { PastAttempt } from '../kind.ts';
import { hidden, shownHeaders } from './headers.ts';
import type { WebhookReceiver } from './receiver.ts';

/**
 * The headers of a post, as `writeRequest` wrote them: signatures, tokens and hidden values are null, and so is what
 * nobody recorded, such as the span of the attempt.
 */
export function sentHeaders(
  receiver: WebhookReceiver,
  { deliveryId, topic, attempt, atMs }: PastAttempt,
): Readonly<Record<string, string | null>> {
  const own = Object.entries(shownHeaders(receiver)).map(
    ([name, value]) => [name.toLowerCase(), value === hidden ? null : value] as const,
  );
  return {
    ...Object.fromEntries(own),
    'content-type': contentTypeOf(receiver.format),
    'user-agent': 'busbar/1',
    'webhook-id': deliveryId,
    'webhook-timestamp': String(Math.floor(atMs / 1000)),
    'webhook-signature': null,
    'busbar-attempt': String(attempt),
    ...(topic !== undefined && { 'busbar-topic': topic }),
    traceparent: null,
    ...(receiver.oauth2 !== undefined && { authorization: null }),
  };
}

/** In binary mode it is that of the data. */
function contentTypeOf(format: WebhookReceiver['format'] = 'structured'): string | null {
  if (format === 'binary') return null;
  return format === 'structured' ? 'application/cloudevents+json' : 'application/json';
}
