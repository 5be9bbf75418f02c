import type { TimeZone } from './time-zone.ts';

/**
 * The five fields of cron as crontab(5) and most schedulers have them: minute, hour, day of the month, month, day of
 * the week (0 to 7, Sunday is 0 and 7); `*`, lists, ranges, steps over `*` or a range, names of months and days; and
 * `@hourly` to `@yearly`. When both day fields are restricted, a day that matches either one counts.
 *
 * A local time in the spring gap does not exist and is skipped; one in the autumn overlap fires once, at its first
 * occurrence. EventBridge Scheduler does the same.
 */
export interface Cron {
  /** The first time after an instant; undefined when there is none within about 40 years. */
  next(afterMs: number, zone: TimeZone): number | undefined;
}

/** Why a text is not a cron expression, worded for its author. */
export class CronError extends Error {}

const shorthands: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const dayMs = 86_400_000;
/**
 * 29 February falls on a given day of the week at least every 40 years, unless a century year without a leap day
 * intervenes. An expression that never fires costs a look at each of these months, and at the days of those it names.
 */
const monthsAhead = 41 * 12;

/** A longer expression repeats itself: it is refused before it is read. */
const cronCharactersMax = 256;

/** @throws CronError, naming the field. */
export function parseCron(text: string): Cron {
  if (text.length > cronCharactersMax) {
    throw new CronError(`has ${text.length} characters; at most ${cronCharactersMax} are read`);
  }
  const fields = (shorthands[text.trim().toLowerCase()] ?? text).trim().split(/\s+/);
  if (fields.length !== 5) {
    throw new CronError(
      `has ${fields.length} fields; give five: minute, hour, day of the month, month, day of the week`,
    );
  }
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  const minutes = values('minute', minute, 0, 59);
  const hours = values('hour', hour, 0, 23);
  const days = new Set(values('day of the month', dayOfMonth, 1, 31));
  const monthsOf = new Set(values('month', month, 1, 12, months, 1));
  const daysOfWeek = new Set(values('day of the week', dayOfWeek, 0, 7, weekdays, 0).map((day) => day % 7));
  // A field that begins with a star does not restrict. If either does, both fields must match; otherwise one is enough
  // (crontab(5)).
  const both = dayOfMonth.startsWith('*') || dayOfWeek.startsWith('*');
  const isOnDay = (date: Date) => {
    const inMonth = days.has(date.getUTCDate());
    const inWeek = daysOfWeek.has(date.getUTCDay());
    return both ? inMonth && inWeek : inMonth || inWeek;
  };
  return {
    next(afterMs, zone) {
      const wallMs = zone.toWall(afterMs);
      for (const dateMs of datesFrom(Math.floor(wallMs / dayMs) * dayMs, monthsOf)) {
        if (!isOnDay(new Date(dateMs))) continue;
        for (const hourOf of hours) {
          for (const minuteOf of minutes) {
            const candidateMs = dateMs + (hourOf * 60 + minuteOf) * 60_000;
            // Local times that have already been shown do not count: of an overlap only the first occurrence fires.
            if (candidateMs <= wallMs) continue;
            const instantMs = zone.toInstant(candidateMs);
            if (instantMs !== undefined && instantMs > afterMs) return instantMs;
          }
        }
      }
      return undefined;
    },
  };
}

/** The days of these months from a day on, each by its start. */
function* datesFrom(firstMs: number, monthsOf: ReadonlySet<number>): Generator<number> {
  const first = new Date(firstMs);
  for (let ahead = 0; ahead < monthsAhead; ahead++) {
    const startMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + ahead, 1);
    if (!monthsOf.has(new Date(startMs).getUTCMonth() + 1)) continue;
    const endMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + ahead + 1, 1);
    for (let dateMs = Math.max(startMs, firstMs); dateMs < endMs; dateMs += dayMs) yield dateMs;
  }
}

/** The values of a field, ascending: `*`, `5`, `1-5`, `1-20/3`, and lists of those. */
function values(
  field: string,
  text: string,
  min: number,
  max: number,
  names: readonly string[] = [],
  firstName = 0,
): readonly number[] {
  const wrong = (detail: string) => new CronError(`has the ${field} ${JSON.stringify(text)}: ${detail}`);
  const number = (part: string): number => {
    const named = names.indexOf(part.toLowerCase());
    const value = named >= 0 ? named + firstName : /^\d{1,2}$/.test(part) ? Number(part) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw wrong(
      `${JSON.stringify(part)} is not from ${min} to ${max}${names.length > 0 ? ' or a name' : ''}`,
    );
  };
  const found = new Set<number>();
  const items = text.split(',');
  const most = max - min + 1;
  if (items.length > most) throw wrong(`lists ${items.length} items, and there are only ${most} values`);
  for (const item of items) {
    const [range = '', step, ...more] = item.split('/');
    const [low = '', high, ...further] = range.split('-');
    if (more.length > 0 || further.length > 0)
      throw wrong(`${JSON.stringify(item)} is not a range or a step`);
    if (step !== undefined && range !== '*' && high === undefined) {
      throw wrong(`a step needs a range or a star before it, such as ${low}-${max}/${step}`);
    }
    const from = range === '*' ? min : number(low);
    const to = range === '*' ? max : high === undefined ? from : number(high);
    const every = step === undefined ? 1 : /^[1-9]\d?$/.test(step) ? Number(step) : Number.NaN;
    if (!(every <= max)) throw wrong(`${JSON.stringify(step)} is not a step`);
    if (from > to) throw wrong(`${range} ends before it begins`);
    for (let value = from; value <= to; value += every) found.add(value);
  }
  return [...found].sort((one, other) => one - other);
}
