import { Command } from 'commander';
import { bridgeCommand } from './bridge.ts';
import { deadLettersCommand } from './dead-letters.ts';
import { eventsCommand } from './events.ts';
import { exitCodes } from './exit-codes.ts';
import { explain } from './failure.ts';
import { invokeCommand } from './invoke.ts';
import { listenCommand } from './listen.ts';
import { publishCommand } from './publish.ts';
import { receiversCommand } from './receivers.ts';
import { redriveCommand } from './redrive.ts';
import { schedulesCommand } from './schedules.ts';
import { defaultUrl, type Session } from './session.ts';
import { smokeCommand } from './smoke.ts';
import { startCommand } from './start.ts';
import { subscriptionsCommand } from './subscriptions.ts';
import { topicsCommand } from './topics.ts';
import { whyCommand } from './why.ts';
import type { World } from './world.ts';

const closing = `
Environment:
  BUSBAR_URL        the bus, when --url is not given (else ${defaultUrl})
  BUSBAR_KEY        the key, when --key is not given; then BUSBAR_ADMIN_KEY; then, for a bus on this
                    machine, the file admin.key in BUSBAR_DATA (.busbar)
  NO_COLOR          no colours

Exit codes:
  0  done
  1  the bus refused something, or it failed
  2  the command line is wrong
  3  the bus cannot be reached
  4  a check proved nothing
  130  interrupted

Examples:
  busbar start
  busbar topics put orders
  busbar listen --receiver billing --topic orders
  busbar publish orders '{"total": 5}' --type order.placed
  busbar publish orders < events.ndjson
  busbar why 7e0d4c0a-8f0e-4b1c-9a55-1f6f0c9f2b11`;

/** Runs one command line and resolves to the exit code of the process; everything is told on its streams. */
export async function main(world: World): Promise<number> {
  const session: Session = { world, exitCode: exitCodes.done, about: {} };
  try {
    await createProgram(session).parseAsync([...world.args], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    const { cause, solution, exitCode } = explain(error, session.about);
    if (cause !== undefined) {
      const hint = solution === undefined ? '' : `${solution}\n`;
      await world.stderr.write(`${world.stderr.paint('red', 'busbar:')} ${cause}\n${hint}`);
    }
    return exitCode;
  }
}

function createProgram(session: Session): Command {
  const { world } = session;
  const program = new Command('busbar')
    .description('Talks to a Busbar event bus: starts one here, publishes, listens, manages.')
    .option('--url <url>', 'the bus to talk to')
    .option('--key <key>', 'the key to talk with')
    .option('--json', 'print JSON, as the bus answers it')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
      getOutHasColors: () => world.stdout.isTerminal,
      getErrHasColors: () => world.stderr.isTerminal,
    })
    .showHelpAfterError('Run it with --help for its options and examples.')
    .exitOverride()
    .addHelpText('after', closing);
  for (const make of [
    startCommand,
    publishCommand,
    invokeCommand,
    listenCommand,
    topicsCommand,
    receiversCommand,
    subscriptionsCommand,
    deadLettersCommand,
    redriveCommand,
    eventsCommand,
    schedulesCommand,
    whyCommand,
    bridgeCommand,
    smokeCommand,
  ]) {
    const command = make(session);
    inheritSettings(command, program);
    program.addCommand(command);
  }
  return program;
}

/** `addCommand` takes a command as it is; settings of the program hold for its commands only when copied. */
function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
}
