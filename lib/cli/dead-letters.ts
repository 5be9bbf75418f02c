import { Command } from 'commander';
import { jsonText } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { type Column, field, fields, table } from './support/table.ts';
import { positiveInteger } from './support/values.ts';

interface Letter extends Readonly<Record<string, unknown>> {
  readonly id: string;
}
interface List {
  readonly waiting: number;
  readonly clusters?: readonly Readonly<Record<string, unknown>>[];
  readonly deadLetters: readonly Letter[];
  readonly cursor?: string;
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
  return new Command('dead-letters')
    .description('list the dead letters of a receiver by cause')
    .argument('<receiver>')
    .argument('[id]', 'show this dead letter, with its event')
    .option('--cause <cause>', 'only those with this cause, such as http-500')
    .option('--limit <count>', 'at most this many', positiveInteger)
    .option('--cursor <cursor>', 'continue after an earlier list')
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
      const { cause, limit, cursor } = command.opts<{ cause?: string; limit?: number; cursor?: string }>();
      const query = new URLSearchParams();
      if (cause !== undefined) query.set('cause', cause);
      if (limit !== undefined) query.set('limit', String(limit));
      if (cursor !== undefined) query.set('cursor', cursor);
      const base = `/receivers/${encodeURIComponent(receiver)}/dead-letters`;
      const path = id === undefined ? `${base}?${query}` : `${base}/${encodeURIComponent(id)}`;
      const body = await connect(session, command).call('GET', path);
      if (wantsJson(command)) return stdout.write(`${jsonText(body)}\n`);
      if (id !== undefined) return stdout.write(fields(body as Letter, stdout));
      const list = body as List;
      if (list.waiting > 0) {
        await stderr.write(
          `About ${list.waiting} more are still in the queue: list them again in a moment.\n`,
        );
      }
      if (list.deadLetters.length === 0) return stderr.write(`There are no dead letters of ${receiver}.\n`);
      if (list.clusters !== undefined) {
        await stdout.write(`${table(list.clusters, clusterColumns, stdout)}\n`);
      }
      await stdout.write(table(list.deadLetters, letterColumns, stdout));
      if (list.cursor !== undefined) await stderr.write(`More: --cursor ${list.cursor}\n`);
    });
}
