import { Command } from 'commander';
import { given } from './collection.ts';
import { usageError } from './failure.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { plain } from './table.ts';
import { rfc3339, seconds } from './values.ts';

interface WhichOptions {
  readonly source?: string;
  readonly topic?: string;
  readonly receiver?: string;
}

interface ReTimeOptions extends WhichOptions {
  readonly delay?: number;
  readonly deliverAt?: string;
}

export function eventsCommand(session: Session): Command {
  const { stdout } = session.world;
  const cancel = which(new Command('cancel'))
    .description('cancel a delayed event that has not left')
    .action(async (id: string, options: WhichOptions, command: Command) => {
      await connect(session, command).call('DELETE', pathOf(id, options));
      await stdout.write(
        wantsJson(command) ? `${JSON.stringify({ id, state: 'cancelled' })}\n` : `Cancelled ${plain(id)}.\n`,
      );
    });
  const reTime = which(new Command('re-time'))
    .description('give a delayed event that has not left another time')
    .option('--delay <time>', 'so long from now: 90, 90s, 10m, 2h, 1d', seconds)
    .option('--deliver-at <time>', 'at this RFC 3339 time', rfc3339)
    .action(async (id: string, options: ReTimeOptions, command: Command) => {
      const { delay: delaySeconds, deliverAt, ...where } = options;
      if ((delaySeconds === undefined) === (deliverAt === undefined)) {
        throw usageError('Give --delay or --deliver-at.');
      }
      const body = given({ delaySeconds, deliverAt });
      const answer = (await connect(session, command).call('PATCH', pathOf(id, where), body)) as {
        deliverAt: string;
      };
      await stdout.write(
        wantsJson(command)
          ? `${JSON.stringify(answer)}\n`
          : `${plain(id)} will be delivered at ${answer.deliverAt}.\n`,
      );
    });
  return new Command('events')
    .description('cancel or re-time delayed events')
    .addCommand(cancel)
    .addCommand(reTime)
    .addHelpText(
      'after',
      `
Examples:
  busbar events cancel order-1002
  busbar events re-time order-1002 --delay 10m
  busbar events cancel invoices/2026/17 --source /billing`,
    );
}

function which(command: Command): Command {
  return command
    .argument('<event-id>', 'the id of the event')
    .option('--source <source>', 'of this source, where several have the id')
    .option('--topic <topic>', 'published to this topic')
    .option('--receiver <receiver>', 'invoked at this receiver');
}

/** The id stands in the query and not in the path, where it could not have slashes. */
const pathOf = (id: string, { source, topic, receiver }: WhichOptions) =>
  `/events?${new URLSearchParams({ id, ...given({ source, topic, receiver }) })}`;
