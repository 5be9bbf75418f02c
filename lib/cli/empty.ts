import { Command } from 'commander';
import { BusbarError } from '../client/index.ts';
import { type Contents, type Filled, readContents } from './emptying/read-contents.ts';
import { isItem } from './support/answer.ts';
import { agreed } from './support/asking.ts';
import { exitCodes } from './support/exit-codes.ts';
import { CliError } from './support/failure.ts';
import { jsonText, plain } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';

interface EmptyOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `busbar empty`: what to do before the stack of a bus is destroyed. */
export function emptyCommand(session: Session): Command {
  return new Command('empty')
    .description('delete what was made over the API, before the stack of a bus is destroyed')
    .option('--dry-run', 'only say what would be deleted and lost')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
A stack knows only what busbar.config.ts declares: destroying it would leave the queues, topics and mappings of
everything else behind. This deletes schedules, receivers and topics that were made over the API, and says first
what is lost with them and with the stack. It needs the key of an admin. Applications, keys and the audit stay in
the table, which outlives the stack.

Examples:
  busbar empty --dry-run
  busbar empty && npx cdk destroy`,
    )
    .action((options: EmptyOptions, command: Command) => empty(session, command, options));
}

async function empty(session: Session, command: Command, options: EmptyOptions): Promise<void> {
  const { stdout, stderr } = session.world;
  const client = connect(session, command);
  const me = await client.call('GET', '/me');
  if (!isItem(me) || me.role !== 'admin') {
    throw new CliError(
      'This key is not of an admin, and sees only a part of the bus.',
      'Use the key of an admin.',
    );
  }
  const contents = await readContents(session, command);
  if (wantsJson(command)) await stdout.write(`${jsonText(contents)}\n`);
  else await stdout.write(textOf(contents));
  const { receivers, topics, schedules } = contents.remain;
  const paths = [
    // First what sends, then what receives: nothing new comes to what is deleted next.
    ...schedules.map((name) => `/schedules/${encodeURIComponent(name)}`),
    ...topics.map((name) => `/topics/${encodeURIComponent(name)}?force=true`),
    ...receivers.map(({ receiver }) => `/receivers/${encodeURIComponent(receiver)}?force=true`),
  ];
  if (options.dryRun || paths.length === 0) return;
  if (!options.yes && !(await agreed(session, 'All of this is deleted and lost.'))) {
    throw new CliError('Nothing is deleted.', 'Pass --yes to delete it.');
  }
  let deleted = 0;
  for (const path of paths) {
    if (await isDeleted(() => client.call('DELETE', path))) deleted++;
    else session.exitCode = exitCodes.failed;
    if (stderr.isTerminal) await stderr.write(`\r\u001b[K${deleted} of ${paths.length} deleted`);
  }
  if (stderr.isTerminal) await stderr.write('\r\u001b[K');
  await stderr.write(`${deleted} of ${paths.length} are deleted. The stack may be destroyed now.\n`);

  /** What is gone already is deleted; what the bus refuses is told, and the others go on. */
  async function isDeleted(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof BusbarError) || error.status === undefined || error.status >= 500) throw error;
      if (error.status === 404) return true;
      await stderr.write(`${plain(error.message)}\n`);
      return false;
    }
  }
}

function textOf({ remain, declaredReceivers, waiting }: Contents): string {
  const { receivers, topics, schedules } = remain;
  const lines = [
    'Deletes, as the stack does not know it:',
    `  receivers  ${named(receivers.map(filledText))}`,
    `  topics     ${named(topics)}`,
    `  schedules  ${named(schedules)}`,
    'Goes with the stack:',
    `  receivers  ${named(declaredReceivers.map(filledText))}`,
    `  waiting    ${waiting.delayed} delayed, ${waiting.held} held and ${waiting.open} in open transactions`,
    'What the receivers have waiting, their dead letters, and the waiting events are lost.',
  ];
  return `${lines.join('\n')}\n`;
}

const filledText = ({ receiver, waiting, deadLetters }: Filled) =>
  waiting + deadLetters === 0 ? receiver : `${receiver} (${waiting} waiting, ${deadLetters} dead letters)`;

const namedMax = 20;
const named = (names: readonly string[]) =>
  names.length === 0
    ? 'none'
    : [
        ...names.slice(0, namedMax).map(plain),
        ...(names.length > namedMax ? [`${names.length - namedMax} more`] : []),
      ].join(', ');
