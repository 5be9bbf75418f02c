import { type DeadLetterTools, getDeadLetter, listDeadLetters } from '../app/redrive/dead-letters.ts';
import { getRedrive, type RedriveTools, startRedrive, stopRedrive } from '../app/redrive/redrive.ts';
import { redriveSchema } from '../core/redrive/redrive.ts';
import { callsWith } from './call.ts';
import { page, text } from './parameters.ts';

const call = callsWith<DeadLetterTools & RedriveTools>();

export const deadLetterCalls = [
  call(
    'GET /v1/receivers/{receiver}/dead-letters',
    {
      summary: 'List the dead letters of a receiver by cause',
      description: 'What could not be delivered: `{waiting, clusters, deadLetters, cursor?}`.',
      tag: 'Dead letters',
      caller: 'owner',
      query: { cause: text('Of this cause alone.'), ...page },
      responses: { 200: 'DeadLetters' },
      errors: ['unknown_receiver'],
    },
    (tools, principal, { path, query }) => listDeadLetters(tools, principal, path.receiver, query),
  ),
  call(
    'GET /v1/receivers/{receiver}/dead-letters/{id}',
    {
      summary: 'Show a dead letter',
      description: 'With its event.',
      tag: 'Dead letters',
      caller: 'owner',
      responses: { 200: 'DeadLetterWhole' },
      errors: ['unknown_receiver', 'unknown_dead_letter'],
    },
    (tools, principal, { path }) => getDeadLetter(tools, principal, path.receiver, path.id),
  ),
  call(
    'POST /v1/receivers/{receiver}/redrive',
    {
      summary: 'Redrive dead letters to their receiver',
      description: 'One goes ahead of the rest.',
      tag: 'Dead letters',
      caller: 'owner',
      body: redriveSchema,
      responses: { 202: 'Redrive' },
      errors: ['unknown_receiver', 'not_active', 'redrive_running'],
      example: { cause: 'http-503', perSecond: 10 },
    },
    (tools, principal, { path, body }) => startRedrive(tools, principal, path.receiver, body),
  ),
  call(
    'GET /v1/receivers/{receiver}/redrive',
    {
      summary: 'Show the redrive of a receiver',
      description: 'Its `state`, and `sent` of `total`.',
      tag: 'Dead letters',
      caller: 'owner',
      responses: { 200: 'Redrive' },
      errors: ['unknown_receiver', 'unknown_redrive'],
    },
    (tools, principal, { path }) => getRedrive(tools, principal, path.receiver),
  ),
  call(
    'DELETE /v1/receivers/{receiver}/redrive',
    {
      summary: 'Stop the redrive of a receiver',
      description: 'What is sent is sent; the rest stays.',
      tag: 'Dead letters',
      caller: 'owner',
      responses: { 200: 'Redrive' },
      errors: ['unknown_receiver', 'unknown_redrive'],
    },
    (tools, principal, { path }) => stopRedrive(tools, principal, path.receiver),
  ),
];
