import {
  createRequest,
  decideRequest,
  getRequest,
  listRequests,
  type RequestTools,
} from '../app/request/requests.ts';
import { noteSchema, requestSchema, requestStates } from '../core/request/request.ts';
import { callsWith } from './call.ts';
import { choice, page, text } from './parameters.ts';

const call = callsWith<RequestTools>();

export const requestCalls = [
  call(
    'POST /v1/requests',
    {
      summary: 'Ask for access to a topic, for a topic, or for quotas',
      description:
        'The owner of the topic decides, or an admin. A request to subscribe shows how many of the latest events the filter matches. Who may decide about it gets what it asks for at once.',
      tag: 'Access',
      caller: 'application',
      body: requestSchema,
      responses: { 201: 'Request' },
      errors: [
        'forbidden',
        'invalid_filter',
        'invalid_schema',
        'unknown_topic',
        'unknown_receiver',
        'topic_exists',
        'in_use',
        'unknown_application',
        'quota_exceeded',
        'conflict',
      ],
      example: {
        kind: 'subscribe',
        topic: 'orders',
        receiver: 'billing',
        filter: { type: ['order.placed'] },
        reason: 'We send the invoices.',
      },
    },
    (tools, principal, { body }) => createRequest(tools, principal, body),
  ),
  call(
    'GET /v1/requests',
    {
      summary: 'List the requests',
      description: 'Those of the application, and those that it may decide about; an admin sees all.',
      tag: 'Access',
      caller: 'application',
      query: {
        ...page,
        state: choice('Only those in this state.', requestStates),
        topic: text('Only those about this topic.'),
        application: text('Only those of this application.'),
      },
      responses: { 200: 'Requests' },
    },
    (tools, principal, { query }) => listRequests(tools, principal, query),
  ),
  call(
    'GET /v1/requests/{id}',
    {
      summary: 'Show a request',
      tag: 'Access',
      caller: 'application',
      responses: { 200: 'Request' },
      errors: ['unknown_request'],
    },
    (tools, principal, { path }) => getRequest(tools, principal, path.id),
  ),
  call(
    'POST /v1/requests/{id}/approve',
    {
      summary: 'Approve a request',
      description:
        'It has taken effect when the call returns. It may be repeated, which completes an approval that was interrupted; the opposite decision is refused.',
      tag: 'Access',
      caller: 'owner',
      body: noteSchema,
      responses: { 200: 'Request' },
      errors: [
        'unknown_request',
        'request_decided',
        'unknown_topic',
        'unknown_receiver',
        'topic_exists',
        'in_use',
        'unknown_application',
        'quota_exceeded',
        'invalid_filter',
        'invalid_schema',
        'conflict',
      ],
      example: { note: 'Welcome.' },
    },
    (tools, principal, { path, body }) => decideRequest(tools, principal, path.id, 'approve', body.note),
  ),
  call(
    'POST /v1/requests/{id}/reject',
    {
      summary: 'Reject a request',
      description: 'The application that asked sees the note.',
      tag: 'Access',
      caller: 'owner',
      body: noteSchema,
      responses: { 200: 'Request' },
      errors: ['unknown_request', 'request_decided', 'unknown_topic', 'conflict'],
      example: { note: 'Subscribe to order-summaries instead.' },
    },
    (tools, principal, { path, body }) => decideRequest(tools, principal, path.id, 'reject', body.note),
  ),
  call(
    'POST /v1/requests/{id}/withdraw',
    {
      summary: 'Withdraw a request',
      description: 'By the application that made it.',
      tag: 'Access',
      caller: 'owner',
      body: noteSchema,
      responses: { 200: 'Request' },
      errors: ['unknown_request', 'request_decided', 'conflict'],
      example: {},
    },
    (tools, principal, { path, body }) => decideRequest(tools, principal, path.id, 'withdraw', body.note),
  ),
];
