import { cancelEvent, type RecallTools, reTimeEvent } from '../app/delay/recall.ts';
import type { DeadLetterTools } from '../app/redrive/dead-letters.ts';
import { deliverAgain } from '../app/redrive/deliver-again.ts';
import type { RedriveTools } from '../app/redrive/redrive.ts';
import { listWaiting, type WaitingTools } from '../app/waiting/waiting.ts';
import { type WhyTools, why } from '../app/why/why.ts';
import { reTimeSchema } from '../core/delay/delayed.ts';
import { invalidField } from '../core/kernel/errors.ts';
import { deliverAgainSchema } from '../core/redrive/redrive.ts';
import { waitingStates } from '../core/waiting/waiting.ts';
import type { Why } from '../core/why/why.ts';
import { callsWith } from './call.ts';
import { choice, named, page, required, text, time } from './parameters.ts';

const call = callsWith<WhyTools & RecallTools & RedriveTools & DeadLetterTools & WaitingTools>();

/**
 * Calls about one event are there twice. An HTTP API decodes the path, where a `%2F` would separate segments: an id with
 * slashes is given in the query.
 */
const id = required(
  'The id of the event, which may have slashes here.',
  'is missing. Give it as /v1/events/{id}, or as /v1/events?id= when it has slashes',
);
const source = text('Of which source, where several events have the id.');
const asked = {
  source,
  since: time('Traces before are not searched. RFC 3339.'),
  until: time(
    'Traces from then on are not searched: `searched.since` of an answer that is not complete goes on there.',
  ),
} as const;
const meant = {
  source,
  topic: named('The topic it was published to.'),
  receiver: named('The receiver it was invoked for.'),
} as const;
const explaining =
  'Every event of that id: to who published it, its state at each receiver; and for each receiver that you own whether it matched or which key and condition of its filter refused, lane, state, each attempt (time, status, latency, error, first KB of the response) and the time of the next attempt. At your own receivers each attempt has the headers of its request, by the settings of now, and null where a value is hidden or was not recorded. `nextAttemptAt` is the earliest time of the next attempt, and `waitsFor` says what that waits for.';
const recallErrors = ['unknown_event', 'ambiguous_event', 'event_left'] as const;

export const eventCalls = [
  call(
    'GET /v1/events',
    {
      summary: 'List the events that wait, or tell why those of an id went where they went',
      description:
        'Without `id`: what is delayed, held, or in an open transaction for the topics and receivers that you own; with `topic`, `receiver` or `state`, a part of it. With `id`, which may have slashes here: why.',
      tag: 'Events',
      caller: 'application',
      query: {
        id: text('The id of an event, which may have slashes here.'),
        ...asked,
        topic: meant.topic,
        receiver: meant.receiver,
        state: choice('Why it waits.', waitingStates),
        ...page,
      },
      responses: { 200: 'WhyOrWaiting' },
      errors: ['unknown_event', 'unknown_topic', 'unknown_receiver'],
    },
    async (
      tools,
      principal,
      { query: { id: wanted, since, until, source: of, ...list } },
    ): Promise<Why | Awaited<ReturnType<typeof listWaiting>>> => {
      if (wanted === undefined) return await listWaiting(tools, principal, list);
      if (wanted === '') throw invalidField('id', 'is empty. Give an id, or leave it out to list what waits');
      return await why(tools, principal, { id: wanted, source: of, sinceMs: since, untilMs: until });
    },
  ),
  call(
    'DELETE /v1/events',
    {
      summary: 'Cancel the delayed event of an id',
      description: 'For an id with slashes.',
      tag: 'Events',
      caller: 'owner',
      query: { id, ...meant },
      responses: { 204: null },
      errors: recallErrors,
    },
    (tools, principal, { query }) => cancelEvent(tools, principal, query),
  ),
  call(
    'PATCH /v1/events',
    {
      summary: 'Give the delayed event of an id another time',
      description: 'For an id with slashes.',
      tag: 'Events',
      caller: 'owner',
      query: { id, ...meant },
      body: reTimeSchema,
      responses: { 200: 'DelayedEvent' },
      errors: [...recallErrors, 'event_cancelled'],
      example: { deliverAt: '2027-01-31T12:00:00Z' },
    },
    (tools, principal, { query, body }) => reTimeEvent(tools, principal, query, body),
  ),
  call(
    'DELETE /v1/events/{id}',
    {
      summary: 'Cancel a delayed event',
      description: 'Until it leaves: `409` then.',
      tag: 'Events',
      caller: 'owner',
      query: meant,
      responses: { 204: null },
      errors: recallErrors,
    },
    (tools, principal, { path, query }) => cancelEvent(tools, principal, { ...query, id: path.id }),
  ),
  call(
    'PATCH /v1/events/{id}',
    {
      summary: 'Give a delayed event another time',
      description: 'Until it leaves: `409` then.',
      tag: 'Events',
      caller: 'owner',
      query: meant,
      body: reTimeSchema,
      responses: { 200: 'DelayedEvent' },
      errors: [...recallErrors, 'event_cancelled'],
      example: { delaySeconds: 3600 },
    },
    (tools, principal, { path, query, body }) =>
      reTimeEvent(tools, principal, { ...query, id: path.id }, body),
  ),
  call(
    'GET /v1/events/{id}',
    {
      summary: 'Tell why an event went where it went',
      description: explaining,
      tag: 'Events',
      caller: 'application',
      query: asked,
      responses: { 200: 'Why' },
      errors: ['unknown_event'],
    },
    (tools, principal, { path, query: { since, until, ...event } }) =>
      why(tools, principal, { ...event, id: path.id, sinceMs: since, untilMs: until }),
  ),
  call(
    'POST /v1/events/{id}/deliveries',
    {
      summary: 'Deliver an event again by hand',
      description: 'While it is a dead letter of the receiver.',
      tag: 'Events',
      caller: 'owner',
      body: deliverAgainSchema,
      responses: { 202: 'DeliveredAgain' },
      errors: ['unknown_receiver', 'event_not_kept', 'not_active', 'redrive_running'],
      example: { receiver: 'billing' },
    },
    (tools, principal, { path, body }) => deliverAgain(tools, principal, path.id, body),
  ),
];
