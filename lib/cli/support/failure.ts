import { CommanderError } from 'commander';
import { BusbarError } from '../../client/index.ts';
import { exitCodes } from './exit-codes.ts';
import { plain } from './plain.ts';

/** A failure to show to the user: the cause, and how to solve it. */
export class CliError extends Error {
  readonly solution: string | undefined;
  readonly exitCode: number;

  constructor(cause: string, solution?: string, exitCode: number = exitCodes.failed) {
    super(cause);
    this.name = 'CliError';
    this.solution = solution;
    this.exitCode = exitCode;
  }
}

/** A command line that makes no sense. */
export function usageError(cause: string, solution?: string): CliError {
  return new CliError(cause, solution, exitCodes.usage);
}

/** What a command is working on, so that an error message can name it. */
export interface Subject {
  readonly url?: string;
  /** What named the bus and the key: an option, a variable or a profile. */
  readonly urlSource?: string;
  readonly keySource?: string;
  /** The profile by whose sign-in the command was sent. */
  readonly signedIn?: string;
  readonly application?: string;
  readonly topic?: string;
  readonly receiver?: string;
}

export interface Explanation {
  /** Undefined when it has already been printed. */
  readonly cause: string | undefined;
  readonly solution: string | undefined;
  readonly exitCode: number;
}

/** Turns anything that a command may throw into a cause, a solution and an exit code. */
export function explain(error: unknown, about: Subject): Explanation {
  if (error instanceof CommanderError) {
    // Commander has printed the help or the error itself.
    const exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return { cause: undefined, solution: undefined, exitCode };
  }
  if (error instanceof CliError) {
    return { cause: error.message, solution: error.solution, exitCode: error.exitCode };
  }
  // What kept a request from being sent.
  if (error instanceof BusbarError && error.cause instanceof CliError) return explain(error.cause, about);
  if (error instanceof BusbarError) return explainBus(error, about);
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    cause,
    solution: 'This is a bug in busbar: please report it.',
    exitCode: exitCodes.failed,
  };
}

/**
 * The same for a program: the members of the problem document, where the bus gave one, and `detail` otherwise; with the
 * exit code and how to solve it. Undefined where there is no error, as after --help.
 */
export function problemOf(error: unknown, about: Subject): Problem | undefined {
  const { cause, solution, exitCode } = explain(error, about);
  if (exitCode === exitCodes.done) return undefined;
  const members = {
    ...(error instanceof BusbarError && { code: error.code, ...error.problem }),
    detail: error instanceof CommanderError ? commandLineOf(error) : cause,
  };
  return { ...members, ...(solution !== undefined && { solution }), exitCode };
}

interface Problem {
  readonly [member: string]: unknown;
  readonly detail: string | undefined;
  readonly exitCode: number;
}

/** Commander throws the same for a missing subcommand as for help that was asked for. */
const commandLineOf = ({ code, message }: CommanderError): string =>
  code === 'commander.help'
    ? 'The command line ends where a command is due. Run it with --help to see which there are.'
    : message.replace(/^error: /, '');

function explainBus(error: BusbarError, about: Subject): Explanation {
  if (error.code === 'unreachable' || error.code === 'timeout') {
    return {
      cause: plain(error.detail),
      solution: `Start a bus with \`npm start\`, or pass --url (or BUSBAR_URL) for one that runs elsewhere.${ofProfile(about.urlSource, 'The URL')}`,
      exitCode: exitCodes.unreachable,
    };
  }
  return { cause: plain(error.detail), solution: solutionFor(error, about), exitCode: exitCodes.failed };
}

/** Where something came from that is easily forgotten. */
const ofProfile = (source: string | undefined, what: string): string =>
  source?.startsWith('the profile ') ? ` ${what} is that of ${source}.` : '';

function solutionFor(error: BusbarError, about: Subject): string | undefined {
  if (error.status === 401) {
    if (about.signedIn !== undefined) {
      return `You came by the sign-in of the profile ${about.signedIn}: \`busbar login --profile ${about.signedIn}\` signs you in again.`;
    }
    const from = about.keySource === undefined ? '' : ` The one that was sent is from ${about.keySource}.`;
    return `Pass a key of this bus in BUSBAR_KEY or with --key-file; \`npm start\` keeps its key in .busbar/admin.key.${from}`;
  }
  if (error.code === 'unknown_topic')
    return `Create it with \`busbar topics put ${about.topic ?? '<topic>'}\`.`;
  if (error.code === 'unknown_receiver') {
    return `Create it with \`busbar receivers put ${about.receiver ?? '<receiver>'} --endpoint <url>\`.`;
  }
  if (error.code === 'unknown_subscription') {
    return `Create it with \`busbar subscriptions put ${about.topic ?? '<topic>'} ${about.receiver ?? '<receiver>'}\`.`;
  }
  if (error.code === 'unknown_application') {
    return `An admin creates it with \`busbar applications put ${about.application ?? '<application>'}\`.`;
  }
  if (error.code === 'unknown_key') {
    return `\`busbar keys list ${about.application ?? '<application>'}\` shows the keys that there are.`;
  }
  if (error.code === 'unknown_event') return 'Check the id and the --source for typos.';
  if (error.code === 'unknown_transaction') {
    return 'Check the id for typos. An admin names the transaction of another application <application>.<id>.';
  }
  if (error.code === 'unknown_refused') {
    return '`busbar refused list` shows the ids; an event that was tried again and refused again has another one.';
  }
  // The bus answers other 404s for what it does not have; a path that it does not know is of another version.
  if (error.code === 'unknown_route' || (error.status === 404 && !error.code.startsWith('unknown_'))) {
    return `Check that --url (${about.url}) is a bus of a version that has this call.`;
  }
  if (error.code === 'in_use' && about.receiver !== undefined) {
    return `\`busbar receivers delete ${about.receiver} --force\` deletes them, too.`;
  }
  if (error.retryAfterSeconds !== undefined) {
    return `Try again in ${Math.ceil(error.retryAfterSeconds)} s.`;
  }
  return undefined;
}
