import type { AuditTools } from '../app/audit/auditor.ts';
import { listAudit } from '../app/audit/list-audit.ts';
import { callsWith } from './call.ts';
import { page, text, time } from './parameters.ts';

const call = callsWith<AuditTools>();

export const auditCalls = [
  call(
    'GET /v1/audit',
    {
      summary: 'List who changed what',
      description:
        'Every call that changed something or was refused, the latest first, for 400 days. An admin sees all; others see where their application acted, and what was about something it owns.',
      tag: 'Audit',
      caller: 'owner',
      query: {
        since: time('Not before this time. RFC 3339.'),
        until: time('Before this time. RFC 3339.'),
        application: text('Where this application acted.'),
        target: text('About this: `topics/orders` with its parts, or `orders` for anything of that name.'),
        ...page,
      },
      responses: { 200: 'Audit' },
    },
    (tools, principal, { query: { since, until, ...query } }) =>
      listAudit(tools, principal, { ...query, sinceMs: since, untilMs: until }),
  ),
];
