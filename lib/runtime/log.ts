export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes one line of structured log: a message and flat fields. Never a secret, a key or an event's data. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Logs as JSON lines to standard output, where Lambda picks them up. */
export const jsonLog: Log = (level, message, fields) => {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
};

/**
 * The logger for AWS clients: it writes warnings, and no more. It has `debug`, since what finds the credentials of a
 * function calls it without asking whether it is there. For one that has `info`, even if it drops every line,
 * the SDK writes out the input and output of each call; one that has `error` is handed the input of a failed call,
 * secrets included.
 */
export const awsLogger = { debug: () => {}, warn: (message: unknown) => console.warn(message) };
