import { Command } from 'commander';
import { given, list } from './support/collection.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import { rfc3339 } from './support/values.ts';

interface AuditOptions {
  readonly since?: string;
  readonly until?: string;
  readonly application?: string;
  readonly target?: string;
}

type Row = Readonly<Record<string, unknown>>;

const columns = [
  field('at'),
  { title: 'by', value: ({ by }: Row) => (by as Row | undefined)?.application },
  { title: 'key id', value: ({ by }: Row) => (by as Row | undefined)?.keyId },
  { title: 'role', value: ({ by }: Row) => (by as Row | undefined)?.role },
  { title: 'method', value: ({ call }: Row) => String(call).split(' ')[0] },
  field('target'),
  { title: 'status', value: ({ status }: Row) => (status === 0 ? 'unfinished' : String(status)) },
  { title: 'times', value: ({ count }: Row) => count },
  field('change'),
];

export function auditCommand(session: Session): Command {
  return paged(new Command('audit'))
    .description('who changed what, and who was refused, the latest first')
    .option('--since <time>', 'not before this time (RFC 3339)', rfc3339)
    .option('--until <time>', 'before this time (RFC 3339)', rfc3339)
    .option('--application <application>', 'where this application acted')
    .option('--target <target>', 'about this: topics/orders, or orders for anything of that name')
    .addHelpText(
      'after',
      `
Examples:
  busbar audit --target topics/orders
  busbar audit --application billing --since 2026-01-31T00:00:00Z --json`,
    )
    .action((options: AuditOptions, command: Command) => {
      const { since, until, application, target } = options;
      const query = given({ since, until, application, target }) as Record<string, string>;
      return list(session, command, '/audit', columns, {
        member: 'entries',
        noun: 'entries of the audit',
        query,
      });
    });
}
