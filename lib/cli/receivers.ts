import { Command } from 'commander';
import { kindOptions } from '../connectors/cli.ts';
import { receiverActions } from './receivers-actions.ts';
import { type ReceiverOptions, receiverSettings, settingsOf, wholeOf } from './receivers-settings.ts';
import { get, list, put, update, updating } from './support/collection.ts';
import { paged } from './support/pages.ts';
import { removeAsked } from './support/removing.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';

const columns = [
  field('receiver'),
  field('endpoint'),
  field('owner'),
  field('format'),
  field('state'),
  field('limits'),
];

export function receiversCommand(session: Session): Command {
  const receivers = new Command('receivers')
    .description('create, show, control and delete receivers')
    .addHelpText(
      'after',
      `
Examples:
  busbar receivers put billing --endpoint https://billing.example.com/events
  busbar receivers put billing --endpoint https://billing.example.com/events \\
    --retry 5s,1m,10m --concurrency 20 --per-second 100 --header 'X-Team: billing'
${kindOptions.map(({ field, example }) => `  busbar receivers put legacy --${field} '${example}'\n`).join('')}  busbar receivers update billing --per-second 50 --unset limits.concurrency
  busbar receivers list
  busbar receivers pause billing
  busbar receivers rotate-secret billing --overlap 24h
  busbar receivers skip billing --before 2026-01-31T12:00:00Z
  busbar receivers resume billing`,
    );
  paged(receivers.command('list').description('all receivers')).action((_, command: Command) =>
    list(session, command, '/receivers', columns, { member: 'receivers' }),
  );
  receivers
    .command('get')
    .description('one receiver, without its secret')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) => get(session, command, pathOf(receiver)));
  receiverSettings(
    receivers
      .command('put')
      .description('create a receiver, or replace all its settings')
      .argument('<receiver>'),
  ).action((receiver: string, options: ReceiverOptions, command: Command) =>
    put(session, command, pathOf(receiver), wholeOf(options), `Receiver ${receiver} is saved.`),
  );
  updating(
    receiverSettings(
      receivers.command('update').description('change some settings of a receiver').argument('<receiver>'),
    ),
  ).action((receiver: string, options: ReceiverOptions, command: Command) =>
    update(session, command, pathOf(receiver), settingsOf(options), `Receiver ${receiver} is changed.`),
  );
  receivers
    .command('delete')
    .description('delete a receiver and its subscriptions')
    .argument('<receiver>')
    .option('--yes', 'do not ask whether its subscriptions shall end')
    .option('--force', 'delete it even if events wait for it, which are lost; do not ask')
    .action((receiver: string, _, command: Command) =>
      removeAsked(session, command, {
        what: `Receiver ${receiver}`,
        path: pathOf(receiver),
        otherEnd: 'topic',
      }),
    );
  for (const command of receiverActions(session, pathOf)) receivers.addCommand(command);

  function pathOf(receiver: string): string {
    session.about = { receiver };
    return `/receivers/${encodeURIComponent(receiver)}`;
  }
  return receivers;
}
