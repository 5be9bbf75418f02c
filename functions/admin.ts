import middy from '@middy/core';
import httpRouter, { type Method } from '@middy/http-router';
import { authenticate } from '../lib/app/authenticate.ts';
import { forceBreaker, getReceiverAndBreaker } from '../lib/app/breaker-by-hand.ts';
import { renewCheckSecret } from '../lib/app/check-secret.ts';
import { getDeadLetter, listDeadLetters } from '../lib/app/dead-letters.ts';
import { deliverAgain } from '../lib/app/deliver-again.ts';
import { pauseReceiver, resumeReceiver, skipEvents } from '../lib/app/flow.ts';
import { cancelEvent, reTimeEvent } from '../lib/app/recall.ts';
import { deleteReceiver, listReceivers, putReceiver } from '../lib/app/receivers.ts';
import {
  deleteRecurrence,
  getRecurrence,
  listRecurrences,
  pauseRecurrence,
  putRecurrence,
  resumeRecurrence,
} from '../lib/app/recurrences.ts';
import { getRedrive, startRedrive, stopRedrive } from '../lib/app/redrive.ts';
import { deleteRefused, getRefused, listRefused, retryRefused } from '../lib/app/refused.ts';
import { rotateSecret } from '../lib/app/secrets.ts';
import {
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  putSubscription,
} from '../lib/app/subscriptions.ts';
import { deleteTopic, getTopic, listTopics, putTopic } from '../lib/app/topics.ts';
import {
  beginTransaction,
  commitTransaction,
  getTransaction,
  rollbackTransaction,
} from '../lib/app/transaction.ts';
import { validateReceiver } from '../lib/app/validate-by-hand.ts';
import { takeCallback } from '../lib/app/validation-callback.ts';
import { why } from '../lib/app/why.ts';
import type { Principal } from '../lib/core/access.ts';
import { BusbarError } from '../lib/core/errors.ts';
import { nameSchema } from '../lib/core/registry.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import { createDeadLetterQueues } from '../lib/runtime/dead-letter-queue.ts';
import { systemHostLookup } from '../lib/runtime/host-lookup.ts';
import { createMappings } from '../lib/runtime/mappings.ts';
import { createProvision } from '../lib/runtime/provision.ts';
import { createQueues } from '../lib/runtime/queues.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { createSchedules } from '../lib/runtime/schedules.ts';
import { createSchemaChecker } from '../lib/runtime/schema.ts';
import { createBreakerStore } from '../lib/runtime/stores/breakers.ts';
import { createCheckSecretStore } from '../lib/runtime/stores/check-secrets.ts';
import { createDeadLetterStore } from '../lib/runtime/stores/dead-letters.ts';
import { createDelayedStore } from '../lib/runtime/stores/delayed.ts';
import { createDeliveryStore } from '../lib/runtime/stores/deliveries.ts';
import { createKeyStore } from '../lib/runtime/stores/keys.ts';
import { createOffloadStore } from '../lib/runtime/stores/offloads.ts';
import { createOutboxStore } from '../lib/runtime/stores/outbox.ts';
import { createRecurrenceStore } from '../lib/runtime/stores/recurrences.ts';
import { createRedriveStore } from '../lib/runtime/stores/redrives.ts';
import { createRefusedStore } from '../lib/runtime/stores/refused.ts';
import { createRegistryStore } from '../lib/runtime/stores/registry.ts';
import { createSecretStore } from '../lib/runtime/stores/secrets.ts';
import { createSightingStore } from '../lib/runtime/stores/sightings.ts';
import { createSkipStore } from '../lib/runtime/stores/skips.ts';
import { createTraceStore } from '../lib/runtime/stores/traces.ts';
import { createTransactionStore } from '../lib/runtime/stores/transactions.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { createTable } from '../lib/runtime/table.ts';
import { createPauseWatches, createProbes, createValidations } from '../lib/runtime/watches.ts';
import {
  type ApiAnswer,
  type ApiEvent,
  bodyBytes,
  jsonAnswer,
  jsonBody,
  problems,
} from './middleware/api.ts';
import { recallQuestion, whyQuestion } from './middleware/why.ts';

type Answer = (event: ApiEvent, principal: Principal) => Promise<ApiAnswer>;

