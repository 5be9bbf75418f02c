import { Command } from 'commander';
import type { Item } from './support/answer.ts';
import { isItem } from './support/answer.ts';
import { agreed } from './support/asking.ts';
import { get, list, remove } from './support/collection.ts';
import { CliError } from './support/failure.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';

const accessOf = (name: 'publish' | 'subscribe') => ({
  title: name,
  value: (row: Item) => (isItem(row.access) ? String(row.access[name]) : ''),
});
const columns = [
  field('topic'),
  field('owner'),
  accessOf('publish'),
  accessOf('subscribe'),
  { title: 'types', value: (row: Item) => (Array.isArray(row.types) ? row.types.join(' ') : '') },
  field('description'),
];

/** `busbar catalog`: what topics there are, and what their events look like. */
export function catalogCommand(session: Session): Command {
  const catalog = paged(
    new Command('catalog').description(
      'what topics there are, who may publish and subscribe, and the types seen lately',
    ),
  )
    .addHelpText('after', '\nExamples:\n  busbar catalog\n  busbar catalog show orders --of 2')
    .action((_, command: Command) => list(session, command, '/catalog', columns, { member: 'topics' }));
  catalog
    .command('show')
    .description('a topic with its schema, the versions of it, and an example of an event')
    .argument('<topic>')
    .option('--of <version>', 'an earlier version of the schema')
    .action((topic: string, options: { of?: string }, command: Command) => {
      session.about = { topic };
      const query = options.of === undefined ? '' : `?version=${encodeURIComponent(options.of)}`;
      return get(session, command, `/catalog/${encodeURIComponent(topic)}${query}`);
    });
  return catalog;
}

const grantColumns = [
  field('application'),
  { title: 'publish', value: (row: Item) => (row.publish === undefined ? '' : 'yes') },
  {
    title: 'subscribe',
    value: (row: Item) => (isItem(row.subscribe) ? Object.keys(row.subscribe).join(' ') : ''),
  },
];

interface RevokeOptions {
  readonly drop?: boolean;
  readonly yes?: boolean;
}

/** `busbar grants`: what applications may do with a topic. */
export function grantsCommand(session: Session): Command {
  const grants = new Command('grants')
    .description('what applications may do with a topic, and how to end it')
    .addHelpText(
      'after',
      '\nExamples:\n  busbar grants list orders\n  busbar grants revoke orders billing-team\n  busbar grants revoke orders billing-team --drop',
    );
  const pathOf = (topic: string) => {
    session.about = { topic };
    return `/topics/${encodeURIComponent(topic)}/grants`;
  };
  paged(grants.command('list').description('the grants on a topic').argument('<topic>')).action(
    (topic: string, _, command: Command) =>
      list(session, command, pathOf(topic), grantColumns, { member: 'grants' }),
  );
  grants
    .command('revoke')
    .description('end what an application may do with a topic, and its subscriptions')
    .argument('<topic>')
    .argument('<application>')
    .option('--drop', 'also drop what waits for its receivers, and what it has waiting for the topic')
    .option('--yes', 'do not ask whether what waits shall be dropped')
    .action(async (topic: string, application: string, { drop, yes }: RevokeOptions, command: Command) => {
      const ends = `${application} may no longer publish to ${topic}, and its subscriptions have ended`;
      const path = `${pathOf(topic)}/${encodeURIComponent(application)}`;
      if (drop !== true) return await remove(session, command, path, `${ends}.`);
      const lost = `What waits between ${topic} and ${application} is dropped, and is never delivered.`;
      if (yes !== true && !(await agreed(session, lost))) {
        throw new CliError(`${lost} Nothing is changed.`, 'Pass --yes to drop it, or leave out --drop.');
      }
      await remove(session, command, `${path}?drop=true`, `${ends}; what waited is dropped.`);
    });
  return grants;
}
