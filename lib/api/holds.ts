import { dropHeld, getHeld, type HeldTools, listHeld, sendHeld } from '../app/hold/held.ts';
import { getHold, putHold, releaseHold } from '../app/hold/hold.ts';
import { holdSchema } from '../core/hold/hold.ts';
import { callsWith } from './call.ts';
import { page, releaseRate } from './parameters.ts';

const call = callsWith<HeldTools>();

export const holdCalls = [
  call(
    'PUT /v1/topics/{topic}/hold',
    {
      summary: 'Put a topic on hold, or stop its release',
      description: 'A topic on hold stores its events instead of routing them.',
      tag: 'Hold',
      caller: 'owner',
      body: holdSchema,
      responses: { 200: 'Hold' },
      errors: ['unknown_topic', 'conflict'],
      example: { reason: 'The warehouse is being moved' },
    },
    (tools, principal, { path, body }) => putHold(tools, principal, path.topic, body),
  ),
  call(
    'GET /v1/topics/{topic}/hold',
    {
      summary: 'Show the hold of a topic',
      description:
        '`state` is `holding`, `releasing` or `released`; with how many events are `held` and `released`, since when and by whom.',
      tag: 'Hold',
      caller: 'owner',
      responses: { 200: 'Hold' },
      errors: ['unknown_topic', 'unknown_hold'],
    },
    (tools, principal, { path }) => getHold(tools, principal, path.topic),
  ),
  call(
    'DELETE /v1/topics/{topic}/hold',
    {
      summary: 'Release a topic',
      description: 'Its events go in their order.',
      tag: 'Hold',
      caller: 'owner',
      query: {
        perSecond: releaseRate('At most so many events a second; as fast as the bus takes when left out.'),
      },
      responses: { 202: 'Hold' },
      errors: ['unknown_topic', 'unknown_hold'],
    },
    (tools, principal, { path, query }) => releaseHold(tools, principal, path.topic, query),
  ),
  call(
    'GET /v1/topics/{topic}/held',
    {
      summary: 'List the held events of a topic',
      tag: 'Hold',
      caller: 'owner',
      query: page,
      responses: { 200: 'HeldEvents' },
      errors: ['unknown_topic', 'unknown_hold'],
    },
    (tools, principal, { path, query }) => listHeld(tools, principal, path.topic, query),
  ),
  call(
    'GET /v1/topics/{topic}/held/{id}',
    {
      summary: 'Show a held event',
      tag: 'Hold',
      caller: 'owner',
      responses: { 200: 'HeldEventWhole' },
      errors: ['unknown_topic', 'unknown_hold', 'unknown_held_event'],
    },
    (tools, principal, { path }) => getHeld(tools, principal, path.topic, path.id),
  ),
  call(
    'POST /v1/topics/{topic}/held/{id}/send',
    {
      summary: 'Send a held event now',
      tag: 'Hold',
      caller: 'owner',
      responses: { 202: 'HeldEvent' },
      errors: [
        'unknown_topic',
        'unknown_hold',
        'unknown_held_event',
        'releasing',
        'target_replaced',
        'dropped',
        'schema_mismatch',
      ],
    },
    (tools, principal, { path }) => sendHeld(tools, principal, path.topic, path.id),
  ),
  call(
    'DELETE /v1/topics/{topic}/held/{id}',
    {
      summary: 'Drop a held event',
      tag: 'Hold',
      caller: 'owner',
      responses: { 204: null },
      errors: ['unknown_topic', 'unknown_hold', 'unknown_held_event', 'releasing'],
    },
    (tools, principal, { path }) => dropHeld(tools, principal, path.topic, path.id),
  ),
];
