import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CronError, parseCron } from '../../../lib/core/schedule/cron.ts';
import { timeZone } from '../../../lib/core/schedule/time-zone.ts';
import { parseCron as parseAwsCron } from '../../../lib/stand-in/engines/scheduler/cron.ts';
import { timeZone as awsZone } from '../../../lib/stand-in/engines/scheduler/time-zone.ts';

function zone(name: string) {
  const found = timeZone(name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
}

/** The next times as the wall of the zone shows them, and in UTC. */
function times(text: string, zoneName: string, after: string, count: number): string[] {
  const cron = parseCron(text);
  const found: string[] = [];
  let atMs = Date.parse(after);
  for (let n = 0; n < count; n++) {
    const next = cron.next(atMs, zone(zoneName));
    if (next === undefined) break;
    atMs = next;
    found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  return found;
}

describe('a cron expression', () => {
  it.each<[string, string, string[]]>([
    ['*/20 9-10 * * *', '2026-01-31T09:20:00Z', ['2026-01-31T09:40', '2026-01-31T10:00', '2026-01-31T10:20']],
    ['0 12 31 * *', '2026-01-31T12:00:00Z', ['2026-03-31T12:00', '2026-05-31T12:00']],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['30 8 * * mon-fri', '2026-01-30T09:00:00Z', ['2026-02-02T08:30', '2026-02-03T08:30']],
    ['0 0 * * 7', '2026-01-31T00:00:00Z', ['2026-02-01T00:00', '2026-02-08T00:00']],
    ['0 0 * * 0', '2026-01-31T00:00:00Z', ['2026-02-01T00:00']],
    [
      '0 0 13 * fri',
      '2026-02-12T00:00:00Z',
      ['2026-02-13T00:00', '2026-02-20T00:00', '2026-02-27T00:00', '2026-03-06T00:00', '2026-03-13T00:00'],
    ],
    ['0 0 */10 * fri', '2026-01-01T00:00:00Z', ['2026-05-01T00:00', '2026-07-31T00:00', '2026-08-21T00:00']],
    [
      '5,10-12 0 1 JAN,dec *',
      '2026-01-01T00:10:00Z',
      ['2026-01-01T00:11', '2026-01-01T00:12', '2026-12-01T00:05'],
    ],
    ['@daily', '2026-01-01T00:00:00Z', ['2026-01-02T00:00']],
    ['@hourly', '2026-01-01T00:00:00Z', ['2026-01-01T01:00']],
    ['@weekly', '2026-01-01T00:00:00Z', ['2026-01-04T00:00']],
    ['@yearly', '2026-01-01T00:00:00Z', ['2027-01-01T00:00']],
  ])('%s after %s', (text, after, expected) => {
    expect(times(text, 'UTC', after, expected.length)).toEqual(expected);
  });

  it.each([
    ['* * * *', 'has 4 fields'],
    [`${'0,'.repeat(60)}0 * * * *`, 'lists 61 items, and there are only 60 values'],
    [`* * * ${'jan,'.repeat(12)}dec *`, 'lists 13 items'],
    [`*${' '.repeat(300)}* * * *`, 'has 308 characters; at most 256'],
    ['1'.repeat(1_000_000), 'has 1000000 characters'],
    ['0 0 * * * *', 'has 6 fields'],
    ['60 * * * *', 'the minute "60": "60" is not from 0 to 59'],
    ['* 24 * * *', 'the hour'],
    ['* * 0 * *', 'the day of the month'],
    ['* * * 13 *', 'the month'],
    ['* * * * 8', 'the day of the week'],
    ['5/10 * * * *', 'a step needs a range or a star before it, such as 5-59/10'],
    ['*/0 * * * *', '"0" is not a step'],
    ['5-1 * * * *', '5-1 ends before it begins'],
    ['1-2-3 * * * *', 'is not a range or a step'],
    ['1,,2 * * * *', 'is not from'],
    ['* * ? * 1', 'the day of the month "?"'],
    ['* * L * *', 'the day of the month "L"'],
    ['@reboot', 'has 1 fields'],
    ['', 'has 1 fields'],
  ])('%j is refused, and told why', (text, why) => {
    expect(() => parseCron(text)).toThrow(CronError);
    expect(() => parseCron(text)).toThrow(why);
  });

  it.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *'])('%s never fires', (text) => {
    expect(parseCron(text).next(Date.parse('2026-01-01T00:00:00Z'), zone('UTC'))).toBeUndefined();
  });
});

