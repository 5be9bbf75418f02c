/** What the process ends with, and why; `busbar --help` tells it too. */
export const exitCodes = {
  done: 0,
  /** The bus refused something, or it failed. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The bus cannot be reached. */
  unreachable: 3,
  /** A check proved nothing. */
  unknown: 4,
  /** Ctrl-C, as shells have it: 128 + SIGINT. */
  interrupted: 130,
} as const;
