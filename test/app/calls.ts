import { type CallName, isEvents, nameOf } from '../../lib/api/call.ts';
import { adminCalls } from '../../lib/api/calls.ts';
import { readQuery } from '../../lib/api/parameters.ts';
import * as breaker from '../../lib/app/breaker/breaker-by-hand.ts';
import * as recall from '../../lib/app/delay/recall.ts';
import * as held from '../../lib/app/hold/held.ts';
import * as hold from '../../lib/app/hold/hold.ts';
import * as topicAndHold from '../../lib/app/hold/topic-and-hold.ts';
import * as deadLetters from '../../lib/app/redrive/dead-letters.ts';
import * as again from '../../lib/app/redrive/deliver-again.ts';
import * as redrive from '../../lib/app/redrive/redrive.ts';
import * as refused from '../../lib/app/refused/refused.ts';
import * as flow from '../../lib/app/registry/flow.ts';
import * as receivers from '../../lib/app/registry/receivers.ts';
import * as secrets from '../../lib/app/registry/secrets.ts';
import * as subscriptions from '../../lib/app/registry/subscriptions.ts';
import * as topics from '../../lib/app/registry/topics.ts';
import * as recurrences from '../../lib/app/schedule/recurrences.ts';
import type { Principal } from '../../lib/core/access/access.ts';
import { parseSpec } from '../../lib/core/kernel/spec.ts';

/** Use cases as the API calls them: with a body or query that the entry of their call parses. */

type Query = Readonly<Record<string, string | undefined>>;

function entryOf(name: CallName) {
  const entry = adminCalls.find((call) => nameOf(call) === name);
  if (entry === undefined) throw new Error(`There is no call ${name}.`);
  return entry;
}

function parseBody(name: CallName, body: unknown) {
  const { body: schema } = entryOf(name);
  if (schema === undefined || isEvents(schema)) throw new Error(`${name} parses no body.`);
  return parseSpec(schema, body);
}

/** A use case whose fourth argument is a body. */
const withBody =
  <Tools, About, Rest extends readonly unknown[], Result>(
    name: CallName,
    // biome-ignore lint/suspicious/noExplicitAny: what the schema of the entry makes of the body.
    useCase: (tools: Tools, principal: Principal, about: About, spec: any, ...rest: Rest) => Promise<Result>,
  ) =>
  async (tools: Tools, principal: Principal, about: About, body: unknown, ...rest: Rest): Promise<Result> =>
    await useCase(tools, principal, about, parseBody(name, body), ...rest);

/** A use case whose last argument is a query. */
const withQuery =
  <Tools, About extends readonly unknown[], Result>(
    name: CallName,
    // biome-ignore lint/suspicious/noExplicitAny: what the parameters of the entry make of the query.
    useCase: (tools: Tools, principal: Principal, ...rest: [...About, any]) => Promise<Result>,
  ) =>
  async (tools: Tools, principal: Principal, ...rest: [...About, Query]): Promise<Result> => {
    const [query, ...about] = rest.toReversed() as [Query, ...unknown[]];
    return await useCase(
      tools,
      principal,
      ...(about.toReversed() as unknown as About),
      readQuery(entryOf(name).query ?? {}, query),
    );
  };

export const putTopic = withBody('PUT /v1/topics/{topic}', topics.putTopic);
export const patchTopic = withBody('PATCH /v1/topics/{topic}', topics.patchTopic);
export const patchReceiver = withBody('PATCH /v1/receivers/{receiver}', receivers.patchReceiver);
export const putTopicAndWatch = withBody('PUT /v1/topics/{topic}', topicAndHold.putTopicAndWatch);
export const putReceiver = withBody('PUT /v1/receivers/{receiver}', receivers.putReceiver);
export const skipEvents = withBody('POST /v1/receivers/{receiver}/skip', flow.skipEvents);
export const rotateSecret = withBody('POST /v1/receivers/{receiver}/rotate-secret', secrets.rotateSecret);
export const forceBreaker = withBody('POST /v1/receivers/{receiver}/breaker', breaker.forceBreaker);
export const putHold = withBody('PUT /v1/topics/{topic}/hold', hold.putHold);
export const startRedrive = withBody('POST /v1/receivers/{receiver}/redrive', redrive.startRedrive);
export const deliverAgain = withBody('POST /v1/events/{id}/deliveries', again.deliverAgain);
export const putRecurrence = withBody('PUT /v1/schedules/{schedule}', recurrences.putRecurrence);
export const reTimeEvent = withBody('PATCH /v1/events/{id}', recall.reTimeEvent);
export const releaseHold = withQuery('DELETE /v1/topics/{topic}/hold', hold.releaseHold);
export const listHeld = withQuery('GET /v1/topics/{topic}/held', held.listHeld);
export const listRefused = withQuery('GET /v1/refused', refused.listRefused);
export const listDeadLetters = withQuery(
  'GET /v1/receivers/{receiver}/dead-letters',
  deadLetters.listDeadLetters,
);

export const putSubscription = async (
  tools: Parameters<typeof subscriptions.putSubscription>[0],
  principal: Principal,
  topic: string,
  receiver: string,
  body: unknown,
) =>
  await subscriptions.putSubscription(
    tools,
    principal,
    topic,
    receiver,
    parseBody('PUT /v1/topics/{topic}/subscriptions/{receiver}', body) as Parameters<
      typeof subscriptions.putSubscription
    >[4],
  );
