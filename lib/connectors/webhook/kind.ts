import { bus } from '../../core/kernel/limits.ts';
import type { Sink } from '../kind.ts';
import type { WebhookReceiver } from './receiver.ts';

/** Receivers that are HTTPS endpoints: events are posted to them, signed by Standard Webhooks. */
export const webhook: Sink<WebhookReceiver> = {
  field: 'endpoint',
  deliveredBy: 'deliver',
  probedBy: 'probe',
  // The fetching of a token is included.
  sendSecondsMax: (receiver) =>
    timeoutSeconds(receiver) + (receiver.oauth2 === undefined ? 0 : bus.tokenTimeoutSeconds),
  retryPolicy: ({ retry }) => retry,
};

/** How long an endpoint may take to answer one request. */
export const timeoutSeconds = (receiver: WebhookReceiver): number =>
  receiver.timeoutSeconds ?? bus.endpointTimeoutSecondsDefault;
