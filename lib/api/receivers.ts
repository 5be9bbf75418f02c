import type { BreakerTools } from '../app/breaker/breaker.ts';
import { forceBreaker, getReceiverAndBreaker } from '../app/breaker/breaker-by-hand.ts';
import { type FlowTools, pauseReceiver, resumeReceiver, skipEvents } from '../app/registry/flow.ts';
import { listReceivers } from '../app/registry/list-receivers.ts';
import {
  type DeleteTools,
  deleteReceiver,
  patchReceiver,
  putReceiver,
  type ReceiverTools,
} from '../app/registry/receivers.ts';
import { rotateSecret } from '../app/registry/secrets.ts';
import { validateReceiver } from '../app/registry/validate-by-hand.ts';
import { takeCallback } from '../app/registry/validation-callback.ts';
import { sinks } from '../connectors/index.ts';
import { forceBreakerSchema } from '../core/breaker/breaker.ts';
import { skipSchema } from '../core/registry/flow.ts';
import { rotateSecretSchema } from '../core/registry/secret.ts';
import type { Parts } from '../runtime/tools.ts';
import { type Call, callsWith, type Description } from './call.ts';
import { choice, flag, namedPage, type Parameter, text } from './parameters.ts';

type Tools = ReceiverTools & DeleteTools & FlowTools & BreakerTools & Parts<'attention'>;
const call = callsWith<Tools>();

/** Its value is checked by the use case, as the same header in a response of an endpoint is. */
const allowedRate: Parameter<string | undefined> = {
  ...text('How many requests a minute the endpoint allows; `*` for any number.'),
  schema: { type: 'string', pattern: String.raw`^(\*|0*[1-9]\d{0,8})$` },
};

/** The owner of an endpoint has no key: the token that was sent to it is the proof. By GET from a browser, too. */
const agreement = {
  tag: 'Receivers',
  caller: 'anyone',
  changes: true,
  query: { token: text('As it stood in the URL of the request for agreement.') },
  headers: { 'webhook-allowed-rate': allowedRate },
  responses: { 200: 'Agreement' },
  errors: ['unknown_validation'],
} as const satisfies Partial<Description>;

