import { Command, Option } from 'commander';
import { orderAttribute } from '../core/order.ts';
import type { Topic } from '../core/registry.ts';
import { traceModes } from '../core/trace.ts';
import { get, given, list, put, remove } from './collection.ts';
import { holdCommands } from './hold.ts';
import type { Session } from './session.ts';
import { field } from './table.ts';
import { jsonOrFile, seconds } from './values.ts';

interface TopicOptions {
  readonly owner?: string;
  readonly description?: string;
  readonly schema?: unknown;
  readonly dedup?: number;
  readonly trace?: string;
  readonly ordered?: string | true;
  readonly holdWhen?: unknown;
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
    value: (row: Readonly<Record<string, unknown>>) => (row.schema === undefined ? '' : 'yes'),
  },
  field('description'),
];

export function topicsCommand(session: Session): Command {
  const topics = new Command('topics').description('list, show, make and delete topics').addHelpText(
    'after',
    `
Examples:
  busbar topics list
  busbar topics put orders --description 'What customers order' --schema @order.schema.json --dedup 10m
  busbar topics put ledger --ordered account
  busbar topics hold orders --reason 'migration of the shop'
  busbar topics release orders --per-second 50
  busbar topics get orders --json`,
  );
  topics
    .command('list')
    .description('all topics')
    .action((_, command: Command) => list(session, command, '/topics', columns, 'topics'));
  topics
    .command('get')
    .description('one topic')
    .argument('<topic>')
    .action((topic: string, _, command: Command) => get(session, command, pathOf(topic)));
  topics
    .command('put')
    .description('make a topic, or replace its settings')
    .argument('<topic>')
    .option('--owner <application>', 'the application that it belongs to')
    .option('--description <text>', 'what it carries')
    .option('--schema <json|@file>', 'a JSON Schema that data must match', jsonOrFile)
    .option(
      '--dedup <time>',
      'how long a second event of the same source and id is a duplicate: 300, 10m',
      seconds,
    )
    .addOption(new Option('--trace <what>', 'what `busbar why` can tell of its events').choices(traceModes))
    .option(
      '--ordered [attribute]',
      'deliver events of one key in order; the key is the subject, or the attribute that is named',
    )
    .option(
      '--hold-when <json|@file>',
      'when it gives way to others: {"backlogEvents": 10000, "backlogSeconds": 60}',
      jsonOrFile,
    )
    .action((topic: string, options: TopicOptions, command: Command) => {
      const { owner, description, schema, dedup: dedupSeconds, trace, ordered: by, holdWhen } = options;
      const ordered = typeof by === 'string' ? { by } : by;
      const settings = given({ owner, description, schema, dedupSeconds, trace, ordered, holdWhen });
      return put(session, command, pathOf(topic), settings, `Topic ${topic} is saved.`);
    });
  topics
    .command('delete')
    .description('delete a topic')
    .argument('<topic>')
    .option('--force', 'even when it holds events, which go with it')
    .action((topic: string, { force }: { force?: boolean }, command: Command) =>
      remove(
        session,
        command,
        `${pathOf(topic)}${force === true ? '?force=true' : ''}`,
        `Topic ${topic} is deleted.`,
      ),
    );
  for (const command of holdCommands(session)) topics.addCommand(command);

  function pathOf(topic: string): string {
    session.about = { topic };
    return `/topics/${encodeURIComponent(topic)}`;
  }
  return topics;
}
