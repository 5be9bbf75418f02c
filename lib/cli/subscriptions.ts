import { Command } from 'commander';
import { get, given, list, put, remove } from './support/collection.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import { jsonOrFile } from './support/values.ts';

const columns = [field('topic'), field('receiver'), field('filter')];

export function subscriptionsCommand(session: Session): Command {
  const subscriptions = new Command('subscriptions')
    .description('create, show and delete subscriptions of receivers to topics')
    .addHelpText(
      'after',
      `
Examples:
  busbar subscriptions put orders billing
  busbar subscriptions put orders vip-desk --filter '{"data": {"total": [{"numeric": [">=", 1000]}]}}'
  busbar subscriptions list orders`,
    );
  paged(subscriptions.command('list').description('the subscriptions of a topic').argument('<topic>')).action(
    (topic: string, _, command: Command) => {
      session.about = { topic };
      const path = `/topics/${encodeURIComponent(topic)}/subscriptions`;
      return list(session, command, path, columns, { member: 'subscriptions' });
    },
  );
  subscriptions
    .command('get')
    .description('one subscription')
    .argument('<topic>')
    .argument('<receiver>')
    .action((topic: string, receiver: string, _, command: Command) =>
      get(session, command, pathOf(topic, receiver)),
    );
  subscriptions
    .command('put')
    .description('subscribe a receiver to a topic, or replace its filter')
    .argument('<topic>')
    .argument('<receiver>')
    .option('--filter <json|@file>', 'an SNS filter policy over event attributes and data', jsonOrFile)
    .action((topic: string, receiver: string, options: { filter?: unknown }, command: Command) => {
      const message = `${receiver} is subscribed to ${topic}.`;
      return put(session, command, pathOf(topic, receiver), given({ filter: options.filter }), message);
    });
  subscriptions
    .command('delete')
    .description('end a subscription')
    .argument('<topic>')
    .argument('<receiver>')
    .action((topic: string, receiver: string, _, command: Command) =>
      remove(session, command, pathOf(topic, receiver), `${receiver} is no longer subscribed to ${topic}.`),
    );

  function pathOf(topic: string, receiver: string): string {
    session.about = { topic, receiver };
    return `/topics/${encodeURIComponent(topic)}/subscriptions/${encodeURIComponent(receiver)}`;
  }
  return subscriptions;
}
