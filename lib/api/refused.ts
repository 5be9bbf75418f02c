import {
  deleteRefused,
  getRefused,
  listRefused,
  type RefusedTools,
  retryRefused,
} from '../app/refused/refused.ts';
import { callsWith } from './call.ts';
import { page } from './parameters.ts';

const call = callsWith<RefusedTools>();

export const refusedCalls = [
  call(
    'GET /v1/refused',
    {
      summary: 'List what was refused',
      description:
        'What the bus took over (outbox, transactions) and cannot publish as it is, with its cause. A member sees its own.',
      tag: 'Refused',
      caller: 'application',
      query: page,
      responses: { 200: 'RefusedEvents' },
    },
    (tools, principal, { query }) => listRefused(tools, principal, query),
  ),
  call(
    'GET /v1/refused/{id}',
    {
      summary: 'Show a refused event',
      tag: 'Refused',
      caller: 'application',
      responses: { 200: 'RefusedEventWhole' },
      errors: ['unknown_refused'],
    },
    (tools, principal, { path }) => getRefused(tools, principal, path.id),
  ),
  call(
    'POST /v1/refused/{id}/retry',
    {
      summary: 'Try a refused event again',
      description: 'Once its cause is removed; it is listed again if it was not.',
      tag: 'Refused',
      caller: 'application',
      responses: { 202: 'Retrying' },
      errors: ['unknown_refused', 'event_too_large'],
    },
    (tools, principal, { path }) => retryRefused(tools, principal, path.id),
  ),
  call(
    'DELETE /v1/refused/{id}',
    {
      summary: 'Delete a refused event',
      tag: 'Refused',
      caller: 'application',
      responses: { 204: null },
      errors: ['unknown_refused'],
    },
    (tools, principal, { path }) => deleteRefused(tools, principal, path.id),
  ),
];
