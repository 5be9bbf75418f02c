import {
  deleteRecurrence,
  getRecurrence,
  listRecurrences,
  pauseRecurrence,
  putRecurrence,
  type RecurrenceTools,
  resumeRecurrence,
} from '../app/schedule/recurrences.ts';
import { recurrenceSchema } from '../core/schedule/recurrence.ts';
import { callsWith } from './call.ts';
import { page } from './parameters.ts';

const call = callsWith<RecurrenceTools>();

export const scheduleCalls = [
  call(
    'GET /v1/schedules',
    {
      summary: 'List the schedules',
      description: 'Without their events. A member sees its own.',
      tag: 'Schedules',
      caller: 'application',
      query: page,
      responses: { 200: 'Schedules' },
    },
    (tools, principal, { query }) => listRecurrences(tools, principal, query),
  ),
  call(
    'GET /v1/schedules/{schedule}',
    {
      summary: 'Show a schedule with its next times',
      tag: 'Schedules',
      caller: 'owner',
      responses: { 200: 'Schedule' },
      errors: ['unknown_schedule'],
    },
    (tools, principal, { path }) => getRecurrence(tools, principal, path.schedule),
  ),
  call(
    'PUT /v1/schedules/{schedule}',
    {
      summary: 'Make or change a schedule',
      description: 'An event again and again.',
      tag: 'Schedules',
      caller: 'owner',
      body: recurrenceSchema,
      verbatim: 'event.data',
      responses: { 200: 'Schedule', 201: 'Schedule' },
      errors: [
        'invalid_event',
        'source_reserved',
        'event_too_large',
        'schema_mismatch',
        'unknown_topic',
        'unknown_receiver',
        'unknown_application',
        'conflict',
      ],
      example: {
        topic: 'orders',
        cron: '30 8 * * 1-5',
        timezone: 'Europe/Berlin',
        misfire: 'skip',
        event: { type: 'orders.due', data: { orderId: 'all' } },
      },
    },
    (tools, principal, { path, body }) => putRecurrence(tools, principal, path.schedule, body),
  ),
  call(
    'DELETE /v1/schedules/{schedule}',
    {
      summary: 'Delete a schedule',
      tag: 'Schedules',
      caller: 'owner',
      responses: { 204: null },
      errors: ['unknown_schedule'],
    },
    (tools, principal, { path }) => deleteRecurrence(tools, principal, path.schedule),
  ),
  call(
    'POST /v1/schedules/{schedule}/pause',
    {
      summary: 'Pause a schedule',
      tag: 'Schedules',
      caller: 'owner',
      responses: { 200: 'Schedule' },
      errors: ['unknown_schedule', 'conflict'],
    },
    (tools, principal, { path }) => pauseRecurrence(tools, principal, path.schedule),
  ),
  call(
    'POST /v1/schedules/{schedule}/resume',
    {
      summary: 'Resume a schedule',
      tag: 'Schedules',
      caller: 'owner',
      responses: { 200: 'Schedule' },
      errors: ['unknown_schedule', 'conflict'],
    },
    (tools, principal, { path }) => resumeRecurrence(tools, principal, path.schedule),
  ),
];
