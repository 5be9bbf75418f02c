import type { Command } from 'commander';
import { agreed } from './asking.ts';
import { remove } from './collection.ts';
import { CliError } from './failure.ts';
import { readList } from './pages.ts';
import { plain } from './plain.ts';
import type { Session } from './session.ts';

/** What a command deletes, and what ends with it. */
export interface Removed {
  /** Such as `Topic orders`. */
  readonly what: string;
  readonly path: string;
  /** The member of a subscription that names its other end. */
  readonly otherEnd: 'topic' | 'receiver';
}

interface RemoveOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
}

/** Deletes a topic or receiver, after it has asked whether the subscriptions shall end that are deleted with it. */
export async function removeAsked(session: Session, command: Command, removed: Removed): Promise<void> {
  const { what, path, otherEnd } = removed;
  const { force = false, yes = force } = command.opts<RemoveOptions>();
  const { items } = await readList(session, command, `${path}/subscriptions`, 'subscriptions');
  const others = items.map((subscription) => plain(String(subscription[otherEnd])));
  const named = `${others.length === 1 ? 'subscription' : `${others.length} subscriptions`}: ${shortened(others)}`;
  if (others.length > 0 && !yes && !(await agreed(session, `${what} is deleted with its ${named}.`))) {
    throw new CliError(
      `${what} has ${others.length === 1 ? 'a ' : ''}${named}. Nothing is deleted.`,
      'Pass --yes to end what is subscribed as well.',
    );
  }
  const query = force ? '?force=true' : '';
  const ended = others.length === 0 ? '.' : `, with its ${named}.`;
  await remove(session, command, `${path}${query}`, `${what} is deleted${ended}`);
}

const namedMax = 10;

const shortened = (names: readonly string[]) =>
  names.length <= namedMax
    ? names.join(', ')
    : `${names.slice(0, namedMax).join(', ')} and ${names.length - namedMax} more`;
