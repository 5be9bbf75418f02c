import { Command } from 'commander';
import { isItem } from './support/answer.ts';
import { act, given, list } from './support/collection.ts';
import { paged } from './support/pages.ts';
import { plain } from './support/plain.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';

const topic = 'busbar';
const columns = [field('receiver'), field('filter'), field('createdAt', 'created at')];

/** `busbar alerts`: the subscriptions to what the bus reports about itself. */
export function alertsCommand(session: Session): Command {
  const alerts = new Command('alerts').description('list and test the alerts of your receivers').addHelpText(
    'after',
    `
An alert is a subscription of a receiver to the topic busbar, which carries what the bus reports about itself.

Examples:
  busbar alerts list
  busbar subscriptions put busbar slack --filter '{"type": [{"prefix": "busbar.breaker."}]}'
  busbar alerts test --receiver slack`,
  );
  paged(
    alerts.command('list', { isDefault: true }).description('the receivers that get system events'),
  ).action((_, command: Command) =>
    list(session, command, `/topics/${topic}/subscriptions`, columns, {
      member: 'subscriptions',
      noun: 'alerts',
    }),
  );
  alerts
    .command('test')
    .description('send one event of each type, marked as a test')
    .option('--receiver <receiver>', 'only to this one; else to all of your application')
    .action(({ receiver }: { receiver?: string }, command: Command) => {
      session.about = given({ topic, receiver });
      return act(session, command, '/alerts/test', given({ receiver }), ({ receivers }) =>
        Array.isArray(receivers)
          ? receivers
              .filter(isItem)
              .map((each) => `${plain(String(each.receiver))} gets ${each.events} test events.`)
              .join('\n')
          : 'The test events are sent.',
      );
    });
  return alerts;
}
