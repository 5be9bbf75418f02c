/** The exit codes of the process; `busbar --help` lists them, too. */
export const exitCodes = {
  done: 0,
  /** The bus refused something, or the command failed. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The bus cannot be reached. */
  unreachable: 3,
  /** A check proved nothing. */
  unknown: 4,
  /** Ctrl-C; shells use 128 + SIGINT. */
  interrupted: 130,
} as const;
