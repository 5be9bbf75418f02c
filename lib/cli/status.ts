import { Command, InvalidArgumentError } from 'commander';
import { jsonText, plain } from './support/plain.ts';
import { type Session, wantsJson } from './support/session.ts';
import { seconds } from './support/values.ts';
import { mayPass } from './watching/may-pass.ts';
import { readStatus, type Status } from './watching/read-status.ts';
import { screenOf, worstFirst } from './watching/screen.ts';

interface StatusOptions {
  readonly watch?: boolean;
  readonly interval: number;
}

export function statusCommand(session: Session): Command {
  return new Command('status')
    .description('show all receivers on one screen, the worst first, with holds, redrives and open requests')
    .option('--watch', 'draw it again and again, until Ctrl-C')
    .option('--interval <time>', 'with --watch: how often', interval, 3)
    .addHelpText(
      'after',
      `
A receiver is red while nothing is delivered to it, because it is disabled or its breaker is open, and yellow while it is
paused, its redrive halted, it has dead letters, or an event has waited for a minute. Counts are about right, as
those of SQS are. With --json and --watch, each line is one status.

Examples:
  busbar status
  busbar status --watch --interval 10s`,
    )
    .action(async ({ watch, interval }: StatusOptions, command: Command) => {
      if (watch === true) return await keepShowing(session, command, interval);
      await print(session, command, await readStatus(session, command));
    });
}

function interval(text: string): number {
  const value = seconds(text);
  if (value < 1 || value > 3600) throw new InvalidArgumentError('Give a time from 1s to 1h.');
  return value;
}

async function print(session: Session, command: Command, status: Status): Promise<void> {
  const { stdout } = session.world;
  await stdout.write(
    wantsJson(command)
      ? `${jsonText({ ...status, receivers: worstFirst(status.receivers) })}\n`
      : screenOf(status, stdout),
  );
}

/** Ctrl-C ends it with exit code 0. A bus that does not answer for a while may come back. */
async function keepShowing(session: Session, command: Command, everySeconds: number): Promise<void> {
  const { stdout, stderr, screen, interrupts } = session.world;
  const { stop } = interrupts();
  const draws = stdout.isTerminal && !wantsJson(command);
  let last: Status | undefined;
  try {
    for (let round = 0; !stop.aborted; round++) {
      try {
        last = await readStatus(session, command);
        if (draws) await screen.draw(screenOf(last, stdout));
        else {
          if (round > 0 && !wantsJson(command)) await stdout.write('\n');
          await print(session, command, last);
        }
      } catch (error) {
        if (last === undefined || !mayPass(error)) throw error;
        const text = `${plain(error.detail)} Trying again.\n`;
        if (draws) await screen.draw(`${stdout.paint('red', text)}\n${screenOf(last, stdout)}`);
        else await stderr.write(text);
      }
      // Ctrl-C ends the sleep; the loop then sees it.
      await session.world.wait(everySeconds * 1000, stop);
    }
  } finally {
    if (draws) await screen.end();
  }
  // What was seen last stays on the screen.
  if (draws && last !== undefined) await print(session, command, last);
}
