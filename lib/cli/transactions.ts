import { Command } from 'commander';
import type { Item } from './support/answer.ts';
import { act, get } from './support/collection.ts';
import { paged, readList, tellMore } from './support/pages.ts';
import { jsonText, plain } from './support/plain.ts';
import { type Session, wantsJson } from './support/session.ts';
import { type Column, field, table } from './support/table.ts';

interface OpenOptions {
  readonly topic?: string;
  readonly receiver?: string;
}

/** An open transaction, as far as its events are listed. */
interface Open {
  readonly transaction: string;
  readonly application: unknown;
  readonly events: readonly Item[];
}

const columns: readonly Column[] = [
  field('transaction'),
  field('application'),
  { title: 'events', value: ({ events }) => (events as Open['events']).length },
  { title: 'to', value: ({ events }) => distinct(events as Open['events'], targetOf) },
  { title: 'types', value: ({ events }) => distinct(events as Open['events'], ({ type }) => type) },
];

/** `busbar transactions`: what is open, and its end by hand. */
export function transactionsCommand(session: Session): Command {
  const { stdout, stderr } = session.world;
  const transactions = new Command('transactions')
    .description('list open transactions; show, commit and roll back one')
    .addHelpText(
      'after',
      `
An admin names the transaction of another application <application>.<id>.

Examples:
  busbar transactions list --topic orders
  busbar transactions get order-1001
  busbar transactions commit order-1001
  busbar transactions rollback order-1001`,
    );
  paged(transactions.command('list').description('the open transactions for your topics and receivers'))
    .option('--topic <topic>', 'only with events for this topic')
    .option('--receiver <receiver>', 'only with events for this receiver')
    .action(async ({ topic, receiver }: OpenOptions, command: Command) => {
      const query = {
        state: 'open',
        ...(topic !== undefined && { topic }),
        ...(receiver !== undefined && { receiver }),
      };
      const listed = await readList(session, command, '/events', 'events', query);
      const open = byTransaction(listed.items);
      if (wantsJson(command)) {
        const { cursor } = listed.body;
        const body = { transactions: open, ...(cursor !== undefined && { cursor }) };
        return await stdout.write(`${jsonText(body)}\n`);
      }
      if (open.length === 0) await stderr.write('There are no open transactions.\n');
      else await stdout.write(table(open as unknown as readonly Item[], columns, stdout));
      await tellMore(session, listed);
    });
  transactions
    .command('get')
    .alias('show')
    .description('one transaction: its state, who decided, and the checks')
    .argument('<id>')
    .action((id: string, _, command: Command) => get(session, command, pathOf(id)));
  for (const [decision, description, done] of [
    ['commit', 'let the events of a transaction go', 'committed'],
    ['rollback', 'drop the events of a transaction', 'rolled back'],
  ] as const) {
    transactions
      .command(decision)
      .description(description)
      .argument('<id>')
      .action((id: string, _, command: Command) =>
        act(
          session,
          command,
          `${pathOf(id)}/${decision}`,
          undefined,
          () => `The transaction ${plain(id)} is ${done}.`,
        ),
      );
  }
  return transactions;
}

const pathOf = (id: string) => `/transactions/${encodeURIComponent(id)}`;

/** The events of each transaction together, in the order in which they are listed. */
function byTransaction(events: readonly Item[]): Open[] {
  const found = new Map<string, { transaction: string; application: unknown; events: Item[] }>();
  for (const { transaction, application, state: _, ...event } of events) {
    // An id belongs to an application: another one may use the same.
    const identity = JSON.stringify([application, transaction]);
    const open = found.get(identity) ?? { transaction: String(transaction), application, events: [] };
    open.events.push(event);
    found.set(identity, open);
  }
  return [...found.values()];
}

const targetOf = ({ topic, receiver }: Item) => topic ?? receiver;

const distinct = (events: readonly Item[], of: (event: Item) => unknown): string =>
  [...new Set(events.map((event) => String(of(event))))].join(', ');
