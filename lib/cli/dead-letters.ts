import { Command } from 'commander';
import type { Item } from './support/answer.ts';
import { get } from './support/collection.ts';
import { paged, readList, tellMore } from './support/pages.ts';
import { jsonText } from './support/plain.ts';
import { type Session, wantsJson } from './support/session.ts';
import { type Column, field, table } from './support/table.ts';

interface List {
  readonly waiting: number;
  readonly clusters?: readonly Item[];
  readonly deadLetters: readonly Item[];
  readonly clustersPartial?: boolean;
}

const clusterColumns: readonly Column[] = [
  field('cause'),
  field('count'),
  field('firstAt', 'first'),
  field('lastAt', 'last'),
  {
    title: 'example',
    value: ({ example }) => (example as { detail?: string } | undefined)?.detail?.slice(0, 60),
  },
];
const letterColumns: readonly Column[] = [
  field('id'),
  field('eventType', 'type'),
  field('eventId', 'event'),
  field('cause'),
  field('attempts'),
  field('diedAt', 'died'),
];

export function deadLettersCommand(session: Session): Command {
  return paged(
    new Command('dead-letters')
      .description('list the dead letters of a receiver by cause')
      .argument('<receiver>')
      .argument('[id]', 'show this dead letter, with its event')
      .option('--cause <cause>', 'only those with this cause, such as http-500'),
  )
    .addHelpText(
      'after',
      `
Examples:
  busbar dead-letters billing
  busbar dead-letters billing --cause http-500 --limit 200
  busbar dead-letters billing dlv_6mSL0aYpM0hUaUWJ2hCFGWcPRXsR9FfP`,
    )
    .action(async (receiver: string, id: string | undefined, _, command: Command) => {
      session.about = { receiver };
      const { stdout, stderr } = session.world;
      const base = `/receivers/${encodeURIComponent(receiver)}/dead-letters`;
      if (id !== undefined) return await get(session, command, `${base}/${encodeURIComponent(id)}`);
      const { cause } = command.opts<{ cause?: string }>();
      const listed = await readList(
        session,
        command,
        base,
        'deadLetters',
        cause === undefined ? {} : { cause },
      );
      if (wantsJson(command)) return await stdout.write(`${jsonText(listed.body)}\n`);
      const list = listed.body as unknown as List;
      if (list.waiting > 0) {
        await stderr.write(
          `About ${list.waiting} more are still in the queue: list them again in a moment.\n`,
        );
      }
      if (list.clustersPartial === true) {
        await stderr.write('There are more than one call counts: the causes are those of the oldest.\n');
      }
      if (list.deadLetters.length === 0) await stderr.write(`There are no dead letters of ${receiver}.\n`);
      if (list.clusters !== undefined && list.clusters.length > 0) {
        await stdout.write(`${table(list.clusters, clusterColumns, stdout)}\n`);
      }
      if (list.deadLetters.length > 0) await stdout.write(table(list.deadLetters, letterColumns, stdout));
      await tellMore(session, listed);
    });
}