export const receiverCalls: Call<Tools>[] = [
  call(
    'GET /v1/receivers',
    {
      summary: 'List the receivers',
      description: 'A member sees its own. By `state` they come in the order of their owners.',
      tag: 'Receivers',
      caller: 'application',
      query: {
        state: choice('Only those that are paused by hand, or disabled because their endpoint is gone.', [
          'paused',
          'disabled',
        ]),
        ...namedPage,
      },
      responses: { 200: 'Receivers' },
    },
    (tools, principal, { query }) => listReceivers(tools, principal, query),
  ),
  call(
    'GET /v1/receivers/{receiver}',
    {
      summary: 'Show a receiver with its breaker, hot types and latest redrive',
      tag: 'Receivers',
      caller: 'owner',
      responses: { 200: 'ReceiverWhole' },
      errors: ['unknown_receiver'],
    },
    (tools, principal, { path }) => getReceiverAndBreaker(tools, principal, path.receiver),
  ),
  call(
    'PUT /v1/receivers/{receiver}',
    {
      summary: 'Make a receiver, or replace its settings',
      description: 'What is left out has its default; a secret is kept. A new secret is shown once.',
      tag: 'Receivers',
      caller: 'owner',
      body: sinks.receiverSchema,
      responses: { 200: 'ReceiverAndSecret', 201: 'ReceiverAndSecret' },
      errors: ['unknown_application', 'conflict'],
      example: {
        endpoint: 'https://billing.example.com/events',
        format: 'binary',
        timeoutSeconds: 10,
        retry: {
          delaysSeconds: [5, 30, 120],
          types: { 'order.placed': { delaysSeconds: [1, 5, 30, 120, 600] } },
          businessFailures: 'dead-letter',
        },
        breaker: { probe: 'head', failureRate: 0.5, windowSeconds: 300, minimumAttempts: 10 },
        limits: { concurrency: 20, perSecond: 50, perType: 10 },
        headers: { 'x-tenant': 'acme', 'x-api-key': 'k3y-of-acme' },
        publicHeaders: ['x-tenant'],
      },
    },
    (tools, principal, { path, body, ownHosts }) =>
      putReceiver(tools, principal, path.receiver, body, ownHosts),
  ),
  call(
    'PATCH /v1/receivers/{receiver}',
    {
      summary: 'Change some settings of a receiver',
      description:
        'A merge patch (RFC 7396): `null` removes a field. Secrets and hidden header values stay, unless the endpoint moves to another origin.',
      tag: 'Receivers',
      caller: 'owner',
      body: sinks.receiverPatchSchema,
      responses: { 200: 'ReceiverAndSecret' },
      errors: ['unknown_receiver', 'unknown_application', 'conflict'],
      example: { limits: { perSecond: 100 }, timeoutSeconds: null },
    },
    (tools, principal, { path, body, ownHosts }) =>
      patchReceiver(tools, principal, path.receiver, body, ownHosts),
  ),
  call(
    'DELETE /v1/receivers/{receiver}',
    {
      summary: 'Delete a receiver with its queues and subscriptions',
      description: 'Rejected while its queues contain events; `force` deletes those too.',
      tag: 'Receivers',
      caller: 'owner',
      query: { force: flag('Also when accepted events are lost by it.') },
      responses: { 204: null },
      errors: ['unknown_receiver', 'declared', 'in_use', 'conflict'],
    },
    (tools, principal, { path, query }) => deleteReceiver(tools, principal, path.receiver, query.force),
  ),
  call(
    'POST /v1/receivers/{receiver}/pause',
    {
      summary: 'Pause a receiver',
      description: 'Its events wait.',
      tag: 'Receivers',
      caller: 'owner',
      responses: { 200: 'Receiver' },
      errors: ['unknown_receiver', 'conflict'],
    },
    (tools, principal, { path }) => pauseReceiver(tools, principal, path.receiver),
  ),
  call(
    'POST /v1/receivers/{receiver}/resume',
    {
      summary: 'Resume a receiver',
      tag: 'Receivers',
      caller: 'owner',
      responses: { 200: 'Receiver' },
      errors: ['unknown_receiver', 'conflict'],
    },
    (tools, principal, { path }) => resumeReceiver(tools, principal, path.receiver),
  ),
  call(
    'POST /v1/receivers/{receiver}/skip',
    {
      summary: 'Drop what waits for a receiver since before a time',
      description: '`GET` of the receiver shows how much was dropped.',
      tag: 'Receivers',
      caller: 'owner',
      body: skipSchema,
      responses: { 200: 'Receiver' },
      errors: ['unknown_receiver', 'conflict'],
      example: { before: '2026-01-31T12:00:00Z' },
    },
    (tools, principal, { path, body }) => skipEvents(tools, principal, path.receiver, body),
  ),
  call(
    'POST /v1/receivers/{receiver}/rotate-secret',
    {
      summary: 'Give a receiver another secret',
      description:
        'It is shown once. For the overlap (24 h), deliveries are also signed with the earlier one.',
      tag: 'Receivers',
      caller: 'owner',
      body: rotateSecretSchema,
      responses: { 200: 'ReceiverAndSecret' },
      errors: ['unknown_receiver', 'conflict'],
      example: { overlapSeconds: 3600 },
    },
    (tools, principal, { path, body }) => rotateSecret(tools, principal, path.receiver, body),
  ),
  call(
    'POST /v1/receivers/{receiver}/validate',
    {
      summary: 'Ask an endpoint again for its agreement',
      description: 'For `validate: "handshake"`; the response contains `validation`.',
      tag: 'Receivers',
      caller: 'owner',
      responses: { 200: 'Receiver' },
      errors: ['unknown_receiver', 'conflict'],
    },
    (tools, principal, { path }) => validateReceiver(tools, principal, path.receiver),
  ),
  call(
    'GET /v1/receivers/{receiver}/validation',
    {
      ...agreement,
      summary: 'Agree to get events, by a browser',
      description:
        'The URL of `WebHook-Request-Callback`, which the owner of an endpoint opens without a key.',
    },
    agree,
  ),
  call(
    'POST /v1/receivers/{receiver}/validation',
    {
      ...agreement,
      summary: 'Agree to get events',
      description: 'The same by a program, optionally with a `WebHook-Allowed-Rate` header.',
    },
    agree,
  ),
  call(
    'POST /v1/receivers/{receiver}/breaker',
    {
      summary: 'Force the breaker of a receiver, or give it back',
      description: '`state`: `open`, `closed` or `auto`.',
      tag: 'Receivers',
      caller: 'owner',
      body: forceBreakerSchema,
      responses: { 200: 'Breaker' },
      errors: ['unknown_receiver'],
      example: { state: 'auto' },
    },
    (tools, principal, { path, body }) => forceBreaker(tools, principal, path.receiver, body),
  ),
];

function agree(
  tools: Tools,
  _: undefined,
  input: {
    readonly path: { readonly receiver: string };
    readonly query: { readonly token: string | undefined };
    readonly headers: { readonly 'webhook-allowed-rate': string | undefined };
  },
) {
  const { path, query, headers } = input;
  return takeCallback(tools, path.receiver, query.token ?? '', headers['webhook-allowed-rate']);
}