/** Everything of the HTTP API but publish and invoke. */
export function create(runtime: Runtime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const keys = createKeyStore(table, runtime.clock);
  const tools = {
    clock: runtime.clock,
    random: runtime.random,
    endpoints: config.endpoints,
    endpointPorts: config.endpointPorts,
    lookup: systemHostLookup,
    http: runtime.http,
    validate: config.validate,
    validations: createValidations(runtime, config),
    origin: config.origin,
    apiUrl: config.apiUrl,
    schemas: createSchemaChecker(),
    registry: createRegistryStore(table, runtime.clock),
    provision: createProvision(runtime, config),
    mappings: createMappings(runtime, config),
    secrets: createSecretStore(table, runtime.clock),
    skips: createSkipStore(table),
    breakers: createBreakerStore(table, runtime.clock),
    probes: createProbes(runtime, config),
    pauseWatches: createPauseWatches(runtime, config),
    offloads: createOffloadStore(table, runtime.clock),
    log: runtime.log,
    deadLetters: createDeadLetterStore(table),
    deadLetterQueues: createDeadLetterQueues(runtime, config),
    redrives: createRedriveStore(table),
    queues: createQueues(runtime, config),
    schedules: createSchedules(runtime, config),
    delayed: createDelayedStore(table),
    recurrences: createRecurrenceStore(table),
    deliveries: createDeliveryStore(table),
    sightings: createSightingStore(table),
    traces: createTraceStore(createTable(runtime, { table: config.traceTable }), runtime),
    trace: config.trace,
    transactions: createTransactionStore(table),
    checkSecrets: createCheckSecretStore(table),
    refused: createRefusedStore(table),
    outbox: createOutboxStore(runtime, config),
  };

  const calls: readonly [route: string, answer: Answer][] = [
    ['GET /v1/topics', async () => ok(await listTopics(tools))],
    ['GET /v1/topics/{topic}', async (event) => ok(await getTopic(tools, name(event, 'topic')))],
    [
      'PUT /v1/topics/{topic}',
      async (event, who) => put(await putTopic(tools, who, name(event, 'topic'), jsonBody(event))),
    ],
    ['DELETE /v1/topics/{topic}', async (event, who) => gone(deleteTopic(tools, who, name(event, 'topic')))],
    ['GET /v1/schedules', async (_, who) => ok(await listRecurrences(tools, who))],
    [
      'GET /v1/schedules/{schedule}',
      async (event, who) => ok(await getRecurrence(tools, who, name(event, 'schedule'))),
    ],
    [
      'PUT /v1/schedules/{schedule}',
      async (event, who) => put(await putRecurrence(tools, who, name(event, 'schedule'), jsonBody(event))),
    ],
    [
      'DELETE /v1/schedules/{schedule}',
      async (event, who) => gone(deleteRecurrence(tools, who, name(event, 'schedule'))),
    ],
    [
      'POST /v1/schedules/{schedule}/pause',
      async (event, who) => ok(await pauseRecurrence(tools, who, name(event, 'schedule'))),
    ],
    [
      'POST /v1/schedules/{schedule}/resume',
      async (event, who) => ok(await resumeRecurrence(tools, who, name(event, 'schedule'))),
    ],
    ['GET /v1/receivers', async (_, who) => ok(await listReceivers(tools, who))],
    [
      'GET /v1/receivers/{receiver}',
      async (event, who) => ok(await getReceiverAndBreaker(tools, who, name(event, 'receiver'))),
    ],
    [
      'PUT /v1/receivers/{receiver}',
      async (event, who) =>
        put(await putReceiver(tools, who, name(event, 'receiver'), jsonBody(event), ownHosts(event))),
    ],
    [
      'DELETE /v1/receivers/{receiver}',
      async (event, who) => gone(deleteReceiver(tools, who, name(event, 'receiver'), flag(event, 'force'))),
    ],
    [
      'POST /v1/receivers/{receiver}/pause',
      async (event, who) => ok(await pauseReceiver(tools, who, name(event, 'receiver'))),
    ],
    [
      'POST /v1/receivers/{receiver}/resume',
      async (event, who) => ok(await resumeReceiver(tools, who, name(event, 'receiver'))),
    ],
    [
      'POST /v1/receivers/{receiver}/skip',
      async (event, who) => ok(await skipEvents(tools, who, name(event, 'receiver'), jsonBody(event))),
    ],
    [
      'POST /v1/receivers/{receiver}/rotate-secret',
      async (event, who) => ok(await rotateSecret(tools, who, name(event, 'receiver'), jsonBody(event))),
    ],
    [
      'POST /v1/receivers/{receiver}/validate',
      async (event, who) => ok(await validateReceiver(tools, who, name(event, 'receiver'))),
    ],
    [
      'POST /v1/receivers/{receiver}/breaker',
      async (event, who) => ok(await forceBreaker(tools, who, name(event, 'receiver'), jsonBody(event))),
    ],
    [
      'GET /v1/receivers/{receiver}/dead-letters',
      async (event, who) =>
        ok(
          await listDeadLetters(
            tools,
            who,
            name(event, 'receiver'),
            query(event, 'cause', 'limit', 'cursor'),
          ),
        ),
    ],
    [
      'GET /v1/receivers/{receiver}/dead-letters/{id}',
      async (event, who) => ok(await getDeadLetter(tools, who, name(event, 'receiver'), text(event, 'id'))),
    ],
    [
      'POST /v1/receivers/{receiver}/redrive',
      async (event, who) =>
        jsonAnswer(202, await startRedrive(tools, who, name(event, 'receiver'), jsonBody(event))),
    ],
    [
      'GET /v1/receivers/{receiver}/redrive',
      async (event, who) => ok(await getRedrive(tools, who, name(event, 'receiver'))),
    ],
    [
      'DELETE /v1/receivers/{receiver}/redrive',
      async (event, who) => ok(await stopRedrive(tools, who, name(event, 'receiver'))),
    ],
    [
      'POST /v1/events/{id}/deliveries',
      async (event, who) =>
        jsonAnswer(202, await deliverAgain(tools, who, text(event, 'id'), jsonBody(event))),
    ],
    [
      'GET /v1/topics/{topic}/subscriptions',
      async (event) => ok(await listSubscriptions(tools, name(event, 'topic'))),
    ],
    [
      'GET /v1/topics/{topic}/subscriptions/{receiver}',
      async (event) => ok(await getSubscription(tools, name(event, 'topic'), name(event, 'receiver'))),
    ],
    [
      'PUT /v1/topics/{topic}/subscriptions/{receiver}',
      async (event, who) =>
        put(
          await putSubscription(tools, who, name(event, 'topic'), name(event, 'receiver'), jsonBody(event)),
        ),
    ],
    [
      'DELETE /v1/topics/{topic}/subscriptions/{receiver}',
      async (event, who) =>
        gone(deleteSubscription(tools, who, name(event, 'topic'), name(event, 'receiver'))),
    ],
    [
      'POST /v1/transactions',
      async (event, who) =>
        jsonAnswer(201, await beginTransaction(tools, who, eventRequest(event), ownHosts(event))),
    ],
    [
      'GET /v1/transactions/{id}',
      async (event, who) => ok(await getTransaction(tools, who, text(event, 'id'))),
    ],
    [
      'POST /v1/transactions/{id}/commit',
      async (event, who) => ok(await commitTransaction(tools, who, text(event, 'id'))),
    ],
    [
      'POST /v1/transactions/{id}/rollback',
      async (event, who) => ok(await rollbackTransaction(tools, who, text(event, 'id'))),
    ],
    [
      'GET /v1/refused',
      async (event, who) => ok(await listRefused(tools, who, query(event, 'limit', 'cursor'))),
    ],
    ['GET /v1/refused/{id}', async (event, who) => ok(await getRefused(tools, who, text(event, 'id')))],
    [
      'POST /v1/refused/{id}/retry',
      async (event, who) => jsonAnswer(202, await retryRefused(tools, who, text(event, 'id'))),
    ],
    ['DELETE /v1/refused/{id}', async (event, who) => gone(deleteRefused(tools, who, text(event, 'id')))],
    ['POST /v1/check-secret', async (_, who) => ok(await renewCheckSecret(tools, who))],
    ['GET /v1/events', async (event, who) => ok(await why(tools, who, whyQuestion(event)))],
    ...['/v1/events/{id}', '/v1/events'].flatMap((path): [string, Answer][] => [
      [`DELETE ${path}`, async (event, who) => gone(cancelEvent(tools, who, recallQuestion(event)))],
      [
        `PATCH ${path}`,
        async (event, who) => ok(await reTimeEvent(tools, who, recallQuestion(event), jsonBody(event))),
      ],
    ]),
    ['GET /v1/events/{id}', async (event, who) => ok(await why(tools, who, whyQuestion(event)))],
  ];

  const routes = calls.map(([route, answer]) => {
    const [method = '', path = ''] = route.split(' ');
    const handler = async (event: ApiEvent): Promise<ApiAnswer> =>
      await answer(event, await authenticate(keys, event.headers.authorization));
    return { method: method as Method, path, handler };
  });
  /** The owner of an endpoint has no key: the token that it was sent is what it shows. By GET from a browser, too. */
  const agree = async (event: ApiEvent): Promise<ApiAnswer> => {
    const { token = '' } = query(event, 'token');
    return ok(
      await takeCallback(tools, name(event, 'receiver'), token, event.headers['webhook-allowed-rate']),
    );
  };
  const callbacks = (['GET', 'POST'] as const).map((method) => ({
    method: method as Method,
    path: '/v1/receivers/{receiver}/validation',
    handler: agree,
  }));
  const health = { method: 'GET' as Method, path: '/v1/health', handler: async () => ok({ status: 'ok' }) };

  return middy<ApiEvent, ApiAnswer>()
    .use(problems(runtime.log))
    .handler(
      httpRouter({
        routes: [health, ...callbacks, ...routes],
        notFoundResponse: ({ method, path }) => {
          throw unknownCall(method, path, [health, ...callbacks, ...routes]);
        },
      }),
    );
}

