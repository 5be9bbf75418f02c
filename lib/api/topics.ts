import type { HeldTools } from '../app/hold/held.ts';
import {
  deleteTopicAndHeld,
  listTopicsAndHolds,
  lookAtTopic,
  patchTopicAndWatch,
  putTopicAndWatch,
} from '../app/hold/topic-and-hold.ts';
import type { TopicTools } from '../app/registry/topics.ts';
import { topicPatchSchema } from '../core/registry/patch.ts';
import { topicSchema } from '../core/registry/topic.ts';
import { callsWith } from './call.ts';
import { flag, namedPage } from './parameters.ts';

const call = callsWith<TopicTools & HeldTools>();

const forceSchema = flag(
  'Also with a schema that would refuse some of the latest events, which are accepted now.',
);

/** What a PUT and a PATCH may be refused with. */
const changeErrors = [
  'invalid_schema',
  'unknown_topic',
  'unknown_application',
  'order_fixed',
  'schema_breaks',
  'in_use',
  'conflict',
] as const;

export const topicCalls = [
  call(
    'GET /v1/topics',
    {
      summary: 'List the topics',
      description: 'Without their schemas. A viewer sees its own.',
      tag: 'Topics',
      caller: 'application',
      query: namedPage,
      responses: { 200: 'Topics' },
    },
    (tools, principal, { query }) => listTopicsAndHolds(tools, principal, query),
  ),
  call(
    'GET /v1/topics/{topic}',
    {
      summary: 'Show a topic',
      tag: 'Topics',
      caller: 'application',
      responses: { 200: 'Topic' },
      errors: ['unknown_topic'],
    },
    (tools, principal, { path }) => lookAtTopic(tools, principal, path.topic),
  ),
  call(
    'PUT /v1/topics/{topic}',
    {
      summary: 'Make a topic, or replace its settings',
      description:
        'What is left out has its default. `trace`: `none`, `failures` or `all`; `ordered`: `true` or `{"by": "<attribute>"}`.',
      tag: 'Topics',
      caller: 'owner',
      query: { force: forceSchema },
      body: topicSchema,
      responses: { 200: 'Topic', 201: 'Topic' },
      errors: changeErrors,
      example: {
        description: 'What happens to orders',
        schema: { type: 'object', required: ['orderId'], properties: { orderId: { type: 'string' } } },
        dedupSeconds: 3600,
        trace: 'all',
        holdWhen: {
          backlogEvents: 10_000,
          backlogSeconds: 60,
          releaseBelow: { backlogEvents: 1000 },
          perSecond: 50,
        },
      },
    },
    (tools, principal, { path, query, body }) =>
      putTopicAndWatch(tools, principal, path.topic, body, query.force),
  ),
  call(
    'PATCH /v1/topics/{topic}',
    {
      summary: 'Change some settings of a topic',
      description: 'A merge patch (RFC 7396): `null` removes a field, also inside of `schema`.',
      tag: 'Topics',
      caller: 'owner',
      query: { force: forceSchema },
      body: topicPatchSchema,
      responses: { 200: 'Topic' },
      errors: changeErrors,
      example: { description: 'What customers order', dedupSeconds: null },
    },
    (tools, principal, { path, query, body }) =>
      patchTopicAndWatch(tools, principal, path.topic, body, query.force),
  ),
  call(
    'DELETE /v1/topics/{topic}',
    {
      summary: 'Delete a topic with its subscriptions',
      description: 'Rejected while it holds events; `force` deletes those too.',
      tag: 'Topics',
      caller: 'owner',
      query: { force: flag('Also when accepted events are lost by it.') },
      responses: { 204: null },
      errors: ['unknown_topic', 'declared', 'in_use'],
    },
    (tools, principal, { path, query }) => deleteTopicAndHeld(tools, principal, path.topic, query.force),
  ),
];
