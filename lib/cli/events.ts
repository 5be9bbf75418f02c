import { Command, Option } from 'commander';
import { waitingStates } from '../core/waiting/waiting.ts';
import { given } from './support/collection.ts';
import { usageError } from './support/failure.ts';
import { paged, readList, tellMore } from './support/pages.ts';
import { jsonText, plain } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { type Column, field, table } from './support/table.ts';
import { rfc3339, seconds } from './support/values.ts';

interface WhichOptions {
  readonly source?: string;
  readonly topic?: string;
  readonly receiver?: string;
}

interface ReTimeOptions extends WhichOptions {
  readonly delay?: number;
  readonly deliverAt?: string;
}

interface WaitingOptions {
  readonly topic?: string;
  readonly receiver?: string;
  readonly state?: string;
}

const waitingColumns: readonly Column[] = [
  field('state'),
  field('id'),
  field('type'),
  field('topic'),
  field('receiver'),
  field('application'),
  field('deliverAt', 'due'),
  field('heldAt', 'held since'),
  field('transaction'),
];

export function eventsCommand(session: Session): Command {
  const { stdout } = session.world;
  const cancel = which(new Command('cancel'))
    .description('cancel a delayed event that has not been sent yet')
    .action(async (id: string, options: WhichOptions, command: Command) => {
      await connect(session, command).call('DELETE', pathOf(id, options));
      await stdout.write(
        wantsJson(command) ? `${jsonText({ id, state: 'cancelled' })}\n` : `Cancelled ${plain(id)}.\n`,
      );
    });
  const reTime = which(new Command('re-time'))
    .description('change the time of a delayed event that has not been sent yet')
    .option('--delay <time>', 'deliver this long from now: 90, 90s, 10m, 2h, 1d', seconds)
    .option('--deliver-at <time>', 'deliver at this time (RFC 3339)', rfc3339)
    .action(async (id: string, options: ReTimeOptions, command: Command) => {
      const { delay: delaySeconds, deliverAt, ...where } = options;
      if ((delaySeconds === undefined) === (deliverAt === undefined)) {
        throw usageError('Pass either --delay or --deliver-at.');
      }
      const body = given({ delaySeconds, deliverAt });
      const answer = (await connect(session, command).call('PATCH', pathOf(id, where), body)) as {
        deliverAt: string;
      };
      await stdout.write(
        wantsJson(command)
          ? `${jsonText(answer)}\n`
          : `${plain(id)} will be delivered at ${answer.deliverAt}.\n`,
      );
    });
  const waiting = paged(new Command('waiting'))
    .description(
      'list the events that wait for your topics and receivers: delayed, held, or in an open transaction',
    )
    .option('--topic <topic>', 'only for this topic')
    .option('--receiver <receiver>', 'only for this receiver')
    .addOption(new Option('--state <state>', 'only those that wait for this reason').choices(waitingStates))
    .action(async (options: WaitingOptions, command: Command) => {
      const { topic, receiver, state } = options;
      const listed = await readList(
        session,
        command,
        '/events',
        'events',
        Object.fromEntries(
          Object.entries({ topic, receiver, state }).flatMap(([name, value]) =>
            value === undefined ? [] : [[name, value]],
          ),
        ),
      );
      if (wantsJson(command)) return await stdout.write(`${jsonText(listed.body)}\n`);
      if (listed.items.length === 0) await session.world.stderr.write('Nothing is waiting.\n');
      else await stdout.write(table(listed.items, waitingColumns, stdout));
      await tellMore(session, listed);
    });
  return new Command('events')
    .description('list the events that wait; cancel or re-time delayed events')
    .addCommand(waiting)
    .addCommand(cancel)
    .addCommand(reTime)
    .addHelpText(
      'after',
      `
Examples:
  busbar events waiting --topic orders --state delayed
  busbar events cancel order-1002
  busbar events re-time order-1002 --delay 10m
  busbar events cancel invoices/2026/17 --source /billing`,
    );
}

function which(command: Command): Command {
  return command
    .argument('<event-id>', 'the id of the event')
    .option('--source <source>', 'the source of the event, if several sources use the id')
    .option('--topic <topic>', 'the topic that it was published to')
    .option('--receiver <receiver>', 'the receiver that it was sent to');
}

/** The id is a query parameter, because in the path it could not contain slashes. */
const pathOf = (id: string, { source, topic, receiver }: WhichOptions) =>
  `/events?${new URLSearchParams({ id, ...given({ source, topic, receiver }) })}`;
