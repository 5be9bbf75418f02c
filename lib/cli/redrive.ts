import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { given } from './collection.ts';
import { exitCodes } from './exit-codes.ts';
import { CliError } from './failure.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { positiveNumber, several } from './values.ts';

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
    .description('send the dead letters of a receiver back to it, one ahead of the rest')
    .argument('<receiver>')
    .option('--id <id>', 'only this dead letter (may be repeated)', several)
    .option('--cause <cause>', 'only those of this cause, such as http-500')
    .option('--per-second <rate>', 'at most this many a second', positiveNumber)
    .option('--detach', 'start it and do not wait; with --status, see how far it is')
    .option('--status', 'show the redrive that runs, or the last one')
    .option('--stop', 'stop the redrive that runs; what is not sent stays a dead letter')
    .addHelpText(
      'after',
      `
The first letter goes alone. If it is not delivered, the redrive halts and the rest stays.

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
        await stdout.write(wantsJson(command) ? `${JSON.stringify(run)}\n` : `${sentence(run)}\n`);
        if (run.state === 'halted' && isStart) session.exitCode = exitCodes.failed;
      },
    );
}

/** Draws how far the run is until it is over. Ctrl-C leaves it running. */
async function follow(session: Session, started: Run, look: () => Promise<unknown>): Promise<Run> {
  const { stderr } = session.world;
  const { stop } = session.world.interrupts();
  let run = started;
  while (!['done', 'halted', 'stopped'].includes(run.state) && !stop.aborted) {
    if (stderr.isTerminal) await stderr.write(`\r\u001b[K${progress(run)}`);
    // Ctrl-C ends the wait; the loop sees it.
    await sleep(pollMs, undefined, { signal: stop }).catch(() => undefined);
    const next = (await look()) as Run;
    if (next.id !== run.id) {
      throw new CliError('Another redrive of the receiver runs by now.', 'See it with --status.');
    }
    run = next;
  }
  if (stderr.isTerminal) await stderr.write('\r\u001b[K');
  return run;
}

const progress = ({ state, sent, total }: Run) =>
  state === 'collecting' ? 'collecting the dead letters' : `${state}: ${sent} of ${total}`;

function sentence(run: Run): string {
  const missing = run.missing > 0 ? ` ${run.missing} ids are no dead letters.` : '';
  const reason = run.reason === undefined ? '' : ` ${run.reason}`;
  return `The redrive is ${run.state}: ${run.sent} of ${run.total} sent.${missing}${reason}`;
}
