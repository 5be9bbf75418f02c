import type { Command } from 'commander';
import { type Item, isItem } from './answer.ts';
import { usageError } from './failure.ts';
import { readList, tellMore } from './pages.ts';
import { jsonText } from './plain.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { type Column, fields, table } from './table.ts';
import { several } from './values.ts';

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

interface UpdateOptions {
  readonly unset?: readonly string[];
}

/** The option of a command that changes some settings. */
export const updating = (command: Command): Command =>
  command.option(
    '--unset <setting>',
    'give this setting its default, such as limits.perSecond (may be repeated)',
    several,
  );

/** Changes the settings that are given, and leaves the others as they are. */
export async function update(
  session: Session,
  command: Command,
  path: string,
  settings: Item,
  message: string,
): Promise<void> {
  const { unset = [] } = command.opts<UpdateOptions>();
  const patch = unset.reduce((all, name) => withNull(all, name.split('.')), settings);
  if (Object.keys(patch).length === 0) {
    throw usageError('There is nothing to change.', 'Pass a setting, or --unset with the name of one.');
  }
  await change(session, command, 'PATCH', path, patch, (answer) =>
    typeof answer.secret === 'string'
      ? `${message}\nIts signing secret, which is not shown again, is ${answer.secret}`
      : message,
  );
}

/** A merge patch (RFC 7396) that also removes a field. */
function withNull(patch: Item, [name = '', ...rest]: readonly string[]): Item {
  const inner = patch[name];
  return { ...patch, [name]: rest.length === 0 ? null : withNull(isItem(inner) ? inner : {}, rest) };
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
