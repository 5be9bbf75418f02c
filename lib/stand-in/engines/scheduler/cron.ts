import type { EpochMs } from '../engine.ts';
import { invalid } from './errors.ts';
import type { TimeZone } from './time-zone.ts';

/**
 * AWS cron: `minutes hours day-of-month month day-of-week year`, with `, - * /` everywhere, `?` in one of the day
 * fields, `L` and `W` in the day of the month, and `L` and `#` in the day of the week, which counts from Sunday = 1.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 */
export interface Cron {
  /** The first occurrence after an instant; undefined when there is none until the year 2199. */
  next(afterMs: EpochMs, zone: TimeZone): EpochMs | undefined;
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const lastYear = 2199;

/** The days of a month that a day field selects, in order. */
type DaysOf = (year: number, month: number) => readonly number[];

export function parseCron(text: string): Cron {
  const fields = text.trim().split(/\s+/);
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  if (fields.length !== 6 || (dayOfMonth === '?') === (dayOfWeek === '?')) throw notCron(text);
  try {
    return evaluator(
      values(minute, 0, 59),
      values(hour, 0, 23),
      dayOfMonth === '?' ? daysOfWeek(dayOfWeek) : daysOfMonth(dayOfMonth),
      values(month, 1, 12, months),
      new Set(values(year, 1970, lastYear)),
    );
  } catch (error) {
    if (error instanceof BadField) throw notCron(text);
    throw error;
  }
}

const notCron = (text: string) => invalid(`Invalid Schedule Expression cron(${text}).`);
class BadField extends Error {}

function evaluator(
  minutes: readonly number[],
  hours: readonly number[],
  daysOf: DaysOf,
  monthsOfYear: readonly number[],
  years: ReadonlySet<number>,
): Cron {
  return {
    next(afterMs, zone) {
      // Local times in a gap do not exist and are skipped; those in an overlap count once, when they first occur. The
      // search runs over local times, which are then in the order of their instants.
      const wall = new Date(zone.toWall(afterMs));
      const firstYear = wall.getUTCFullYear();
      const firstDayMs = Date.UTC(firstYear, wall.getUTCMonth(), wall.getUTCDate());
      for (let year = firstYear; year <= lastYear; year++) {
        if (!years.has(year)) continue;
        for (const month of monthsOfYear) {
          if (Date.UTC(year, month, 0) < firstDayMs) continue;
          for (const day of daysOf(year, month)) {
            const dayMs = Date.UTC(year, month - 1, day);
            if (dayMs < firstDayMs) continue;
            for (const hour of hours) {
              for (const minute of minutes) {
                const wallMs = dayMs + (hour * 60 + minute) * 60_000;
                // A local time before the start cannot be an instant after it, except by less than the change of the
                // offset, which `toInstant` then decides.
                if (wallMs <= wall.getTime()) continue;
                const instantMs = zone.toInstant(wallMs);
                if (instantMs !== undefined && instantMs > afterMs) return instantMs;
              }
            }
          }
        }
      }
      return undefined;
    },
  };
}

/** The values of a field, ascending: `*`, `5`, `1-5`, `1-20/3`, `0/15`, and lists of these. */
function values(field: string, min: number, max: number, names: readonly string[] = []): readonly number[] {
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step] = part.split('/', 2);
    if (part.split('/').length > 2) throw new BadField();
    const every = step === undefined ? 1 : whole(step, 1, max);
    let [from, to] = [min, max];
    if (range !== '*') {
      const [low = '', high, ...more] = range.split('-');
      if (more.length > 0) throw new BadField();
      from = named(low, min, max, names);
      // `5/10` runs from 5 to the end of the field; `5` is a single value.
      to = high === undefined ? (step === undefined ? from : max) : named(high, min, max, names);
    }
    if (from > to) throw new BadField();
    for (let value = from; value <= to; value += every) found.add(value);
  }
  return [...found].sort((left, right) => left - right);
}

function named(text: string, min: number, max: number, names: readonly string[]): number {
  const index = names.indexOf(text.toUpperCase());
  return index === -1 ? whole(text, min, max) : index + 1;
}

function whole(text: string, min: number, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= min && number <= max)) throw new BadField();
  return number;
}

const lengthOf = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
/** Sunday = 1. */
const weekdayOf = (year: number, month: number, day: number) =>
  new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;

/** `L` is the last day, `LW` the last weekday, `15W` the weekday nearest to the 15th within the month. */
function daysOfMonth(field: string): DaysOf {
  if (field === 'L') return (year, month) => [lengthOf(year, month)];
  if (field === 'LW') return (year, month) => [nearestWeekday(year, month, lengthOf(year, month))];
  const nearest = /^(\d+)W$/.exec(field)?.[1];
  if (nearest !== undefined) {
    const wanted = whole(nearest, 1, 31);
    return (year, month) => (wanted > lengthOf(year, month) ? [] : [nearestWeekday(year, month, wanted)]);
  }
  const days = values(field, 1, 31);
  return (year, month) => days.filter((day) => day <= lengthOf(year, month));
}

function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = weekdayOf(year, month, day);
  if (weekday === 7) return day === 1 ? day + 2 : day - 1;
  if (weekday === 1) return day === lengthOf(year, month) ? day - 2 : day + 1;
  return day;
}

/** `L` is Saturday, `6L` the last Friday of the month, `3#2` its second Tuesday. */
function daysOfWeek(field: string): DaysOf {
  const last = /^([A-Za-z]{3}|\d)L$/.exec(field)?.[1];
  if (last !== undefined) {
    const wanted = named(last, 1, 7, weekdays);
    return (year, month) => matching(year, month, [wanted]).slice(-1);
  }
  const [, day, ordinal] = /^([A-Za-z]{3}|\d)#(\d)$/.exec(field) ?? [];
  if (day !== undefined && ordinal !== undefined) {
    const wanted = named(day, 1, 7, weekdays);
    const nth = whole(ordinal, 1, 5);
    return (year, month) => matching(year, month, [wanted]).slice(nth - 1, nth);
  }
  const wanted = field === 'L' ? [7] : values(field, 1, 7, weekdays);
  return (year, month) => matching(year, month, wanted);
}

function matching(year: number, month: number, wanted: readonly number[]): readonly number[] {
  const days: number[] = [];
  for (let day = 1; day <= lengthOf(year, month); day++) {
    if (wanted.includes(weekdayOf(year, month, day))) days.push(day);
  }
  return days;
}
