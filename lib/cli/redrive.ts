import { Command } from 'commander';
import { given } from './support/collection.ts';
import { exitCodes } from './support/exit-codes.ts';
import { CliError } from './support/failure.ts';
import { jsonText } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { positiveNumber, several } from './support/values.ts';

interface Run {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly total: number;
  readonly sent: number;
  readonly missing: number;
}

interface RedriveOptions {
  readonly id?: readonly string[];
  readonly cause?: string;
  readonly perSecond?: number;
  readonly detach?: boolean;
}

const pollMs = 1000;

export function redriveCommand(session: Session): Command {
  return new Command('redrive')
    .description('send the dead letters of a receiver to it again')
    .argument('<receiver>')
    .option('--id <id>', 'only this dead letter (may be repeated)', several)
    .option('--cause <cause>', 'only those with this cause, such as http-500')
    .option('--per-second <rate>', 'at most this many per second', positiveNumber)
    .option('--detach', 'start the redrive without waiting for its end; follow it with --status')
    .option('--status', 'show the running redrive, or the last one')
    .option('--stop', 'stop the running redrive; letters not sent yet remain dead letters')
    .addHelpText(
      'after',
      `
The first letter is sent alone. If it cannot be delivered, the redrive halts and the rest remain dead letters.

Examples:
  busbar redrive billing --cause http-503 --per-second 20
  busbar redrive billing --id dlv_6mSL0aYpM0hUaUWJ2hCFGWcPRXsR9FfP
  busbar redrive billing --stop`,
    )
    .action(
      async (
        receiver: string,
        options: RedriveOptions & { status?: boolean; stop?: boolean },
        command: Command,
      ) => {
        session.about = { receiver };
        const { stdout } = session.world;
        const client = connect(session, command);
        const path = `/receivers/${encodeURIComponent(receiver)}/redrive`;
        const { id: ids, cause, perSecond } = options;
        const isStart = options.status !== true && options.stop !== true;
        let run = (
          options.stop === true
            ? await client.call('DELETE', path)
            : options.status === true
              ? await client.call('GET', path)
              : await client.call('POST', path, given({ ids, cause, perSecond }))
        ) as Run;
        if (isStart && options.detach !== true)
          run = await follow(session, run, () => client.call('GET', path));
        await stdout.write(wantsJson(command) ? `${jsonText(run)}\n` : `${sentence(run)}\n`);
        if (run.state === 'halted' && isStart) session.exitCode = exitCodes.failed;
      },
    );
}

/** Shows the progress of a run until it ends. Ctrl-C ends the display, not the run. */
async function follow(session: Session, started: Run, look: () => Promise<unknown>): Promise<Run> {
  const { stderr } = session.world;
  const { stop } = session.world.interrupts();
  let run = started;
  while (!['done', 'halted', 'stopped'].includes(run.state) && !stop.aborted) {
    if (stderr.isTerminal) await stderr.write(`\r\u001b[K${progress(run)}`);
    // Ctrl-C ends the sleep; the loop then sees it.
    await session.world.wait(pollMs, stop);
    const next = (await look()) as Run;
    if (next.id !== run.id) {
      throw new CliError('Another redrive of the receiver has started meanwhile.', 'See it with --status.');
    }
    run = next;
  }
  if (stderr.isTerminal) await stderr.write('\r\u001b[K');
  return run;
}

const progress = ({ state, sent, total }: Run) =>
  state === 'collecting' ? 'collecting the dead letters' : `${state}: ${sent} of ${total}`;

function sentence(run: Run): string {
  const missing = run.missing > 0 ? ` ${run.missing} ids are not dead letters.` : '';
  const reason = run.reason === undefined ? '' : ` ${run.reason}`;
  return `The redrive is ${run.state}: ${run.sent} of ${run.total} sent.${missing}${reason}`;
}
