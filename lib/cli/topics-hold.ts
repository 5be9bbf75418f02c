import { Command } from 'commander';
import type { Item } from './support/answer.ts';
import { change, get, given, list } from './support/collection.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import { positiveNumber } from './support/values.ts';

const columns = [
  field('id'),
  field('eventId', 'event'),
  field('type'),
  field('subject'),
  field('heldAt', 'held at'),
];

/** `busbar topics hold`, `release` and `held`. */
export function holdCommands(session: Session): Command[] {
  const pathOf = (topic: string): string => {
    session.about = { topic };
    return `/topics/${encodeURIComponent(topic)}`;
  };
  const heldPath = (topic: string, id: string) => `${pathOf(topic)}/held/${encodeURIComponent(id)}`;

  const hold = new Command('hold')
    .description('store the events of a topic instead of routing them, until it is released')
    .argument('<topic>')
    .option('--reason <text>', 'why, for other people to read')
    .option('--status', 'show the hold instead: how many events are held, and since when')
    .action((topic: string, { reason, status }: { reason?: string; status?: boolean }, command: Command) =>
      status === true
        ? get(session, command, `${pathOf(topic)}/hold`)
        : change(
            session,
            command,
            'PUT',
            `${pathOf(topic)}/hold`,
            given({ reason }),
            (shown) => `Topic ${topic} is on hold; ${heldCount(shown)}.`,
          ),
    );

  const release = new Command('release')
    .description('route the held events of a topic in order; `hold` stops the release')
    .argument('<topic>')
    .option('--per-second <rate>', 'at most this many per second', positiveNumber)
    .action((topic: string, { perSecond }: { perSecond?: number }, command: Command) =>
      change(
        session,
        command,
        'DELETE',
        `${pathOf(topic)}/hold${perSecond === undefined ? '' : `?perSecond=${perSecond}`}`,
        undefined,
        (shown) => `Topic ${topic} is being released; ${heldCount(shown)}.`,
      ),
    );

  const held = new Command('held').description('list, send or drop single held events of a topic');
  paged(
    held.command('list').description('held events, in the order of their release').argument('<topic>'),
  ).action((topic: string, _, command: Command) =>
    list(session, command, `${pathOf(topic)}/held`, columns, { member: 'events', noun: 'held events' }),
  );
  held
    .command('get')
    .description('one held event with its data')
    .argument('<topic>')
    .argument('<id>')
    .action((topic: string, id: string, _, command: Command) => get(session, command, heldPath(topic, id)));
  held
    .command('send')
    .description('route one held event now, ahead of the others')
    .argument('<topic>')
    .argument('<id>')
    .action((topic: string, id: string, _, command: Command) =>
      change(
        session,
        command,
        'POST',
        `${heldPath(topic, id)}/send`,
        undefined,
        () => `Sent the held event ${id}.`,
      ),
    );
  held
    .command('drop')
    .description('delete one held event')
    .argument('<topic>')
    .argument('<id>')
    .action((topic: string, id: string, _, command: Command) =>
      change(
        session,
        command,
        'DELETE',
        heldPath(topic, id),
        undefined,
        () => `Dropped the held event ${id}.`,
      ),
    );
  return [hold, release, held];
}

function heldCount({ held = 0 }: Item): string {
  return `${held} ${held === 1 ? 'event is' : 'events are'} held`;
}
