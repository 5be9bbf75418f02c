import type { Clock } from './clock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The members that every line has; a field of the same name would replace what alarms count. */
export interface OwnMembers {
  readonly timestamp?: never;
  readonly level?: never;
  readonly message?: never;
}

/** Writes one line of structured log: a message and flat fields. Never a secret, a key or an event's data. */
export type Log = (
  level: LogLevel,
  message: string,
  fields?: Readonly<Record<string, unknown>> & OwnMembers,
) => void;

/**
 * A line as Lambda reads it. Without a `timestamp` that is RFC 3339, it takes every line for INFO, whatever its `level`
 * says, and keeps the debug lines of each delivery.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
export function logLine(
  nowMs: number,
  level: LogLevel,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
): string {
  const own = { timestamp: new Date(nowMs).toISOString(), level, message };
  // Own members come first for readers, and once more so that no field replaces them.
  return JSON.stringify({ ...own, ...fields, ...own });
}

/** Logs as JSON lines to standard output, where Lambda picks them up. */
export const jsonLog =
  (clock: Pick<Clock, 'now'>): Log =>
  (level, message, fields) => {
    process.stdout.write(`${logLine(clock.now(), level, message, fields)}\n`);
  };

/**
 * The logger for AWS clients: it writes warnings, and no more. It has `debug`, since what finds the credentials of a
 * function calls it without asking whether it is there. For one that has `info`, even if it drops every line,
 * the SDK writes out the input and output of each call; one that has `error` is handed the input of a failed call,
 * secrets included.
 */
export const awsLogger = { debug: () => {}, warn: (message: unknown) => console.warn(message) };
