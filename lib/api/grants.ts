import { type GrantTools, listGrants, revokeGrant } from '../app/request/grants.ts';
import { callsWith } from './call.ts';
import { flag, page } from './parameters.ts';

const call = callsWith<GrantTools>();

export const grantCalls = [
  call(
    'GET /v1/topics/{topic}/grants',
    {
      summary: 'List what applications may do with a topic',
      description: 'The owner of the topic sees all grants, any other application its own.',
      tag: 'Access',
      caller: 'application',
      query: page,
      responses: { 200: 'Grants' },
      errors: ['unknown_topic'],
    },
    (tools, principal, { path, query }) => listGrants(tools, principal, path.topic, query),
  ),
  call(
    'DELETE /v1/topics/{topic}/grants/{application}',
    {
      summary: 'Revoke what an application may do with a topic',
      description:
        'By the owner of the topic or by the application. Publishing ends within 5 seconds, and its subscriptions end; what waits for its receivers is delivered, unless the owner of the topic says `drop`: then it is not sent, and neither is what the application has waiting for the topic (delayed, held, in open transactions, schedules or an outbox). Called again with `drop`, it drops what an earlier revocation left.',
      tag: 'Access',
      caller: 'owner',
      query: { drop: flag('Also what waits is not sent; only the owner of the topic says so.') },
      responses: { 204: null },
      errors: ['unknown_topic', 'unknown_grant', 'declared', 'conflict'],
    },
    (tools, principal, { path, query }) =>
      revokeGrant(tools, principal, path.topic, path.application, query.drop),
  ),
];
