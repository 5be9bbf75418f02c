import { Command } from 'commander';
import { type Item, isItem } from './support/answer.ts';
import { jsonText } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { type Column, field, fields, table } from './support/table.ts';
import { rfc3339, seconds } from './support/values.ts';

interface PeriodOptions {
  readonly since?: string;
  readonly until?: string;
  readonly step?: number;
}

type Row = Readonly<Record<string, unknown>>;

const latency = (part: 'p50' | 'p99'): Column => ({
  title: `${part} ms`,
  value: ({ latencyMs }: Row) => (isItem(latencyMs) ? latencyMs[part] : undefined),
});

const published = ['accepted', 'rejected', 'duplicate', 'bytes'].map((name) => field(name));
const received = [
  field('delivered'),
  field('failed'),
  field('deadLettered', 'dead letters'),
  field('dropped'),
];

/** What each kind of thing has to show, and by which of its counters its bars are drawn. */
const kinds = {
  receiver: { path: 'receivers', columns: [...received, latency('p50'), latency('p99')], bars: 'delivered' },
  topic: { path: 'topics', columns: published, bars: 'accepted' },
  application: {
    path: 'applications',
    columns: [...published, ...received, field('costDollars', 'cost $')],
    bars: 'accepted',
  },
} as const;

export function statisticsCommand(session: Session): Command {
  const statistics = new Command('statistics')
    .description('how much came and went, and how fast')
    .addHelpText(
      'after',
      `
Examples:
  busbar statistics receiver billing
  busbar statistics topic orders --step 1h --since 2026-01-30T00:00:00Z
  busbar statistics application shop --json`,
    );
  for (const kind of ['receiver', 'topic'] as const) {
    period(statistics.command(kind))
      .description(`a ${kind} by minutes, hours or days; steps without traffic are left out`)
      .option('--step <duration>', '1m, 1h or 1d for each point (default: 1m)', seconds)
      .action((name: string, options: PeriodOptions, command: Command) =>
        show(session, command, kind, name, options),
      );
  }
  period(statistics.command('application'))
    .description('an application by months, with an estimate of its cost')
    .action((name: string, options: PeriodOptions, command: Command) =>
      show(session, command, 'application', name, options),
    );
  return statistics;
}

const period = (command: Command): Command =>
  command
    .argument('<name>')
    .option('--since <time>', 'from the point that contains this time (RFC 3339)', rfc3339)
    .option('--until <time>', 'before this time (RFC 3339)', rfc3339);

async function show(
  session: Session,
  command: Command,
  kind: keyof typeof kinds,
  name: string,
  { since, until, step }: PeriodOptions,
): Promise<void> {
  const { stdout, stderr } = session.world;
  const { path, columns, bars } = kinds[kind];
  const query = new URLSearchParams(
    Object.entries({ since, until, step: step?.toString() }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  ).toString();
  const answer = await connect(session, command).call(
    'GET',
    `/${path}/${encodeURIComponent(name)}/statistics${query === '' ? '' : `?${query}`}`,
  );
  if (wantsJson(command)) return await stdout.write(`${jsonText(answer)}\n`);
  const { points = [], now } = (isItem(answer) ? answer : {}) as { points?: Item[]; now?: Item };
  const busy = points.filter((point) => columns.some(({ value }) => Number(value(point) ?? 0) > 0));
  if (busy.length === 0) await stderr.write('Nothing happened in that time.\n');
  else {
    const most = Math.max(...busy.map((point) => Number(point[bars] ?? 0)));
    const bar: Column = { title: '', value: (point) => barOf(Number(point[bars] ?? 0), most) };
    await stdout.write(table(busy, [field('at'), ...columns, bar], stdout));
  }
  if (isItem(now)) await stdout.write(`\n${fields(now, stdout)}`);
}

const barWidth = 20;

/** A bar whose length is the part of the most. */
const barOf = (count: number, most: number): string =>
  most === 0 ? '' : '#'.repeat(Math.ceil((count / most) * barWidth));
