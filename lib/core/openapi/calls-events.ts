import { deadLettersPageDefault, deadLettersPageMax } from '../redrive/limits.ts';
import { refusedPageDefault, refusedPageMax } from '../relay/limits.ts';
import {
  type Call,
  type CallName,
  cursor,
  limit,
  ofBody,
  ofReceiver,
  type QueryParameter,
  text,
} from './call.ts';

/** The calls about events: published, delayed, recurring, half, refused and dead. */

const ofSchedule = ['invalid_request', 'unknown_schedule', 'forbidden'] as const;
/** The codes of one event, wherever it is given. */
const ofEvent = [
  'invalid_event',
  'event_too_large',
  'schema_mismatch',
  'id_conflict',
  'all_rejected',
] as const;
const ofPublish = [
  ...ofEvent,
  'malformed_json',
  'empty_batch',
  'batch_too_long',
  'forbidden',
  'claimed',
  'request_too_large',
  'unsupported_media_type',
] as const;

const source = text('Of which source, where several events have the id.');
const eventId: QueryParameter = {
  text: 'The id of the event, which may have slashes here.',
  schema: { type: 'string', minLength: 1 },
  required: true,
};
const since: QueryParameter = {
  text: 'Traces before are not searched. RFC 3339.',
  schema: { type: 'string', format: 'date-time' },
};
const whose = {
  source,
  topic: text('The topic it was published to.'),
  receiver: text('The receiver it was invoked for.'),
} as const;
export const eventCalls = {
  'POST /v1/topics/{topic}/events': {
    summary: 'Publish events to a topic',
    tag: 'Publish',
    body: 'events',
    answers: { 202: 'Published' },
    refuses: [...ofPublish, 'unknown_topic'],
  },
  'POST /v1/receivers/{receiver}/events': {
    summary: 'Invoke a receiver with events',
    tag: 'Publish',
    body: 'events',
    answers: { 202: 'Published' },
    refuses: [...ofPublish, 'unknown_receiver'],
  },
  'GET /v1/events': {
    summary: 'Tell why the events of an id went where they went',
    tag: 'Events',
    query: { id: eventId, source, since },
    answers: { 200: 'Why' },
    refuses: ['invalid_request', 'unknown_event'],
  },
  'GET /v1/events/{id}': {
    summary: 'Tell why an event went where it went',
    tag: 'Events',
    query: { source, since },
    answers: { 200: 'Why' },
    refuses: ['invalid_request', 'unknown_event'],
  },
  'DELETE /v1/events': {
    summary: 'Cancel the delayed event of an id',
    tag: 'Events',
    query: { id: eventId, ...whose },
    answers: { 204: null },
    refuses: ['invalid_request', 'forbidden', 'unknown_event', 'ambiguous_event', 'event_left'],
  },
  'DELETE /v1/events/{id}': {
    summary: 'Cancel a delayed event',
    tag: 'Events',
    query: whose,
    answers: { 204: null },
    refuses: ['invalid_request', 'forbidden', 'unknown_event', 'ambiguous_event', 'event_left'],
  },
  'PATCH /v1/events': {
    summary: 'Give the delayed event of an id another time',
    tag: 'Events',
    query: { id: eventId, ...whose },
    body: 'ReTimeSpec',
    answers: { 200: 'DelayedEvent' },
    refuses: [...ofBody, 'forbidden', 'unknown_event', 'ambiguous_event', 'event_left', 'event_cancelled'],
  },
  'PATCH /v1/events/{id}': {
    summary: 'Give a delayed event another time',
    tag: 'Events',
    query: whose,
    body: 'ReTimeSpec',
    answers: { 200: 'DelayedEvent' },
    refuses: [...ofBody, 'forbidden', 'unknown_event', 'ambiguous_event', 'event_left', 'event_cancelled'],
  },
  'POST /v1/events/{id}/deliveries': {
    summary: 'Deliver an event again by hand',
    tag: 'Events',
    body: 'DeliverAgainSpec',
    answers: { 202: 'DeliveredAgain' },
    refuses: [...ofBody, ...ofReceiver, 'event_not_kept', 'not_active', 'redrive_running'],
  },
  'GET /v1/schedules': {
    summary: 'List the schedules',
    tag: 'Schedules',
    answers: { 200: 'Schedules' },
    refuses: [],
  },
  'GET /v1/schedules/{schedule}': {
    summary: 'Show a schedule with its next times',
    tag: 'Schedules',
    answers: { 200: 'Schedule' },
    refuses: ofSchedule,
  },
  'PUT /v1/schedules/{schedule}': {
    summary: 'Make or change a schedule',
    tag: 'Schedules',
    body: 'ScheduleSpec',
    answers: { 200: 'Schedule', 201: 'Schedule' },
    refuses: [
      ...ofBody,
      'invalid_event',
      'event_too_large',
      'schema_mismatch',
      'unknown_topic',
      'unknown_receiver',
      'forbidden',
      'conflict',
    ],
  },
  'DELETE /v1/schedules/{schedule}': {
    summary: 'Delete a schedule',
    tag: 'Schedules',
    answers: { 204: null },
    refuses: ofSchedule,
  },
  'POST /v1/schedules/{schedule}/pause': {
    summary: 'Pause a schedule',
    tag: 'Schedules',
    answers: { 200: 'Schedule' },
    refuses: [...ofSchedule, 'conflict'],
  },
  'POST /v1/schedules/{schedule}/resume': {
    summary: 'Resume a schedule',
    tag: 'Schedules',
    answers: { 200: 'Schedule' },
    refuses: [...ofSchedule, 'conflict'],
  },
  'POST /v1/transactions': {
    summary: 'Begin a transaction',
    tag: 'Transactions',
    body: 'TransactionSpec',
    answers: { 201: 'TransactionBegun' },
    refuses: [
      ...ofBody,
      ...ofEvent,
      'request_too_large',
      'unknown_topic',
      'unknown_receiver',
      'forbidden',
      'transaction_exists',
    ],
  },
  'GET /v1/transactions/{id}': {
    summary: 'Show a transaction',
    tag: 'Transactions',
    answers: { 200: 'Transaction' },
    refuses: ['unknown_transaction', 'forbidden'],
  },
  'POST /v1/transactions/{id}/commit': {
    summary: 'Commit a transaction',
    tag: 'Transactions',
    answers: { 200: 'Transaction' },
    refuses: ['unknown_transaction', 'forbidden', 'transaction_decided'],
  },
  'POST /v1/transactions/{id}/rollback': {
    summary: 'Roll a transaction back',
    tag: 'Transactions',
    answers: { 200: 'Transaction' },
    refuses: ['unknown_transaction', 'forbidden', 'transaction_decided'],
  },
  'POST /v1/check-secret': {
    summary: 'Make a new secret for the checks of transactions',
    tag: 'Transactions',
    answers: { 200: 'CheckSecret' },
    refuses: [],
  },
  'GET /v1/refused': {
    summary: 'List what was refused',
    tag: 'Refused',
    query: { limit: limit(refusedPageMax, refusedPageDefault), cursor },
    answers: { 200: 'RefusedEvents' },
    refuses: ['invalid_request'],
  },
  'GET /v1/refused/{id}': {
    summary: 'Show a refused event',
    tag: 'Refused',
    answers: { 200: 'RefusedEventWhole' },
    refuses: ['unknown_refused'],
  },
  'POST /v1/refused/{id}/retry': {
    summary: 'Try a refused event again',
    tag: 'Refused',
    answers: { 202: 'Retrying' },
    refuses: ['unknown_refused'],
  },
  'DELETE /v1/refused/{id}': {
    summary: 'Delete a refused event',
    tag: 'Refused',
    answers: { 204: null },
    refuses: ['unknown_refused'],
  },
  'GET /v1/receivers/{receiver}/dead-letters': {
    summary: 'List the dead letters of a receiver by cause',
    tag: 'Dead letters',
    query: {
      cause: text('Of this cause alone.'),
      limit: limit(deadLettersPageMax, deadLettersPageDefault),
      cursor,
    },
    answers: { 200: 'DeadLetters' },
    refuses: ofReceiver,
  },
  'GET /v1/receivers/{receiver}/dead-letters/{id}': {
    summary: 'Show a dead letter',
    tag: 'Dead letters',
    answers: { 200: 'DeadLetterWhole' },
    refuses: [...ofReceiver, 'unknown_dead_letter'],
  },
  'POST /v1/receivers/{receiver}/redrive': {
    summary: 'Redrive dead letters to their receiver',
    tag: 'Dead letters',
    body: 'RedriveSpec',
    answers: { 202: 'Redrive' },
    refuses: [...ofBody, ...ofReceiver, 'not_active', 'redrive_running'],
  },
  'GET /v1/receivers/{receiver}/redrive': {
    summary: 'Show the redrive of a receiver',
    tag: 'Dead letters',
    answers: { 200: 'Redrive' },
    refuses: [...ofReceiver, 'unknown_redrive'],
  },
  'DELETE /v1/receivers/{receiver}/redrive': {
    summary: 'Stop the redrive of a receiver',
    tag: 'Dead letters',
    answers: { 200: 'Redrive' },
    refuses: [...ofReceiver, 'unknown_redrive'],
  },
} as const satisfies Readonly<Record<CallName, Call>>;
