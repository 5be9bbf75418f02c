/** What Lambda does with the lines of a function before they reach CloudWatch Logs. */

/** The levels of application logs, the most detailed first. */
export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type LineLevel = (typeof logLevels)[number];

export interface Logging {
  readonly format: 'Text' | 'JSON';
  /** Lines below it are dropped; only in the JSON format. */
  readonly applicationLevel: LineLevel;
}

/** What a function has that does not say how it logs. */
export const loggingDefault: Logging = { format: 'Text', applicationLevel: 'INFO' };

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * The level that Lambda gives a line. A line that is not a JSON object, whose `level` is not one, or whose `timestamp` is
 * missing or not RFC 3339, counts as INFO.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
export function levelOfLine(line: string): LineLevel {
  let members: { readonly level?: unknown; readonly timestamp?: unknown } | null;
  try {
    members = JSON.parse(line);
  } catch {
    // Plain text has no level, which is what the answer says.
    return 'INFO';
  }
  const { level, timestamp } = members ?? {};
  const isTimed =
    typeof timestamp === 'string' && rfc3339.test(timestamp) && !Number.isNaN(Date.parse(timestamp));
  const known = logLevels.find((each) => typeof level === 'string' && each === level.toUpperCase());
  return isTimed && known !== undefined ? known : 'INFO';
}

/** Whether a line reaches CloudWatch Logs, which bills it. */
export function isKept({ format, applicationLevel }: Logging, line: string): boolean {
  if (format === 'Text') return true;
  return logLevels.indexOf(levelOfLine(line)) >= logLevels.indexOf(applicationLevel);
}
