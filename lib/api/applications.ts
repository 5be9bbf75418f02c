import {
  type ApplicationTools,
  deleteApplication,
  getApplication,
  listApplications,
  patchApplication,
  putApplication,
} from '../app/access/applications.ts';
import type { AccessTools } from '../app/access/authenticate.ts';
import { createKeyOf, listKeys, revokeKeyOf } from '../app/access/keys.ts';
import { me } from '../app/access/me.ts';
import { applicationPatchSchema, applicationSchema } from '../core/access/application.ts';
import { keySchema } from '../core/access/key.ts';
import type { Tools } from '../runtime/tools.ts';
import { callsWith } from './call.ts';
import { namedPage, page } from './parameters.ts';

const call = callsWith<ApplicationTools & AccessTools & Tools<'usage'>>();

export const applicationCalls = [
  call(
    'GET /v1/me',
    {
      summary: 'Show what this key is',
      description: 'Its application, role, scopes and when it expires.',
      tag: 'Applications',
      caller: 'application',
      needs: 'nothing',
      responses: { 200: 'Me' },
    },
    (_, principal) => me(principal),
  ),
  call(
    'GET /v1/applications',
    {
      summary: 'List the applications',
      description: 'A member sees its own and the children of that.',
      tag: 'Applications',
      caller: 'application',
      query: namedPage,
      responses: { 200: 'Applications' },
    },
    (tools, principal, { query }) => listApplications(tools, principal, query),
  ),
  call(
    'GET /v1/applications/{application}',
    {
      summary: 'Show an application',
      description:
        '`usage` is what it and its children have of what `quotas` bound, as those know it who enforce them: instances keep up to a thousandth of what waits to themselves, and what a deployment declared counts from the next comparison on.',
      tag: 'Applications',
      caller: 'owner',
      responses: { 200: 'ApplicationAndUsage' },
      errors: ['unknown_application'],
    },
    (tools, principal, { path }) => getApplication(tools, principal, path.application),
  ),
  call(
    'PUT /v1/applications/{application}',
    {
      summary: 'Make or change an application',
      description:
        'An admin makes it, or a member of its `parent`. Only these set `quotas`, and only an admin changes the parent.',
      tag: 'Applications',
      caller: 'owner',
      body: applicationSchema,
      responses: { 200: 'Application', 201: 'Application' },
      errors: ['unknown_application', 'in_use', 'conflict'],
      example: {
        description: 'The web shop',
        contacts: ['shop@example.com'],
        quotas: { topics: 50, publishPerSecond: 500 },
      },
    },
    (tools, principal, { path, body }) => putApplication(tools, principal, path.application, body),
  ),
  call(
    'PATCH /v1/applications/{application}',
    {
      summary: 'Change some fields of an application',
      description: 'A merge patch (RFC 7396): `null` removes a field.',
      tag: 'Applications',
      caller: 'owner',
      body: applicationPatchSchema,
      responses: { 200: 'Application' },
      errors: ['unknown_application', 'in_use', 'conflict'],
      example: { contacts: ['shop@example.com', 'on-call@example.com'], quotas: { topics: null } },
    },
    (tools, principal, { path, body }) => patchApplication(tools, principal, path.application, body),
  ),
  call(
    'DELETE /v1/applications/{application}',
    {
      summary: 'Delete an application',
      description:
        'Rejected while it owns topics, receivers, schedules, keys or children, and while it is declared in `busbar.config.ts`. What it was granted ends, and its open requests are withdrawn.',
      tag: 'Applications',
      caller: 'owner',
      responses: { 204: null },
      errors: ['unknown_application', 'declared', 'in_use', 'conflict'],
    },
    (tools, principal, { path }) => deleteApplication(tools, principal, path.application),
  ),
  call(
    'POST /v1/applications/{application}/keys',
    {
      summary: 'Make a key of an application',
      description:
        'The key is shown once. It grants at most what the key that makes it does: role, `scopes` and `expiresAt`. Scopes narrow the role: `read`, `manage`, `publish:<topic>`, `invoke:<receiver>`; a `*` may end a name.',
      tag: 'Applications',
      caller: 'owner',
      body: keySchema,
      responses: { 201: 'NewKey' },
      errors: ['unknown_application'],
      example: {
        name: 'checkout, production',
        role: 'member',
        scopes: ['publish:orders*', 'read'],
        expiresAt: '2099-01-31T12:00:00Z',
      },
    },
    (tools, principal, { path, body }) => createKeyOf(tools, principal, path.application, body),
  ),
  call(
    'GET /v1/applications/{application}/keys',
    {
      summary: 'List the keys of an application',
      description: 'With names, roles, scopes, dates and the day of the last use; never a key itself.',
      tag: 'Applications',
      caller: 'owner',
      query: page,
      responses: { 200: 'Keys' },
      errors: ['unknown_application'],
    },
    (tools, principal, { path, query }) => listKeys(tools, principal, path.application, query),
  ),
  call(
    'DELETE /v1/applications/{application}/keys/{keyId}',
    {
      summary: 'Revoke a key',
      description: 'It is refused everywhere within 5 seconds; the key of an admin at once.',
      tag: 'Applications',
      caller: 'owner',
      responses: { 204: null },
      errors: ['unknown_key'],
    },
    (tools, principal, { path }) => revokeKeyOf(tools, principal, path.application, path.keyId),
  ),
];
