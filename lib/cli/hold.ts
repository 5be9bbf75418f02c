import { Command } from 'commander';
import { get, given, list } from './collection.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { field } from './table.ts';
import { positiveInteger, positiveNumber } from './values.ts';

const columns = [
  field('id'),
  field('eventId', 'event'),
  field('type'),
  field('subject'),
  field('heldAt', 'held at'),
];

interface Shown {
  readonly state?: string;
  readonly held?: number;
}

const counted = ({ held = 0 }: Shown) => `${held} ${held === 1 ? 'event is' : 'events are'} held`;

/** `busbar topics hold`, `release` and `held`: what stores the events of a topic for a while. */
export function holdCommands(session: Session): Command[] {
  const pathOf = (topic: string): string => {
    session.about = { topic };
    return `/topics/${encodeURIComponent(topic)}`;
  };
  const heldPath = (topic: string, id: string) => `${pathOf(topic)}/held/${encodeURIComponent(id)}`;
  const call = async (
    command: Command,
    method: string,
    path: string,
    body: object | undefined,
    told: (shown: Shown) => string,
  ): Promise<void> => {
    const answer = ((await connect(session, command).call(method, path, body)) ?? {}) as Shown;
    await session.world.stdout.write(
      wantsJson(command) ? `${JSON.stringify(answer)}\n` : `${told(answer)}\n`,
    );
  };

  const hold = new Command('hold')
    .description('store the events of a topic instead of routing them, until it is released')
    .argument('<topic>')
    .option('--reason <text>', 'why, for whoever looks')
    .option('--status', 'show the hold instead: how many events it has, and since when')
    .action((topic: string, { reason, status }: { reason?: string; status?: boolean }, command: Command) =>
      status === true
        ? get(session, command, `${pathOf(topic)}/hold`)
        : call(
            command,
            'PUT',
            `${pathOf(topic)}/hold`,
            given({ reason }),
            (shown) => `Topic ${topic} is on hold; ${counted(shown)}.`,
          ),
    );

  const release = new Command('release')
    .description('route what a topic holds, in its order; `hold` stops it')
    .argument('<topic>')
    .option('--per-second <rate>', 'at most this many a second', positiveNumber)
    .action((topic: string, { perSecond }: { perSecond?: number }, command: Command) =>
      call(
        command,
        'DELETE',
        `${pathOf(topic)}/hold${perSecond === undefined ? '' : `?perSecond=${perSecond}`}`,
        undefined,
        (shown) => `Topic ${topic} is being released; ${counted(shown)} yet.`,
      ),
    );

  const held = new Command('held').description('list, send or drop single events that a topic holds');
  held
    .command('list')
    .description('what it holds, in the order of the release')
    .argument('<topic>')
    .option('--limit <count>', 'at most so many, up to 100', positiveInteger)
    .option('--cursor <cursor>', 'go on behind an earlier list')
    .action((topic: string, options: { limit?: number; cursor?: string }, command: Command) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(given({ ...options }))) query.set(name, String(value));
      const path = `${pathOf(topic)}/held${query.size === 0 ? '' : `?${query}`}`;
      return list(session, command, path, columns, 'held events');
    });
  held
    .command('get')
    .description('one held event, whole')
    .argument('<topic>')
    .argument('<id>')
    .action((topic: string, id: string, _, command: Command) => get(session, command, heldPath(topic, id)));
  held
    .command('send')
    .description('route one held event now, ahead of the others')
    .argument('<topic>')
    .argument('<id>')
    .action((topic: string, id: string, _, command: Command) =>
      call(command, 'POST', `${heldPath(topic, id)}/send`, undefined, () => `Held event ${id} is sent.`),
    );
  held
    .command('drop')
    .description('throw one held event away')
    .argument('<topic>')
    .argument('<id>')
    .action((topic: string, id: string, _, command: Command) =>
      call(command, 'DELETE', heldPath(topic, id), undefined, () => `Held event ${id} is dropped.`),
    );
  return [hold, release, held];
}
