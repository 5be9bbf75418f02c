import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../lib/stand-in/engines/scheduler/cron.ts';
import { parseExpression } from '../../lib/stand-in/engines/scheduler/expression.ts';
import { type TimeZone, timeZone } from '../../lib/stand-in/engines/scheduler/time-zone.ts';

function zone(name: string): TimeZone {
  const found = timeZone(name);
  if (found === undefined) throw new Error(`No zone ${name}`);
  return found;
}
const utc = zone('UTC');
const newYork = zone('America/New_York');

/** The first occurrences after an instant, as ISO text. */
function occurrences(cron: string, after: string, count: number, where = utc): string[] {
  const parsed = parseCron(cron);
  const found: string[] = [];
  let atMs: number | undefined = Date.parse(after);
  while (found.length < count) {
    atMs = parsed.next(atMs, where);
    if (atMs === undefined) break;
    found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  return found;
}

describe('the fields of cron', () => {
  it.each([
    ['0 12 * * ? *', ['2026-01-01T12:00', '2026-01-02T12:00']],
    ['0/15 8-9 ? * MON-FRI *', ['2026-01-01T08:00', '2026-01-01T08:15']],
    ['30 6 L * ? *', ['2026-01-31T06:30', '2026-02-28T06:30']],
    ['0 0 LW * ? *', ['2026-01-30T00:00', '2026-02-27T00:00']],
    ['0 0 15W * ? *', ['2026-01-15T00:00', '2026-02-16T00:00']],
    ['0 0 1W * ? *', ['2026-02-02T00:00', '2026-03-02T00:00']],
    ['0 0 31W * ? *', ['2026-01-30T00:00', '2026-03-31T00:00']],
    ['0 0 ? * 6L *', ['2026-01-30T00:00', '2026-02-27T00:00']],
    ['0 0 ? * FRIL *', ['2026-01-30T00:00', '2026-02-27T00:00']],
    ['0 0 ? * L *', ['2026-01-03T00:00', '2026-01-10T00:00']],
    ['0 0 ? * 3#2 *', ['2026-01-13T00:00', '2026-02-10T00:00']],
    ['0 0 ? * SUN#5 *', ['2026-03-29T00:00', '2026-05-31T00:00']],
    ['0 0 29 2 ? *', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['15,45 0 1 JAN,JUL ? 2027-2028', ['2027-01-01T00:15', '2027-01-01T00:45']],
    ['0 0 1-20/9 1 ? *', ['2026-01-10T00:00', '2026-01-19T00:00']],
  ])('%s', (cron, expected) => {
    expect(occurrences(cron, '2026-01-01T00:00:00Z', 2)).toEqual(expected);
  });

  it('ends when no year is left', () => {
    expect(occurrences('0 0 1 1 ? 2025', '2026-01-01T00:00:00Z', 1)).toEqual([]);
    expect(occurrences('0 0 30 2 ? *', '2026-01-01T00:00:00Z', 1)).toEqual([]);
  });

  it.each([
    '* * * * * *',
    '* * ? * ? *',
    '60 * * * ? *',
    '* 24 * * ? *',
    '* * 0 * ? *',
    '* * * 13 ? *',
    '* * ? * 8 *',
    '* * ? * 2#6 *',
    '* * * * ? 1969',
    '5-1 * * * ? *',
    '*/0 * * * ? *',
    '1/2/3 * * * ? *',
    '* * * * ?',
    'a * * * ? *',
  ])('rejects %s', (cron) => {
    expect(() => parseCron(cron)).toThrow(`Invalid Schedule Expression cron(${cron}).`);
  });
});

describe('daylight saving time', () => {
  it('skips a time in the spring gap', () => {
    expect(occurrences('30 2 * * ? *', '2026-03-07T12:00:00Z', 2, newYork)).toEqual([
      '2026-03-09T06:30',
      '2026-03-10T06:30',
    ]);
  });

  it('fires once in the autumn overlap, the first time', () => {
    expect(occurrences('30 1 * * ? *', '2026-10-31T12:00:00Z', 2, newYork)).toEqual([
      '2026-11-01T05:30',
      '2026-11-02T06:30',
    ]);
  });

  it('moves a one-time schedule in a gap by the gap, and uses the first of two', () => {
    const next = (expression: string) =>
      new Date(parseExpression(expression, 'America/New_York').next(0, 0) ?? 0).toISOString();
    expect(next('at(2026-03-08T02:30:00)')).toBe('2026-03-08T07:30:00.000Z');
    expect(next('at(2026-11-01T01:30:00)')).toBe('2026-11-01T05:30:00.000Z');
    expect(next('at(2026-07-01T12:00:05)')).toBe('2026-07-01T16:00:05.000Z');
  });

  it('counts a day of a rate as 24 hours', () => {
    const anchorMs = Date.parse('2026-03-07T17:00:00Z');
    const next = parseExpression('rate(1 day)', 'America/New_York').next(anchorMs + 1, anchorMs);
    expect(next).toBe(anchorMs + 86_400_000);
  });
});

describe('against a scan of every minute', () => {
  const number = (min: number, max: number) => fc.integer({ min, max }).map(String);
  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      number(min, max),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min: 1, max }))
        .map(([from, step]) => `${from}/${step}`),
      fc.array(number(min, max), { minLength: 2, maxLength: 4 }).map((list) => list.join(',')),
    );

  /** Whether a number is in a field: a second, plain implementation. */
  function contains(text: string, value: number, min: number, max: number): boolean {
    return text.split(',').some((part) => {
      const [range = '', step = '1'] = part.split('/');
      const bounds = range === '*' ? [min, max] : range.split('-').map(Number);
      const low = bounds[0] ?? min;
      const high = bounds[1] ?? (part.includes('/') ? max : low);
      return value >= low && value <= high && (value - low) % Number(step) === 0;
    });
  }

  const zones = [
    'UTC',
    'America/New_York',
    'Europe/Berlin',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'America/Havana',
  ];
  // Half of the starts are just before a clock change somewhere.
  const starts = fc.oneof(
    fc.integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2027-01-01T00:00:00Z') }),
    fc
      .tuple(
        fc.constantFrom(
          '2026-03-08T00:00:00Z',
          '2026-11-01T00:00:00Z',
          '2026-03-29T00:00:00Z',
          '2026-10-25T00:00:00Z',
          '2026-04-04T12:00:00Z',
          '2026-10-03T12:00:00Z',
        ),
        fc.integer({ min: 0, max: 86_400_000 }),
      )
      .map(([day, offsetMs]) => Date.parse(day) + offsetMs),
  );

  it('finds the same next occurrence', () => {
    fc.assert(
      fc.property(
        field(0, 59),
        field(0, 23),
        fc.oneof(
          field(1, 31).map((days) => ({ days, weekdays: '?' })),
          field(1, 7).map((weekdays) => ({ days: '?', weekdays })),
        ),
        fc.constantFrom(...zones),
        starts,
        (minutes, hours, { days, weekdays }, zoneName, startMs) => {
          const where = zone(zoneName);
          const next = parseCron(`${minutes} ${hours} ${days} * ${weekdays} *`).next(startMs, where);
          const limitMs = startMs + 3 * 86_400_000;
          const seen = new Set<number>();
          // A local time counts when it first occurs, so the hours before the start are checked too.
          let found: number | undefined;
          const firstMinuteMs = Math.floor(startMs / 60_000) * 60_000 - 3 * 3_600_000;
          for (let atMs = firstMinuteMs; atMs <= limitMs && found === undefined; atMs += 60_000) {
            const wallMs = where.toWall(atMs);
            if (seen.has(wallMs)) continue;
            seen.add(wallMs);
            const wall = new Date(wallMs);
            const matches =
              contains(minutes, wall.getUTCMinutes(), 0, 59) &&
              contains(hours, wall.getUTCHours(), 0, 23) &&
              (days === '?' || contains(days, wall.getUTCDate(), 1, 31)) &&
              (weekdays === '?' || contains(weekdays, wall.getUTCDay() + 1, 1, 7));
            if (matches && atMs > startMs) found = atMs;
          }
          if (found === undefined) expect(next === undefined || next > limitMs).toBe(true);
          else expect(next).toBe(found);
        },
      ),
      { numRuns: 80 },
    );
  });
});

describe('expressions', () => {
  it.each([
    'at(2026-02-30T00:00:00)',
    'at(2026-01-01)',
    'rate(0 minutes)',
    'rate(5 seconds)',
    'rate(-1 hours)',
    'every(5 minutes)',
    'cron(0 0 * * ? *) ',
  ])('rejects %s', (expression) => {
    expect(() => parseExpression(expression, 'UTC')).toThrow(
      expect.objectContaining({ code: 'ValidationException' }),
    );
  });

  it('rejects a time zone that does not exist', () => {
    expect(() => parseExpression('rate(1 hour)', 'Mars/Olympus')).toThrow('Mars/Olympus');
    expect(() => parseExpression('rate(1 hour)', '+02:00')).toThrow('+02:00');
  });
});
