import { Command } from 'commander';
import { act, get, list, remove } from './support/collection.ts';
import { paged } from './support/pages.ts';
import { plain } from './support/plain.ts';
import type { Session } from './support/session.ts';
import { type Column, field } from './support/table.ts';

const columns: readonly Column[] = [
  field('id'),
  field('application'),
  field('from'),
  { title: 'to', value: ({ topic, receiver }) => topic ?? receiver },
  field('eventId', 'event'),
  field('code'),
  field('detail'),
  field('times'),
  { title: 'retry', value: ({ retryable }) => (retryable === false ? 'no' : '') },
  field('refusedAt', 'refused at'),
];

/** `busbar refused`: what the bus took over and could not publish. */
export function refusedCommand(session: Session): Command {
  const refused = new Command('refused')
    .description('list, retry and delete events that the bus took over and could not publish')
    .addHelpText(
      'after',
      `
These come from the outbox, transactions, schedules, bridges, delays and holds. Each names its cause: remove that, and
retry the event.

Examples:
  busbar refused list
  busbar refused get ref_8kQ2mS0aYpM0hUaUWJ2hCFGW
  busbar refused retry ref_8kQ2mS0aYpM0hUaUWJ2hCFGW
  busbar refused delete ref_8kQ2mS0aYpM0hUaUWJ2hCFGW`,
    );
  paged(refused.command('list').description('all refused events, with their causes')).action(
    (_, command: Command) =>
      list(session, command, '/refused', columns, { member: 'refused', noun: 'refused events' }),
  );
  refused
    .command('get')
    .alias('show')
    .description('one refused event, whole')
    .argument('<id>')
    .action((id: string, _, command: Command) => get(session, command, pathOf(id)));
  refused
    .command('retry')
    .description('publish a refused event again, once its cause is removed')
    .argument('<id>')
    .action((id: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(id)}/retry`,
        undefined,
        () => `${plain(id)} is tried again. If it is refused again, it is listed by another id.`,
      ),
    );
  refused
    .command('delete')
    .description('delete a refused event for good')
    .argument('<id>')
    .action((id: string, _, command: Command) =>
      remove(session, command, pathOf(id), `${plain(id)} is deleted.`),
    );
  return refused;
}

const pathOf = (id: string) => `/refused/${encodeURIComponent(id)}`;
