import { Command, Option } from 'commander';
import type { Client } from '../client/index.ts';
import { type Item, isItem } from './support/answer.ts';
import { given } from './support/collection.ts';
import { CliError } from './support/failure.ts';
import { jsonText, plain } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { cell } from './support/table.ts';
import { positiveInteger } from './support/values.ts';
import type { Output } from './support/world.ts';
import { endOf, follow, nothingSeen, sinceOf } from './watching/follow.ts';
import { mayPass } from './watching/may-pass.ts';

interface TailOptions {
  readonly receiver?: string;
  readonly topic?: string;
  readonly type?: string;
  readonly state?: string;
  readonly lines: number;
  readonly follow: boolean;
}

/** How long to wait for more: less while something comes, more while nothing does or the bus does not answer. */
const waitSecondsMin = 1;
const waitSecondsMax = 15;
const waitGrowth = 1.5;

const pageItemsMax = 1000;
/** So many pages are read at a time; where more has come meanwhile, the oldest of it is left out. */
const pagesMax = 50;

export function tailCommand(session: Session): Command {
  return new Command('tail')
    .description('show each attempt as it is made, until Ctrl-C')
    .option('--receiver <receiver>', 'only at this receiver')
    .option('--topic <topic>', 'only of events of this topic')
    .option('--type <type>', 'only of events of this type')
    .addOption(
      new Option('--state <state>', 'only what came to this; failed has dead-lettered ones, too').choices([
        'delivered',
        'failed',
        'dead-lettered',
      ]),
    )
    .option('--lines <count>', 'begin with so many of the latest', positiveInteger, 10)
    .option('--no-follow', 'end after these')
    .addHelpText(
      'after',
      `
Only what is traced is shown: on AWS that is attempts of deliveries that failed, unless the trace of a topic is all. With
--json, each line is one attempt. At the receivers of others, the owner of a topic sees what became of its events only.

Examples:
  busbar tail --receiver billing
  busbar tail --topic orders --state failed
  busbar tail --json | jq 'select(.latencyMs > 1000)'`,
    )
    .action((options: TailOptions, command: Command) => tail(session, command, options));
}

/** Ctrl-C ends it with exit code 0. A bus that does not answer for a while may come back. */
async function tail(session: Session, command: Command, options: TailOptions): Promise<void> {
  const { stdout, stderr, interrupts } = session.world;
  const { receiver, topic, type, state, lines } = options;
  session.about = { ...session.about, ...given({ receiver, topic }) };
  const client = connect(session, command);
  const filters = given({ receiver, topic, type, state }) as Record<string, string>;
  const print = async (attempts: readonly Item[]) => {
    for (const attempt of attempts) {
      await stdout.write(wantsJson(command) ? `${jsonText(attempt)}\n` : lineOf(attempt, stdout));
    }
  };

  const first = await page(client, { ...filters, limit: String(Math.min(lines, pageItemsMax)) });
  if (first.notRecorded !== undefined) await stderr.write(`${plain(first.notRecorded)}.\n`);
  const begun = follow(nothingSeen, first.items);
  if (!options.follow) return await print(begun.fresh);

  // Before it prints: whoever sees the first line may stop it.
  const { stop } = interrupts();
  await print(begun.fresh);
  let followed = begun.followed;
  let waitSeconds = waitSecondsMin;
  // Of what is as old as the first lines, the latest were shown; what came to be before them is no news.
  let floorMs = followed.endMs;
  while (!stop.aborted) {
    try {
      const { items, isWhole } = await since(client, filters, sinceOf(followed));
      const next = follow(followed, items);
      const news = next.fresh.filter((attempt) => floorMs === undefined || endOf(attempt) > floorMs);
      floorMs = undefined;
      followed = next.followed;
      if (!isWhole) await stderr.write('More came than can be shown; some is left out.\n');
      await print(news);
      waitSeconds = news.length > 0 ? waitSecondsMin : grown(waitSeconds);
    } catch (error) {
      if (!mayPass(error)) throw error;
      waitSeconds = grown(Math.max(2, waitSeconds));
      await stderr.write(`${plain(error.detail)} Trying again.\n`);
    }
    // Ctrl-C ends the sleep; the loop then sees it.
    await session.world.wait(waitSeconds * 1000, stop);
  }
}

const grown = (seconds: number): number => Math.min(waitSecondsMax, seconds * waitGrowth);

interface AttemptPage {
  readonly items: readonly Item[];
  readonly notRecorded: string | undefined;
  readonly cursor: string | undefined;
}

async function page(client: Client, query: Readonly<Record<string, string>>): Promise<AttemptPage> {
  const answer = await client.call('GET', `/deliveries?${new URLSearchParams(query)}`);
  const { deliveries, notRecorded, cursor } = isItem(answer) ? answer : ({} as Item);
  if (!Array.isArray(deliveries)) {
    throw new CliError(
      "The bus's response contains no list of deliveries.",
      'Check that the URL is that of a bus of this version.',
    );
  }
  return {
    items: deliveries.filter(isItem),
    notRecorded: typeof notRecorded === 'string' ? notRecorded : undefined,
    cursor: typeof cursor === 'string' ? cursor : undefined,
  };
}

/** Everything since a time; where nothing is known yet, the newest page. */
async function since(
  client: Client,
  filters: Readonly<Record<string, string>>,
  time: string | undefined,
): Promise<{ readonly items: readonly Item[]; readonly isWhole: boolean }> {
  const query = { ...filters, ...(time !== undefined && { since: time }), limit: String(pageItemsMax) };
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < pagesMax; pages++) {
    const read = await page(client, { ...query, ...(cursor !== undefined && { cursor }) });
    items.push(...read.items);
    cursor = read.cursor;
    if (cursor === undefined || time === undefined) return { items, isWhole: true };
  }
  return { items, isWhole: false };
}

const colours = { delivered: 'green', failed: 'yellow', 'dead-lettered': 'red' } as const;

/** One attempt on one line. Its state is a word, never a colour alone. */
function lineOf(attempt: Item, output: Output): string {
  const { at, state, receiver, topic, type, id, attempt: number, status, error, latencyMs } = attempt;
  const colour = colours[String(state) as keyof typeof colours];
  const word = cell(state).padEnd('dead-lettered'.length);
  const came = [cell(status ?? error), latencyMs === undefined ? '' : `in ${cell(latencyMs)} ms`];
  const next = attempt.nextAttemptAt === undefined ? '' : `next ${timeOf(attempt.nextAttemptAt)}`;
  const parts = [
    output.paint('dim', timeOf(at)),
    colour === undefined ? word : output.paint(colour, word),
    output.paint('bold', cell(receiver)),
    cell(topic ?? '(invoked)'),
    output.paint('cyan', cell(type)),
    cell(id),
    `attempt ${cell(number)}`,
    came.filter((part) => part !== '').join(' '),
    next,
  ];
  return `${parts.filter((part) => part !== '').join('  ')}\n`;
}

/** `12:00:00.000`, in UTC as everywhere. */
const timeOf = (at: unknown): string => cell(at).slice(11, 23);
