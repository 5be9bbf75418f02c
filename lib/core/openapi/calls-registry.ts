import { heldListDefault, heldListMax, releasePerSecondMax, releasePerSecondMin } from '../hold/limits.ts';
import {
  type Call,
  type CallName,
  cursor,
  limit,
  ofBody,
  ofReceiver,
  ofTopic,
  type QueryParameter,
  text,
} from './call.ts';

/** The calls about topics, their holds and their subscriptions, and about receivers. */

const force: QueryParameter = {
  text: 'Also when accepted events are lost by it.',
  schema: { enum: ['true', 'false'], default: 'false' },
};
const agreement = {
  tag: 'Receivers',
  open: true,
  query: { token: text('As it stood in the URL of the request for agreement.') },
  headers: {
    'webhook-allowed-rate': {
      text: 'How many requests a minute the endpoint allows; `*` for any number.',
      schema: { type: 'string', pattern: String.raw`^(\*|0*[1-9]\d{0,8})$` },
    },
  },
  answers: { 200: 'Agreement' },
  refuses: ['invalid_request', 'unknown_validation'],
} as const;

export const registryCalls = {
  'GET /v1/health': {
    summary: 'Whether the bus answers',
    tag: 'Bus',
    open: true,
    answers: { 200: 'Health' },
    refuses: [],
  },
  'GET /v1/openapi.json': {
    summary: 'This document',
    tag: 'Bus',
    open: true,
    answers: { 200: 'OpenApi' },
    refuses: [],
  },
  'GET /v1/topics': { summary: 'List the topics', tag: 'Topics', answers: { 200: 'Topics' }, refuses: [] },
  'GET /v1/topics/{topic}': {
    summary: 'Show a topic',
    tag: 'Topics',
    answers: { 200: 'Topic' },
    refuses: ['invalid_request', 'unknown_topic'],
  },
  'PUT /v1/topics/{topic}': {
    summary: 'Make or change a topic',
    tag: 'Topics',
    body: 'TopicSpec',
    answers: { 200: 'Topic', 201: 'Topic' },
    refuses: [...ofBody, 'invalid_schema', 'forbidden', 'unknown_topic', 'order_fixed', 'conflict'],
  },
  'DELETE /v1/topics/{topic}': {
    summary: 'Delete a topic with its subscriptions',
    tag: 'Topics',
    query: { force },
    answers: { 204: null },
    refuses: [...ofTopic, 'declared', 'in_use'],
  },
  'GET /v1/topics/{topic}/subscriptions': {
    summary: 'List the subscriptions of a topic',
    tag: 'Topics',
    answers: { 200: 'Subscriptions' },
    refuses: ['invalid_request', 'unknown_topic'],
  },
  'GET /v1/topics/{topic}/subscriptions/{receiver}': {
    summary: 'Show a subscription',
    tag: 'Topics',
    answers: { 200: 'Subscription' },
    refuses: ['invalid_request', 'unknown_topic', 'unknown_subscription'],
  },
  'PUT /v1/topics/{topic}/subscriptions/{receiver}': {
    summary: 'Subscribe a receiver to a topic',
    tag: 'Topics',
    body: 'SubscriptionSpec',
    answers: { 200: 'Subscription', 201: 'Subscription' },
    refuses: [...ofBody, 'invalid_filter', 'unknown_topic', 'unknown_receiver', 'forbidden', 'conflict'],
  },
  'DELETE /v1/topics/{topic}/subscriptions/{receiver}': {
    summary: 'Unsubscribe a receiver from a topic',
    tag: 'Topics',
    answers: { 204: null },
    refuses: [...ofTopic, 'unknown_receiver', 'unknown_subscription', 'declared'],
  },
  'PUT /v1/topics/{topic}/hold': {
    summary: 'Put a topic on hold, or stop its release',
    tag: 'Hold',
    body: 'HoldSpec',
    answers: { 200: 'Hold' },
    refuses: [...ofBody, 'unknown_topic', 'forbidden', 'conflict'],
  },
  'GET /v1/topics/{topic}/hold': {
    summary: 'Show the hold of a topic',
    tag: 'Hold',
    answers: { 200: 'Hold' },
    refuses: [...ofTopic, 'unknown_hold'],
  },
  'DELETE /v1/topics/{topic}/hold': {
    summary: 'Release a topic',
    tag: 'Hold',
    query: {
      perSecond: {
        text: 'At most so many events a second; as fast as the bus takes when left out.',
        schema: { type: 'number', minimum: releasePerSecondMin, maximum: releasePerSecondMax },
      },
    },
    answers: { 202: 'Hold' },
    refuses: [...ofTopic, 'unknown_hold'],
  },
  'GET /v1/topics/{topic}/held': {
    summary: 'List the held events of a topic',
    tag: 'Hold',
    query: { limit: limit(heldListMax, heldListDefault), cursor },
    answers: { 200: 'HeldEvents' },
    refuses: [...ofTopic, 'unknown_hold'],
  },
  'GET /v1/topics/{topic}/held/{id}': {
    summary: 'Show a held event',
    tag: 'Hold',
    answers: { 200: 'HeldEventWhole' },
    refuses: [...ofTopic, 'unknown_hold', 'unknown_held_event'],
  },
  'POST /v1/topics/{topic}/held/{id}/send': {
    summary: 'Send a held event now',
    tag: 'Hold',
    answers: { 202: 'HeldEvent' },
    refuses: [...ofTopic, 'unknown_hold', 'unknown_held_event', 'releasing'],
  },
  'DELETE /v1/topics/{topic}/held/{id}': {
    summary: 'Drop a held event',
    tag: 'Hold',
    answers: { 204: null },
    refuses: [...ofTopic, 'unknown_hold', 'unknown_held_event', 'releasing'],
  },
  'GET /v1/receivers': {
    summary: 'List the receivers',
    tag: 'Receivers',
    answers: { 200: 'Receivers' },
    refuses: [],
  },
  'GET /v1/receivers/{receiver}': {
    summary: 'Show a receiver with its breaker and hot types',
    tag: 'Receivers',
    answers: { 200: 'ReceiverWhole' },
    refuses: ofReceiver,
  },
  'PUT /v1/receivers/{receiver}': {
    summary: 'Make or change a receiver',
    tag: 'Receivers',
    body: 'ReceiverSpec',
    answers: { 200: 'ReceiverAndSecret', 201: 'ReceiverAndSecret' },
    refuses: [...ofBody, 'forbidden', 'conflict'],
  },
  'DELETE /v1/receivers/{receiver}': {
    summary: 'Delete a receiver with its queues and subscriptions',
    tag: 'Receivers',
    query: { force },
    answers: { 204: null },
    refuses: [...ofReceiver, 'declared', 'in_use'],
  },
  'POST /v1/receivers/{receiver}/pause': {
    summary: 'Pause a receiver',
    tag: 'Receivers',
    answers: { 200: 'Receiver' },
    refuses: [...ofReceiver, 'conflict'],
  },
  'POST /v1/receivers/{receiver}/resume': {
    summary: 'Resume a receiver',
    tag: 'Receivers',
    answers: { 200: 'Receiver' },
    refuses: [...ofReceiver, 'conflict'],
  },
  'POST /v1/receivers/{receiver}/skip': {
    summary: 'Drop what waits for a receiver since before a time',
    tag: 'Receivers',
    body: 'SkipSpec',
    answers: { 200: 'Receiver' },
    refuses: [...ofBody, ...ofReceiver, 'conflict'],
  },
  'POST /v1/receivers/{receiver}/rotate-secret': {
    summary: 'Give a receiver another secret',
    tag: 'Receivers',
    body: 'RotateSecretSpec',
    answers: { 200: 'ReceiverAndSecret' },
    refuses: [...ofBody, ...ofReceiver, 'conflict'],
  },
  'POST /v1/receivers/{receiver}/validate': {
    summary: 'Ask an endpoint again for its agreement',
    tag: 'Receivers',
    answers: { 200: 'Receiver' },
    refuses: [...ofReceiver, 'conflict'],
  },
  'GET /v1/receivers/{receiver}/validation': {
    ...agreement,
    summary: 'Agree to get events, by a browser',
  },
  'POST /v1/receivers/{receiver}/validation': { ...agreement, summary: 'Agree to get events' },
  'POST /v1/receivers/{receiver}/breaker': {
    summary: 'Force the breaker of a receiver, or give it back',
    tag: 'Receivers',
    body: 'BreakerSpec',
    answers: { 200: 'Breaker' },
    refuses: [...ofBody, ...ofReceiver],
  },
} as const satisfies Readonly<Record<CallName, Call>>;
