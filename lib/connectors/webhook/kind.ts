import * as z from 'zod';
import { endpointParameterSchema } from '../../core/kernel/endpoint-parameter.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Sink } from '../kind.ts';
import { checkWebhook } from './check.ts';
import {
  declaredHeadersSchema,
  headersSchema,
  hiddenValues,
  keptHeaders,
  publicHeaderProblems,
  publicHeadersSchema,
  shownHeaders,
} from './headers.ts';
import { keptOAuth2, oauth2Schema } from './oauth2.ts';
import type { WebhookReceiver, WebhookSpec } from './receiver.ts';
import { keptRoutingKey, routingKeyProblems, routingKeySchema } from './routing-key.ts';
import { sentHeaders } from './sent-headers.ts';

/** Receivers that are HTTPS endpoints: events are posted to them, signed by Standard Webhooks. */
export const webhook = {
  field: 'endpoint',
  title: 'an endpoint that is reached by HTTP',
  titles: 'endpoints that are reached by HTTP',
  fields: {
    /** Where events are posted. */
    endpoint: z.string().max(2048).optional(),
    headers: headersSchema.optional(),
    /** The names of headers whose values are shown; those of all others are hidden. */
    publicHeaders: publicHeadersSchema.optional(),
    /** The endpoint wants a token, which is fetched by client credentials. */
    oauth2: oauth2Schema.optional(),
    routingKey: routingKeySchema.optional(),
  },
  declaredFields: {
    endpoint: z.union([z.string().max(2048), endpointParameterSchema]).optional(),
    headers: declaredHeadersSchema.optional(),
    publicHeaders: publicHeadersSchema.optional(),
  },
  shownFields: {
    headers: z.record(z.string(), z.string()).optional(),
    publicHeaders: z.array(z.string()).optional(),
    oauth2: oauth2Schema.omit({ clientSecret: true }).optional(),
  },
  fieldTexts: {
    endpoint: 'The URL that events are posted to.',
    headers:
      'Headers that each delivery brings. Values are shown as `(hidden)`, which a later body may repeat to keep them, unless `publicHeaders` names the header.',
    publicHeaders: 'The names of headers whose values are shown; not those of credentials.',
    oauth2: 'The endpoint wants a token, which is fetched by client credentials.',
    routingKey:
      'The integration key of PagerDuty that events go to, with `format: "pagerduty"`. It is never shown, and kept when left out.',
  },
  deliveredBy: 'deliver',
  probedBy: 'probe',
  isSigned: true,
  isAsked: true,
  formats: ['structured', 'binary', 'slack', 'pagerduty'],
  isProbedByHead: true,
  check: checkWebhook,
  problems(spec: WebhookSpec) {
    return [...publicHeaderProblems(spec), ...routingKeyProblems(spec)];
  },
  keep(spec, existing) {
    const { endpoint, oauth2 } = spec;
    const there = atSameOrigin(endpoint, existing);
    const headers = keptHeaders(spec, there);
    return {
      ...kept(spec, endpoint, headers, keptOAuth2(oauth2, headers, there?.oauth2)),
      ...keptRoutingKey(spec, there),
    };
  },
  keepDeclared(spec, existing) {
    const endpoint = new URL(spec.endpoint).href;
    const there = atSameOrigin(endpoint, existing);
    return {
      ...kept(spec, endpoint, spec.headers, there?.oauth2),
      // A template holds no secret: until somebody sets it over the API, nothing can be sent.
      ...(spec.format === 'pagerduty' && there?.routingKey !== undefined && { routingKey: there.routingKey }),
    };
  },
  show: (receiver) => {
    const { endpoint, headers, publicHeaders, oauth2 } = receiver;
    const { clientSecret: _, ...shown } = oauth2 ?? {};
    return {
      endpoint,
      ...(headers !== undefined && { headers: shownHeaders(receiver) }),
      ...(publicHeaders !== undefined && { publicHeaders }),
      ...(oauth2 !== undefined && { oauth2: shown }),
    };
  },
  credentials: (receiver) => [
    ...hiddenValues(receiver),
    receiver.secret,
    receiver.oauth2?.clientSecret ?? '',
    receiver.routingKey ?? '',
  ],
  askHeaders: ({ headers }) => headers ?? {},
  sentHeaders,
  // The fetching of a token is included.
  sendSecondsMax: (receiver) =>
    timeoutSeconds(receiver) + (receiver.oauth2 === undefined ? 0 : bus.tokenTimeoutSeconds),
  retryPolicy: ({ retry }) => retry,
} as const satisfies Sink<WebhookSpec, WebhookReceiver>;

/** What is kept already, if events go on to the same origin: secrets that were given for one must not reach another. */
function atSameOrigin<Row extends Partial<WebhookReceiver>>(
  endpoint: string,
  existing: Row | undefined,
): Row | undefined {
  const originOf = (text = '') => (URL.canParse(text) ? new URL(text).origin : undefined);
  const origin = originOf(endpoint);
  return origin !== undefined && origin === originOf(existing?.endpoint) ? existing : undefined;
}

function kept(
  { publicHeaders }: Pick<WebhookSpec, 'publicHeaders'>,
  endpoint: string,
  headers: WebhookReceiver['headers'],
  oauth2: WebhookReceiver['oauth2'],
): Pick<WebhookReceiver, 'endpoint' | 'headers' | 'publicHeaders' | 'oauth2'> {
  return {
    endpoint,
    ...(headers !== undefined && { headers }),
    ...(publicHeaders !== undefined && { publicHeaders }),
    ...(oauth2 !== undefined && { oauth2 }),
  };
}

/** How long an endpoint may take to answer one request. */
export const timeoutSeconds = (receiver: WebhookReceiver): number =>
  receiver.timeoutSeconds ?? bus.endpointTimeoutSecondsDefault;
