import type { Command } from 'commander';
import { CliError } from './failure.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { type Column, fields, table } from './table.ts';

/** What topics, receivers and subscriptions have in common: list, get, delete, and telling of a put. */

type Item = Readonly<Record<string, unknown>>;

export async function list(
  session: Session,
  command: Command,
  path: string,
  columns: readonly Column[],
  noun: string,
): Promise<void> {
  const { stdout, stderr } = session.world;
  const body = await connect(session, command).call('GET', path);
  if (wantsJson(command)) return stdout.write(`${JSON.stringify(body)}\n`);
  const rows = rowsOf(body);
  if (rows.length === 0) return stderr.write(`There are no ${noun}.\n`);
  await stdout.write(table(rows, columns, stdout));
}

export async function get(session: Session, command: Command, path: string): Promise<void> {
  const { stdout } = session.world;
  const body = await connect(session, command).call('GET', path);
  const json = wantsJson(command) || !isItem(body);
  await stdout.write(json ? `${JSON.stringify(body)}\n` : fields(body, stdout));
}

/** Replaces the whole thing by `settings`; `told` is the sentence for people. */
export async function put(
  session: Session,
  command: Command,
  path: string,
  settings: Item,
  told: string,
): Promise<void> {
  const { stdout } = session.world;
  const body = await connect(session, command).call('PUT', path, settings);
  if (wantsJson(command)) return stdout.write(`${JSON.stringify(body ?? {})}\n`);
  const secret = isItem(body) && typeof body.secret === 'string' ? body.secret : undefined;
  const shownOnce =
    secret === undefined ? '' : `Its secret, shown only now, proves deliveries to the endpoint: ${secret}\n`;
  await stdout.write(`${told}\n${shownOnce}`);
}

/** Has something done; `told` says it to people, by what the bus answers. */
export async function act(
  session: Session,
  command: Command,
  path: string,
  body: Item | undefined,
  told: (answer: Item) => string,
): Promise<void> {
  const answer = await connect(session, command).call('POST', path, body);
  const item = isItem(answer) ? answer : {};
  await session.world.stdout.write(wantsJson(command) ? `${JSON.stringify(item)}\n` : `${told(item)}\n`);
}

export async function remove(session: Session, command: Command, path: string, told: string): Promise<void> {
  const body = await connect(session, command).call('DELETE', path);
  await session.world.stdout.write(wantsJson(command) ? `${JSON.stringify(body ?? {})}\n` : `${told}\n`);
}

/** Keeps what was given: the bus takes an absent field for its default. */
export function given(settings: Item): Item {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** The list in an answer, which is the answer itself or its one member that is a list. */
function rowsOf(body: unknown): readonly Item[] {
  const lists = isItem(body) ? Object.values(body).filter(Array.isArray) : [body];
  const rows: unknown = lists[0];
  if (!Array.isArray(rows) || !rows.every(isItem)) {
    throw new CliError('The answer of the bus holds no list.', 'Look at it with --json.');
  }
  return rows;
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
