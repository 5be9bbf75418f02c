import * as z from 'zod';
import { endpointParameterSchema } from '../../core/kernel/endpoint-parameter.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Sink } from '../kind.ts';
import { checkWebhook } from './check.ts';
import { credentialsIn, headersSchema, hideCredentials } from './headers.ts';
import { keptOAuth2, oauth2Schema } from './oauth2.ts';
import type { WebhookReceiver, WebhookSpec } from './receiver.ts';

/** Receivers that are HTTPS endpoints: events are posted to them, signed by Standard Webhooks. */
export const webhook = {
  field: 'endpoint',
  title: 'an endpoint that is reached by HTTP',
  titles: 'endpoints that are reached by HTTP',
  fields: {
    /** Where events are posted. */
    endpoint: z.string().max(2048).optional(),
    headers: headersSchema.optional(),
    /** The endpoint wants a token, which is fetched by client credentials. */
    oauth2: oauth2Schema.optional(),
  },
  declaredFields: {
    endpoint: z.union([z.string().max(2048), endpointParameterSchema]).optional(),
    headers: headersSchema.optional(),
  },
  shownFields: {
    headers: z.record(z.string(), z.string()).optional(),
    oauth2: oauth2Schema.omit({ clientSecret: true }).optional(),
  },
  fieldTexts: {
    endpoint: 'The URL that events are posted to.',
    headers: 'Headers that each delivery brings; values of credentials are shown as `(hidden)`.',
    oauth2: 'The endpoint wants a token, which is fetched by client credentials.',
  },
  deliveredBy: 'deliver',
  probedBy: 'probe',
  isSigned: true,
  isAsked: true,
  isProbedByHead: true,
  check: checkWebhook,
  keep: ({ endpoint, headers, oauth2 }, existing) =>
    kept(endpoint, headers, keptOAuth2(oauth2, headers, existing?.oauth2)),
  keepDeclared: ({ endpoint, headers }, existing) => kept(new URL(endpoint).href, headers, existing?.oauth2),
  show: ({ endpoint, headers, oauth2 }) => {
    const { clientSecret: _, ...shown } = oauth2 ?? {};
    return {
      endpoint,
      ...(headers !== undefined && { headers: hideCredentials(headers) }),
      ...(oauth2 !== undefined && { oauth2: shown }),
    };
  },
  credentials: ({ headers, secret, oauth2 }) => [
    ...credentialsIn(headers),
    secret,
    oauth2?.clientSecret ?? '',
  ],
  askHeaders: ({ headers }) => headers ?? {},
  // The fetching of a token is included.
  sendSecondsMax: (receiver) =>
    timeoutSeconds(receiver) + (receiver.oauth2 === undefined ? 0 : bus.tokenTimeoutSeconds),
  retryPolicy: ({ retry }) => retry,
} as const satisfies Sink<WebhookSpec, WebhookReceiver>;

function kept(
  endpoint: string,
  headers: WebhookReceiver['headers'],
  oauth2: WebhookReceiver['oauth2'],
): Pick<WebhookReceiver, 'endpoint' | 'headers' | 'oauth2'> {
  return {
    endpoint,
    ...(headers !== undefined && { headers }),
    ...(oauth2 !== undefined && { oauth2 }),
  };
}

/** How long an endpoint may take to answer one request. */
export const timeoutSeconds = (receiver: WebhookReceiver): number =>
  receiver.timeoutSeconds ?? bus.endpointTimeoutSecondsDefault;
