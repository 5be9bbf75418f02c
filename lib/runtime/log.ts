export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes one line of structured log: a message and flat fields. Never a secret, a key or an event's data. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Logs as JSON lines to standard output, where Lambda picks them up. */
export const jsonLog: Log = (level, message, fields) => {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
};
