import middy from '@middy/core';
import httpRouter, { type Method } from '@middy/http-router';
import { authenticate } from '../lib/app/access/authenticate.ts';
import { forceBreaker, getReceiverAndBreaker } from '../lib/app/breaker/breaker-by-hand.ts';
import { cancelEvent, reTimeEvent } from '../lib/app/delay/recall.ts';
import { dropHeld, getHeld, listHeld, sendHeld } from '../lib/app/hold/held.ts';
import { getHold, putHold, releaseHold } from '../lib/app/hold/hold.ts';
import {
  deleteTopicAndHeld,
  getTopicAndHold,
  listTopicsAndHolds,
  putTopicAndWatch,
} from '../lib/app/hold/topic-and-hold.ts';
import { getDeadLetter, listDeadLetters } from '../lib/app/redrive/dead-letters.ts';
import { deliverAgain } from '../lib/app/redrive/deliver-again.ts';
import { getRedrive, startRedrive, stopRedrive } from '../lib/app/redrive/redrive.ts';
import { pauseReceiver, resumeReceiver, skipEvents } from '../lib/app/registry/flow.ts';
import { deleteReceiver, listReceivers, putReceiver } from '../lib/app/registry/receivers.ts';
import { rotateSecret } from '../lib/app/registry/secrets.ts';
import {
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  putSubscription,
} from '../lib/app/registry/subscriptions.ts';
import { validateReceiver } from '../lib/app/registry/validate-by-hand.ts';
import { takeCallback } from '../lib/app/registry/validation-callback.ts';
import { deleteRefused, getRefused, listRefused, retryRefused } from '../lib/app/relay/refused.ts';
import {
  deleteRecurrence,
  getRecurrence,
  listRecurrences,
  pauseRecurrence,
  putRecurrence,
  resumeRecurrence,
} from '../lib/app/schedule/recurrences.ts';
import { renewCheckSecret } from '../lib/app/transaction/check-secret.ts';
import {
  beginTransaction,
  commitTransaction,
  getTransaction,
  rollbackTransaction,
} from '../lib/app/transaction/transaction.ts';
import { why } from '../lib/app/why/why.ts';
import type { Principal } from '../lib/core/access/access.ts';
import type { KnownCall } from '../lib/core/openapi/calls.ts';
import { openApiDocument } from '../lib/core/openapi/document.ts';
import { open } from '../lib/runtime/open.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { administering } from '../lib/runtime/tools.ts';
import {
  type ApiAnswer,
  type ApiEvent,
  eventRequest,
  flag,
  gone,
  jsonAnswer,
  jsonBody,
  name,
  ok,
  ownHosts,
  problems,
  put,
  query,
  text,
} from './middleware/api.ts';
import { unknownCall } from './middleware/unknown-call.ts';
import { recallQuestion, whyQuestion } from './middleware/why.ts';

type Answer = (event: ApiEvent, principal: Principal) => Promise<ApiAnswer>;

/** Everything of the HTTP API but publish and invoke. */
export function create(runtime: Runtime) {
  const tools = open(runtime, administering);

  const calls: readonly [route: KnownCall, answer: Answer][] = [
    ['GET /v1/topics', async () => ok(await listTopicsAndHolds(tools))],
    ['GET /v1/topics/{topic}', async (event) => ok(await getTopicAndHold(tools, name(event, 'topic')))],
    [
      'PUT /v1/topics/{topic}',
      async (event, who) => put(await putTopicAndWatch(tools, who, name(event, 'topic'), jsonBody(event))),
    ],
    [
      'DELETE /v1/topics/{topic}',
      async (event, who) => gone(deleteTopicAndHeld(tools, who, name(event, 'topic'), flag(event, 'force'))),
    ],
    [
      'PUT /v1/topics/{topic}/hold',
      async (event, who) => ok(await putHold(tools, who, name(event, 'topic'), jsonBody(event))),
    ],
    [
      'GET /v1/topics/{topic}/hold',
      async (event, who) => ok(await getHold(tools, who, name(event, 'topic'))),
    ],
    [
      'DELETE /v1/topics/{topic}/hold',
      async (event, who) =>
        jsonAnswer(202, await releaseHold(tools, who, name(event, 'topic'), query(event, 'perSecond'))),
    ],
    [
      'GET /v1/topics/{topic}/held',
      async (event, who) =>
        ok(await listHeld(tools, who, name(event, 'topic'), query(event, 'limit', 'cursor'))),
    ],
    [
      'GET /v1/topics/{topic}/held/{id}',
      async (event, who) => ok(await getHeld(tools, who, name(event, 'topic'), text(event, 'id'))),
    ],
    [
      'POST /v1/topics/{topic}/held/{id}/send',
      async (event, who) =>
        jsonAnswer(202, await sendHeld(tools, who, name(event, 'topic'), text(event, 'id'))),
    ],
    [
      'DELETE /v1/topics/{topic}/held/{id}',
      async (event, who) => gone(dropHeld(tools, who, name(event, 'topic'), text(event, 'id'))),
    ],
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
    ...(['/v1/events/{id}', '/v1/events'] as const).flatMap((path): [KnownCall, Answer][] => [
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
      await answer(event, await authenticate(tools.keys, event.headers.authorization));
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
  // Without a key: it tells what anybody can read in the repository, and nothing of what this bus holds. Made when it is
  // asked for, because it takes a tenth of a second that no other call should wait for.
  let document: ReturnType<typeof openApiDocument> | undefined;
  const openApi = {
    method: 'GET' as Method,
    path: '/v1/openapi.json',
    handler: async () => {
      document ??= openApiDocument();
      return ok(document);
    },
  };

  return middy<ApiEvent, ApiAnswer>()
    .use(problems(runtime.log))
    .handler(
      httpRouter({
        routes: [health, openApi, ...callbacks, ...routes],
        notFoundResponse: ({ method, path }) => {
          throw unknownCall(method, path);
        },
      }),
    );
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