describe('when clocks are set', () => {
  // Berlin: on 29 March 2026 from 02:00 to 03:00, on 25 October from 03:00 back to 02:00. New York: 8 March and 1 November.
  it.each<[string, string, string, string, string[]]>([
    [
      'skips a time in the gap',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-27T12:00:00Z',
      ['2026-03-28T01:30', '2026-03-30T00:30'],
    ],
    [
      'skips a time in the gap',
      '30 2 * * *',
      'America/New_York',
      '2026-03-06T12:00:00Z',
      ['2026-03-07T07:30', '2026-03-09T06:30'],
    ],
    [
      'fires a time in the overlap once, at first',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'fires a time in the overlap once, at first',
      '30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:30', '2026-11-02T06:30'],
    ],
    [
      'keeps the time on the wall',
      '0 9 * * *',
      'Europe/Berlin',
      '2026-03-28T07:00:00Z',
      ['2026-03-28T08:00', '2026-03-29T07:00'],
    ],
    [
      'keeps the time on the wall',
      '0 9 * * *',
      'America/New_York',
      '2026-10-31T12:00:00Z',
      ['2026-10-31T13:00', '2026-11-01T14:00'],
    ],
    [
      'rests for the hour that comes twice',
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-10-25T00:00:00Z',
      ['2026-10-25T00:30', '2026-10-25T02:00'],
    ],
  ])('%s: %s in %s', (_, text, name, after, expected) => {
    expect(times(text, name, after, expected.length)).toEqual(expected);
  });
});

describe('beside EventBridge Scheduler', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Asia/Kolkata',
  ];
  const value = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 2, max: Math.min(20, max) }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((list) => list.join(',')),
    );
  /** Five fields with at most one of the days restricted, and the same in Scheduler's six. */
  const pair = fc
    .tuple(value(0, 59), value(0, 23), value(1, 28), value(1, 12), value(0, 6), fc.boolean())
    .map(([minute, hour, day, month, weekday, byWeek]) => {
      const steps = (field: string) => field.replace('*/', '1/');
      const shifted = weekday.startsWith('*')
        ? weekday
        : weekday.replace(/\d+/g, (digit) => String(Number(digit) + 1));
      return byWeek
        ? {
            five: `${minute} ${hour} * ${month} ${weekday}`,
            six: `${minute} ${hour} ? ${steps(month)} ${steps(shifted)} *`,
          }
        : {
            five: `${minute} ${hour} ${day} ${month} *`,
            six: `${minute} ${hour} ${steps(day)} ${steps(month)} ? *`,
          };
    });

  it('comes to the same times, in six zones over the years', () => {
    fc.assert(
      fc.property(
        pair,
        fc.constantFrom(...zones),
        fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2030-01-01') }),
        ({ five, six }, name, afterMs) => {
          const theirs = awsZone(name);
          if (theirs === undefined) throw new Error(name);
          let atMs = afterMs;
          for (let n = 0; n < 5; n++) {
            const next = parseCron(five).next(atMs, zone(name));
            expect([five, name, next]).toEqual([five, name, parseAwsCron(six).next(atMs, theirs)]);
            if (next === undefined) break;
            atMs = next;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

it.each(['Mars/Olympus', '+02:00', '', 'UTC+1'])('knows no time zone %j', (name) => {
  expect(timeZone(name)).toBeUndefined();
});
