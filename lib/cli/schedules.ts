import { Command, Option } from 'commander';
import { misfires } from '../core/schedule/recurrence.ts';
import { act, get, given, list, put, remove } from './support/collection.ts';
import { usageError } from './support/failure.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import { jsonOrFile, seconds } from './support/values.ts';

interface ScheduleOptions {
  readonly topic?: string;
  readonly receiver?: string;
  readonly cron?: string;
  readonly timezone?: string;
  readonly every?: number;
  readonly misfire?: string;
  readonly type: string;
  readonly data?: unknown;
  readonly source?: string;
  readonly subject?: string;
  readonly owner?: string;
  readonly description?: string;
}

type Row = Readonly<Record<string, unknown>>;

const columns = [
  field('schedule'),
  field('state'),
  {
    title: 'when',
    value: (row: Row) =>
      row.cron === undefined
        ? `every ${String(row.everySeconds)} s`
        : `${String(row.cron)} ${String(row.timezone ?? 'UTC')}`,
  },
  { title: 'to', value: (row: Row) => String(row.topic ?? row.receiver) },
  { title: 'next', value: (row: Row) => (Array.isArray(row.next) ? String(row.next[0] ?? '') : '') },
  field('problem'),
];

export function schedulesCommand(session: Session): Command {
  const schedules = new Command('schedules')
    .description('create, show, pause and delete recurring schedules')
    .addHelpText(
      'after',
      `
When clocks go forward, a time that does not exist is skipped; when they go back, a repeated time fires once.

Examples:
  busbar schedules put nightly --topic reports --cron '30 2 * * *' --timezone Europe/Berlin --type report.due
  busbar schedules put poll --receiver billing --every 5m --type poll.due --data '{"full": false}'
  busbar schedules pause nightly`,
    );
  paged(schedules.command('list').description('all schedules')).action((_, command: Command) =>
    list(session, command, '/schedules', columns, { member: 'schedules' }),
  );
  schedules
    .command('get')
    .description('one schedule, with its next times')
    .argument('<schedule>')
    .action((name: string, _, command: Command) => get(session, command, pathOf(name)));
  schedules
    .command('put')
    .description('create a schedule, or replace its settings')
    .argument('<schedule>')
    .option('--topic <topic>', 'publish to this topic')
    .option('--receiver <receiver>', 'or send to this receiver')
    .option('--cron <expression>', 'five fields: minute, hour, day of the month, month, day of the week')
    .option('--timezone <zone>', 'the time zone of the expression, such as Europe/Berlin (default: UTC)')
    .option('--every <time>', 'or an interval: 30, 30s, 5m, 1h, 1d', seconds)
    .addOption(new Option('--misfire <policy>', 'what to do with missed times').choices(misfires))
    .requiredOption('--type <type>', 'the type of its events')
    .option('--data <json|@file>', 'their data', jsonOrFile)
    .option('--source <uri>', 'their source (default: /schedules/<schedule>)')
    .option('--subject <subject>', 'their subject')
    .option('--owner <application>', 'the application that owns it')
    .option('--description <text>', 'what it is for')
    .action((name: string, options: ScheduleOptions, command: Command) => {
      const { type, data, source, subject, every: everySeconds, ...others } = options;
      if ((options.topic === undefined) === (options.receiver === undefined)) {
        throw usageError('Pass either --topic or --receiver.');
      }
      if ((options.cron === undefined) === (everySeconds === undefined)) {
        throw usageError('Pass either --cron or --every.');
      }
      const event = given({ type, data, source, subject });
      return put(
        session,
        command,
        pathOf(name),
        given({ ...others, everySeconds, event }),
        `Schedule ${name} is saved.`,
      );
    });
  schedules
    .command('pause')
    .description('stop a schedule; it does not catch up on what it misses')
    .argument('<schedule>')
    .action((name: string, _, command: Command) =>
      act(session, command, `${pathOf(name)}/pause`, undefined, () => `Schedule ${name} is paused.`),
    );
  schedules
    .command('resume')
    .description('resume a paused schedule')
    .argument('<schedule>')
    .action((name: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(name)}/resume`,
        undefined,
        ({ next }) =>
          `Schedule ${name} is active; it next fires at ${Array.isArray(next) ? String(next[0]) : 'its next time'}.`,
      ),
    );
  schedules
    .command('delete')
    .description('delete a schedule')
    .argument('<schedule>')
    .action((name: string, _, command: Command) =>
      remove(session, command, pathOf(name), `Schedule ${name} is deleted.`),
    );
  return schedules;
}

const pathOf = (name: string) => `/schedules/${encodeURIComponent(name)}`;
