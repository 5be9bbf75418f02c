import type { Command } from 'commander';
import { type Item, isItem } from './answer.ts';
import { readList, tellMore } from './pages.ts';
import { jsonText } from './plain.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { type Column, fields, table } from './table.ts';

/** The subcommands that topics, receivers, subscriptions and schedules share. */

/** Prints a list. @param member the member of the response that is the list. */
export async function list(
  session: Session,
  command: Command,
  path: string,
  columns: readonly Column[],
  {
    member,
    noun = member,
    query = {},
  }: {
    readonly member: string;
    readonly noun?: string;
    readonly query?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { stdout, stderr } = session.world;
  const listed = await readList(session, command, path, member, query);
  if (wantsJson(command)) return stdout.write(`${jsonText(listed.body)}\n`);
  if (listed.items.length === 0) await stderr.write(`There are no ${noun}.\n`);
  else await stdout.write(table(listed.items, columns, stdout));
  await tellMore(session, listed);
}

export async function get(session: Session, command: Command, path: string): Promise<void> {
  const { stdout } = session.world;
  const body = await connect(session, command).call('GET', path);
  const json = wantsJson(command) || !isItem(body);
  await stdout.write(json ? `${jsonText(body)}\n` : fields(body, stdout));
}

/** Replaces all settings of a resource and prints `message`, followed by the secret if the bus made one. */
export async function put(
  session: Session,
  command: Command,
  path: string,
  settings: Item,
  message: string,
): Promise<void> {
  const { stdout } = session.world;
  const body = await connect(session, command).call('PUT', path, settings);
  if (wantsJson(command)) return stdout.write(`${jsonText(body ?? {})}\n`);
  const secret = isItem(body) && typeof body.secret === 'string' ? body.secret : undefined;
  const shownOnce =
    secret === undefined ? '' : `Its signing secret, which is not shown again, is ${secret}\n`;
  await stdout.write(`${message}\n${shownOnce}`);
}

/** Sends a POST and prints the message that `messageOf` makes of the answer. */
export async function act(
  session: Session,
  command: Command,
  path: string,
  body: Item | undefined,
  messageOf: (answer: Item) => string,
): Promise<void> {
  await change(session, command, 'POST', path, body, messageOf);
}

export async function remove(
  session: Session,
  command: Command,
  path: string,
  message: string,
): Promise<void> {
  await change(session, command, 'DELETE', path, undefined, () => message);
}

/** Sends a request that changes something, and prints the answer as JSON or as the message made of it. */
export async function change(
  session: Session,
  command: Command,
  method: string,
  path: string,
  body: Item | undefined,
  messageOf: (answer: Item) => string,
): Promise<void> {
  const answer = await connect(session, command).call(method, path, body);
  const item = isItem(answer) ? answer : {};
  await session.world.stdout.write(wantsJson(command) ? `${jsonText(item)}\n` : `${messageOf(item)}\n`);
}

/** The settings without those that are undefined, which the bus then sets to their defaults. */
export function given(settings: Item): Item {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