function unknownCall(
  method: string,
  path: string,
  routes: readonly { method: string; path: string }[],
): BusbarError {
  const allowed = routes.filter((route) => {
    const pattern = route.path.replace(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}$`).test(path);
  });
  if (allowed.length === 0) {
    return new BusbarError('unknown_route', `There is no ${method} ${path}. The README lists the calls.`);
  }
  const methods = allowed.map((route) => route.method).join(', ');
  return new BusbarError('method_not_allowed', `${path} takes ${methods}, not ${method}.`);
}

const ok = (document: unknown) => jsonAnswer(200, document);
const put = ({ created, document }: { created: boolean; document: unknown }) =>
  jsonAnswer(created ? 201 : 200, document);
/** The answer to a deletion, once it is done. */
const gone = async (done: Promise<void>): Promise<ApiAnswer> => {
  await done;
  return { statusCode: 204 };
};

/** A name of the path. @throws BusbarError invalid_request. */
function name(event: ApiEvent, parameter: 'topic' | 'receiver' | 'schedule'): string {
  const parsed = nameSchema.safeParse(event.pathParameters?.[parameter]);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues[0]?.message ?? 'is no name';
  throw new BusbarError('invalid_request', `${parameter} ${detail}.`, {
    fields: [{ path: parameter, detail }],
  });
}

/** A part of the path that may hold anything; the API has unescaped it, so that it cannot hold a slash. */
const text = (event: ApiEvent, parameter: string): string => event.pathParameters?.[parameter] ?? '';

/** A body whose events keep their data letter by letter. */
const eventRequest = (event: ApiEvent) => ({
  contentType: event.headers['content-type'],
  headers: event.headers,
  body: bodyBytes(event),
});

/** What a call takes in its query. @throws BusbarError invalid_request for anything else. */
function query<Name extends string>(event: ApiEvent, ...names: Name[]): Partial<Record<Name, string>> {
  const given = event.queryStringParameters ?? {};
  const unknown = Object.keys(given).find((parameter) => !names.includes(parameter as Name));
  if (unknown !== undefined) {
    throw new BusbarError('invalid_request', `${unknown} is no parameter here; ${names.join(', ')} are.`, {
      fields: [{ path: unknown, detail: 'is no parameter here' }],
    });
  }
  return given as Partial<Record<Name, string>>;
}

function flag(event: ApiEvent, parameter: string): boolean {
  const value = event.queryStringParameters?.[parameter];
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new BusbarError('invalid_request', `${parameter} is ${JSON.stringify(value)}; it is true or false.`);
}

/** How the bus itself is reached: an endpoint there would send events round in a circle. */
function ownHosts(event: ApiEvent): string[] {
  return [event.headers.host, event.requestContext.domainName].filter((host) => host !== undefined);
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
