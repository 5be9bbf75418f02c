import { Command, Option } from 'commander';
import { traceModes } from '../core/event/trace-mode.ts';
import type { Topic } from '../core/registry/topic.ts';
import { orderAttribute } from '../core/routing/order.ts';
import type { Item } from './support/answer.ts';
import { get, given, list, put, update, updating } from './support/collection.ts';
import { paged } from './support/pages.ts';
import { removeAsked } from './support/removing.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import { jsonOrFile, seconds } from './support/values.ts';
import { holdCommands } from './topics-hold.ts';

interface TopicOptions {
  readonly owner?: string;
  readonly description?: string;
  readonly access?: unknown;
  readonly schema?: unknown;
  readonly dedup?: number;
  readonly trace?: string;
  readonly ordered?: string | true;
  readonly holdWhen?: unknown;
  readonly force?: boolean;
}

const columns = [
  field('topic'),
  field('owner'),
  field('dedupSeconds', 'dedup (s)'),
  field('trace'),
  {
    title: 'ordered by',
    value: (row: Readonly<Record<string, unknown>>) => orderAttribute(row as Pick<Topic, 'ordered'>) ?? '',
  },
  {
    title: 'schema',
    value: (row: Readonly<Record<string, unknown>>) => (row.schemaHash === undefined ? '' : 'yes'),
  },
  field('description'),
];

export function topicsCommand(session: Session): Command {
  const topics = new Command('topics').description('create, show, hold and delete topics').addHelpText(
    'after',
    `
Examples:
  busbar topics list
  busbar topics put orders --description 'What customers order' --schema @order.schema.json --dedup 10m
  busbar topics put ledger --ordered account
  busbar topics update orders --dedup 1h --unset schema
  busbar topics update orders --schema @order.schema.json --force
  busbar topics hold orders --reason 'migration of the shop'
  busbar topics release orders --per-second 50
  busbar topics get orders --json`,
  );
  paged(topics.command('list').description('all topics')).action((_, command: Command) =>
    list(session, command, '/topics', columns, { member: 'topics' }),
  );
  topics
    .command('get')
    .description('one topic')
    .argument('<topic>')
    .action((topic: string, _, command: Command) => get(session, command, pathOf(topic)));
  settings(
    topics.command('put').description('create a topic, or replace all its settings').argument('<topic>'),
  ).action((topic: string, options: TopicOptions, command: Command) =>
    put(session, command, forced(topic, options), settingsOf(options), `Topic ${topic} is saved.`),
  );
  updating(
    settings(topics.command('update').description('change some settings of a topic').argument('<topic>')),
  ).action((topic: string, options: TopicOptions, command: Command) =>
    update(session, command, forced(topic, options), settingsOf(options), `Topic ${topic} is changed.`),
  );
  topics
    .command('delete')
    .description('delete a topic and its subscriptions')
    .argument('<topic>')
    .option('--yes', 'do not ask whether its subscriptions shall end')
    .option('--force', 'delete it even if it holds events, which are lost; do not ask')
    .action((topic: string, _, command: Command) =>
      removeAsked(session, command, {
        what: `Topic ${topic}`,
        path: pathOf(topic),
        otherEnd: 'receiver',
      }),
    );
  for (const command of holdCommands(session)) topics.addCommand(command);

  const forced = (topic: string, { force = false }: TopicOptions) =>
    `${pathOf(topic)}${force ? '?force=true' : ''}`;

  function pathOf(topic: string): string {
    session.about = { topic };
    return `/topics/${encodeURIComponent(topic)}`;
  }
  return topics;
}

const settings = (command: Command): Command =>
  command
    .option('--owner <application>', 'the application that owns it')
    .option('--description <text>', 'what it is for')
    .option(
      '--access <json|@file>',
      'who else may use it: {"publish": "owner|request|anyone", "subscribe": …}',
      jsonOrFile,
    )
    .option('--schema <json|@file>', 'a JSON Schema that the data of its events must match', jsonOrFile)
    .option(
      '--force',
      'also with a schema that would refuse some of the latest events, which are accepted now',
    )
    .option(
      '--dedup <time>',
      'how long another event with the same source and id counts as a duplicate: 300, 10m',
      seconds,
    )
    .addOption(
      new Option('--trace <what>', 'what to record of its events for `busbar why`').choices(traceModes),
    )
    .option(
      '--ordered [attribute]',
      'deliver events with the same key in order; the key is this attribute, by default the subject',
    )
    .option(
      '--hold-when <json|@file>',
      'when to hold its events so that others go first: {"backlogEvents": 10000, "backlogSeconds": 60}',
      jsonOrFile,
    );

function settingsOf(options: TopicOptions): Item {
  const { owner, description, access, schema, dedup: dedupSeconds, trace, ordered: by, holdWhen } = options;
  const ordered = typeof by === 'string' ? { by } : by;
  return given({ owner, description, access, schema, dedupSeconds, trace, ordered, holdWhen });
}
