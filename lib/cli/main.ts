import { Command, Option } from 'commander';
import { commands as kindCommands } from '../connectors/cli.ts';
import { alertsCommand } from './alerts.ts';
import { applicationsCommand } from './applications.ts';
import { applyCommand } from './apply.ts';
import { auditCommand } from './audit.ts';
import { catalogCommand, grantsCommand } from './catalog.ts';
import { completionCommand } from './completion.ts';
import { consoleCommand } from './console.ts';
import { deadLettersCommand } from './dead-letters.ts';
import { emptyCommand } from './empty.ts';
import { eventsCommand } from './events.ts';
import { exportCommand } from './export.ts';
import { invokeCommand } from './invoke.ts';
import { keysCommand } from './keys.ts';
import { listenCommand } from './listen.ts';
import { loginCommand, logoutCommand } from './login.ts';
import { profilesCommand } from './profiles.ts';
import { publishCommand } from './publish.ts';
import { receiversCommand } from './receivers.ts';
import { redriveCommand } from './redrive.ts';
import { refusedCommand } from './refused.ts';
import { requestsCommand } from './requests.ts';
import { schedulesCommand } from './schedules.ts';
import { smokeCommand } from './smoke.ts';
import { startCommand } from './start.ts';
import { statisticsCommand } from './statistics.ts';
import { statusCommand } from './status.ts';
import { subscriptionsCommand } from './subscriptions.ts';
import { exitCodes } from './support/exit-codes.ts';
import { explain, problemOf } from './support/failure.ts';
import { jsonText, printable } from './support/plain.ts';
import { defaultUrl, type Session } from './support/session.ts';
import { version } from './support/version.ts';
import type { Output, World } from './support/world.ts';
import { tailCommand } from './tail.ts';
import { topicsCommand } from './topics.ts';
import { transactionsCommand } from './transactions.ts';
import { whyCommand } from './why.ts';

const closing = `
Environment:
  BUSBAR_URL        the bus, if there is no --url (default: ${defaultUrl})
  BUSBAR_PUBLISH_URL  where that bus takes events, if not at BUSBAR_URL: the stack's output PublishUrl
  BUSBAR_KEY        the key, if there is no --key-file; after it come BUSBAR_ADMIN_KEY and, for a bus on
                    this machine, the file admin.key in BUSBAR_DATA (.busbar)
  BUSBAR_PROFILE    the profile that is used for what options and the variables above leave open; without it the
                    one that is in use (busbar profiles use)
  BUSBAR_APPLICATION  the application for which you act, if you are signed in and belong to several
  NO_COLOR          print no colours

Exit codes:
  0  done
  1  the bus refused something, or the command failed
  2  the command line is wrong
  3  the bus cannot be reached
  4  a check proved nothing
  130  interrupted

With --json, an error is one line of JSON on standard error: the members of the problem document of the bus, and
exitCode and solution.

Examples:
  busbar start
  busbar topics put orders
  busbar listen --receiver billing --topic orders
  busbar publish orders '{"total": 5}' --type order.placed
  busbar publish orders < events.ndjson
  busbar why 7e0d4c0a-8f0e-4b1c-9a55-1f6f0c9f2b11`;

/** Runs one command line. Prints errors to standard error and resolves to the exit code of the process. */
export async function main(process: World): Promise<number> {
  const world: World = {
    ...process,
    stdout: guarded(process.stdout),
    stderr: guarded(process.stderr),
    screen: { ...process.screen, draw: (text) => process.screen.draw(printable(text)) },
  };
  const session: Session = { world, exitCode: exitCodes.done, about: {} };
  const program = createProgram(session);
  try {
    await program.parseAsync([...world.args], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    const { cause, solution, exitCode } = explain(error, session.about);
    if (program.opts<{ json?: boolean }>().json === true) {
      const problem = problemOf(error, session.about);
      if (problem !== undefined) await world.stderr.write(`${jsonText(problem)}\n`);
    } else if (cause !== undefined) {
      const hint = solution === undefined ? '' : `${solution}\n`;
      await world.stderr.write(`${world.stderr.paint('red', 'busbar:')} ${cause}\n${hint}`);
    }
    return exitCode;
  }
}

function guarded(output: Output): Output {
  return {
    get isTerminal() {
      return output.isTerminal;
    },
    get columns() {
      return output.columns;
    },
    write: (text) => output.write(printable(text)),
    paint: (style, text) => output.paint(style, text),
  };
}

function createProgram(session: Session): Command {
  const { world } = session;
  const program: Command = new Command('busbar')
    .description('Start a Busbar event bus on this machine, or talk to one: publish, listen, manage.')
    .option('--url <url>', 'the bus to talk to')
    .option('--profile <name>', 'the profile with the bus and its key; goes before the environment')
    .option('--key-file <file>', 'a file with the key to authenticate with; - reads it from standard input')
    // Hidden, because an argument shows in the process list and stays in the history of the shell.
    .addOption(new Option('--key <key>', 'the key to authenticate with').hideHelp())
    .option('--json', 'print the JSON that the bus answers, and errors as JSON')
    .version(version(), '--version', 'print the version of busbar')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      // An error of the command line is told as JSON like any other.
      writeErr: (text) => {
        if (program.opts<{ json?: boolean }>().json !== true) void world.stderr.write(text);
      },
      getOutHasColors: () => world.stdout.isTerminal,
      getErrHasColors: () => world.stderr.isTerminal,
    })
    .showHelpAfterError('Run the command with --help to see its options and examples.')
    .exitOverride()
    .addHelpText('after', closing);
  for (const make of [
    startCommand,
    consoleCommand,
    loginCommand,
    logoutCommand,
    profilesCommand,
    publishCommand,
    invokeCommand,
    listenCommand,
    applicationsCommand,
    keysCommand,
    auditCommand,
    statisticsCommand,
    topicsCommand,
    receiversCommand,
    subscriptionsCommand,
    alertsCommand,
    deadLettersCommand,
    redriveCommand,
    eventsCommand,
    transactionsCommand,
    refusedCommand,
    schedulesCommand,
    catalogCommand,
    requestsCommand,
    grantsCommand,
    statusCommand,
    tailCommand,
    whyCommand,
    exportCommand,
    applyCommand,
    emptyCommand,
    ...kindCommands,
    smokeCommand,
    completionCommand,
  ]) {
    const command = make(session);
    inheritSettings(command, program);
    program.addCommand(command);
  }
  return program;
}

/** `addCommand` does not pass settings on to the command, so they are copied here. */
function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
}
