import { CommanderError } from 'commander';
import { BusbarError } from '../client/index.ts';
import { exitCodes } from './exit-codes.ts';
import type { Session } from './session.ts';

/** A failure that is told to the person: the cause, and how to solve it. */
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

/** A command line that cannot be meant. */
export function usageError(cause: string, solution?: string): CliError {
  return new CliError(cause, solution, exitCodes.usage);
}

export interface Explanation {
  /** Undefined when it is told already. */
  readonly cause: string | undefined;
  readonly solution: string | undefined;
  readonly exitCode: number;
}

/** Turns whatever a command threw into what a person needs: cause, solution, exit code. */
export function explain(error: unknown, about: Session['about']): Explanation {
  if (error instanceof CommanderError) {
    // Commander has printed the help or the error itself.
    const exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return { cause: undefined, solution: undefined, exitCode };
  }
  if (error instanceof CliError) {
    return { cause: error.message, solution: error.solution, exitCode: error.exitCode };
  }
  if (error instanceof BusbarError) return explainBus(error, about);
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    cause,
    solution: 'This is a mistake in busbar itself: please report it.',
    exitCode: exitCodes.failed,
  };
}

function explainBus(error: BusbarError, about: Session['about']): Explanation {
  if (error.code === 'unreachable' || error.code === 'timeout') {
    return {
      cause: error.detail,
      solution: 'Start one with `npm start`, or pass --url (or BUSBAR_URL) for one that runs elsewhere.',
      exitCode: exitCodes.unreachable,
    };
  }
  return { cause: error.detail, solution: solutionFor(error, about), exitCode: exitCodes.failed };
}

function solutionFor(error: BusbarError, about: Session['about']): string | undefined {
  if (error.status === 401) {
    return 'Pass a key of this bus with --key or BUSBAR_KEY; `npm start` keeps its own in .busbar/admin.key.';
  }
  if (error.code === 'unknown_topic')
    return `Make it with \`busbar topics put ${about.topic ?? '<topic>'}\`.`;
  if (error.code === 'unknown_receiver') {
    return `Make it with \`busbar receivers put ${about.receiver ?? '<receiver>'} --endpoint <url>\`.`;
  }
  if (error.code === 'unknown_subscription') {
    return `Make it with \`busbar subscriptions put ${about.topic ?? '<topic>'} ${about.receiver ?? '<receiver>'}\`.`;
  }
  if (error.code === 'unknown_event') return 'Check the id, letter by letter, and the --source.';
  if (error.code === 'unknown_route' || error.status === 404) {
    return `Check that --url (${about.url}) is a bus, and one that knows this call.`;
  }
  if (error.code === 'in_use' && about.receiver !== undefined) {
    return `\`busbar receivers delete ${about.receiver} --force\` loses them.`;
  }
  if (error.retryAfterSeconds !== undefined) {
    return `Try again in ${Math.ceil(error.retryAfterSeconds)} s.`;
  }
  return undefined;
}
