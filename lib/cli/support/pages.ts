import type { Command } from 'commander';
import { type Item, isItem } from './answer.ts';
import { CliError } from './failure.ts';
import { connect, type Session } from './session.ts';
import { positiveInteger } from './values.ts';

/** What a list is asked for; everything when left out. */
export interface PageOptions {
  readonly limit?: number;
  readonly cursor?: string;
}

/** The options of a command that lists. */
export const paged = (command: Command): Command =>
  command
    .option('--limit <count>', 'at most this many; all when left out', positiveInteger)
    .option('--cursor <cursor>', 'go on behind an earlier list');

const pageItemsMax = 1000;

export interface Listed {
  /** The first page, with the items of all that were read, and the cursor behind them if there are more. */
  readonly body: Item;
  readonly items: readonly Item[];
}

/**
 * Reads a list page by page until it ends, or has as many items as the options ask for.
 * @param member the member of the response that is the list, which also says on a terminal what is being read.
 */
export async function readList(
  session: Session,
  command: Command,
  path: string,
  member: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Listed> {
  const { stderr } = session.world;
  const { limit = Number.POSITIVE_INFINITY, cursor } = command.opts<PageOptions>();
  const client = connect(session, command);
  const items: Item[] = [];
  let first: Item | undefined;
  let next = cursor;
  let isTold = false;
  do {
    const parameters = new URLSearchParams({
      ...query,
      limit: String(Math.min(limit - items.length, pageItemsMax)),
      ...(next !== undefined && { cursor: next }),
    });
    const page = await client.call('GET', `${path}?${parameters}`);
    items.push(...itemsOf(page, member));
    first ??= page as Item;
    next = (page as { readonly cursor?: string }).cursor;
    if (stderr.isTerminal && next !== undefined) {
      isTold = true;
      await stderr.write(`\r\u001b[K${items.length} read so far`);
    }
  } while (next !== undefined && items.length < limit);
  if (isTold) await stderr.write('\r\u001b[K');
  const { cursor: _, ...rest } = first;
  return { body: { ...rest, [member]: items, ...(next !== undefined && { cursor: next }) }, items };
}

/** Says how a list that ended at its limit goes on. */
export async function tellMore(session: Session, { body }: Listed): Promise<void> {
  if (typeof body.cursor === 'string') await session.world.stderr.write(`More: --cursor ${body.cursor}\n`);
}

function itemsOf(page: unknown, member: string): readonly Item[] {
  const items: unknown = isItem(page) ? page[member] : undefined;
  if (Array.isArray(items) && items.every(isItem)) return items;
  throw new CliError(
    `The bus's response contains no list of ${member}.`,
    'Check that the URL is that of a bus of this version.',
  );
}
