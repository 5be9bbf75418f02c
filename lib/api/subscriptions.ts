import {
  deleteSubscription,
  listSubscriptions,
  listSubscriptionsOf,
  lookAtSubscription,
  putSubscription,
  type SubscriptionTools,
} from '../app/registry/subscriptions.ts';
import { subscriptionSchema } from '../core/registry/subscription.ts';
import { callsWith } from './call.ts';
import { page } from './parameters.ts';

const call = callsWith<SubscriptionTools>();

export const subscriptionCalls = [
  call(
    'GET /v1/topics/{topic}/subscriptions',
    {
      summary: 'List the subscriptions of a topic',
      tag: 'Topics',
      caller: 'application',
      query: page,
      responses: { 200: 'Subscriptions' },
      errors: ['unknown_topic'],
    },
    (tools, principal, { path, query }) => listSubscriptions(tools, principal, path.topic, query),
  ),
  call(
    'GET /v1/receivers/{receiver}/subscriptions',
    {
      summary: 'List what a receiver is subscribed to',
      tag: 'Receivers',
      caller: 'owner',
      query: page,
      responses: { 200: 'Subscriptions' },
      errors: ['unknown_receiver'],
    },
    (tools, principal, { path, query }) => listSubscriptionsOf(tools, principal, path.receiver, query),
  ),
  call(
    'GET /v1/topics/{topic}/subscriptions/{receiver}',
    {
      summary: 'Show a subscription',
      tag: 'Topics',
      caller: 'application',
      responses: { 200: 'Subscription' },
      errors: ['unknown_topic', 'unknown_subscription'],
    },
    (tools, principal, { path }) => lookAtSubscription(tools, principal, path.topic, path.receiver),
  ),
  call(
    'PUT /v1/topics/{topic}/subscriptions/{receiver}',
    {
      summary: 'Subscribe a receiver to a topic',
      description:
        '`filter` is an SNS filter policy over attributes and `data`. `effectiveWithinSeconds` says how long events may still go by what the subscription was: four seconds, or 15 minutes where SNS filters (ordered topics, and more than 100 receivers).',
      tag: 'Topics',
      caller: 'owner',
      body: subscriptionSchema,
      responses: { 200: 'PutSubscription', 201: 'PutSubscription' },
      errors: ['invalid_filter', 'unknown_topic', 'unknown_receiver', 'conflict'],
      example: { filter: { type: [{ prefix: 'order.' }], data: { total: [{ numeric: ['>=', 100] }] } } },
    },
    (tools, principal, { path, body }) => putSubscription(tools, principal, path.topic, path.receiver, body),
  ),
  call(
    'DELETE /v1/topics/{topic}/subscriptions/{receiver}',
    {
      summary: 'Unsubscribe a receiver from a topic',
      tag: 'Topics',
      caller: 'owner',
      responses: { 204: null },
      errors: ['unknown_topic', 'unknown_receiver', 'unknown_subscription', 'declared'],
    },
    (tools, principal, { path }) => deleteSubscription(tools, principal, path.topic, path.receiver),
  ),
];
