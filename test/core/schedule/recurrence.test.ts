import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  eventOf,
  firesMax,
  misfires,
  nextTime,
  nextTimes,
  overRateSeconds,
  planFiring,
  recurrenceSchema,
  waitsSince,
} from '../../../lib/core/schedule/recurrence.ts';

const anchorMs = Date.parse('2026-01-01T00:00:00.250Z');
const at = (seconds: number) => anchorMs + seconds * 1000;
const minutely = { everySeconds: 60, anchorMs };

describe('an interval', () => {
  it.each([
    [-500, 60],
    [0, 60],
    [59.9, 60],
    [60, 120],
    [61, 120],
  ])('after %f s comes at %i s', (afterSeconds, expected) => {
    expect(nextTime(minutely, at(afterSeconds))).toBe(at(expected));
  });

  it('does not drift', () => {
    const everySeconds = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(everySeconds, fc.integer({ min: 0, max: 1e10 }), (every, afterMs) => {
        const next = nextTime({ everySeconds: every, anchorMs }, anchorMs + afterMs) ?? 0;
        expect(next).toBeGreaterThan(anchorMs + afterMs);
        expect(next - anchorMs - afterMs).toBeLessThanOrEqual(every * 1000);
        expect((next - anchorMs) % (every * 1000)).toBe(0);
      }),
    );
  });
});

it('gives the next times, the nearest first', () => {
  expect(nextTimes(minutely, at(30), 3)).toEqual([at(60), at(120), at(180)]);
  const yearly = { cron: '0 0 1 1 *', timezone: 'Asia/Tokyo', anchorMs };
  expect(nextTimes(yearly, anchorMs, 2).map((ms) => new Date(ms).toISOString())).toEqual([
    '2026-12-31T15:00:00.000Z',
    '2027-12-31T15:00:00.000Z',
  ]);
});

describe('a look', () => {
  it.each<[string, (typeof misfires)[number] | undefined, number, number, number[], number]>([
    ['too early fires nothing', undefined, 60, 59, [], 60],
    ['on time fires that time', undefined, 60, 60, [60], 120],
    ['late by seconds fires it, too', 'skip', 60, 100, [60], 120],
    ['late by a minute fires both', 'skip', 60, 120, [60, 120], 180],
    [
      'after an outage fires the first that was missed, and what is due',
      'fire-once',
      60,
      3600,
      [60, 3540, 3600],
      3660,
    ],
    ['does so by default', undefined, 60, 3630, [60, 3600], 3660],
    ['skips what was missed', 'skip', 60, 3630, [3600], 3660],
    ['fires all that was missed', 'all', 60, 300, [60, 120, 180, 240, 300], 360],
  ])('%s', (_, misfire, planned, now, fire, next) => {
    expect(planFiring({ ...minutely, misfire }, at(planned), at(now))).toEqual({
      fireMs: fire.map(at),
      nextMs: at(next),
    });
  });

  it('after a year of outage fires all, some at a time, and counts none twice', () => {
    const hourly = { everySeconds: 3600, anchorMs, misfire: 'all' as const };
    const nowMs = at(365 * 86_400);
    const fired: number[] = [];
    let nextMs: number | undefined = at(3600);
    while (nextMs !== undefined && nextMs <= nowMs) {
      const firing = planFiring(hourly, nextMs, nowMs);
      expect(firing.fireMs.length).toBeLessThanOrEqual(firesMax);
      fired.push(...firing.fireMs);
      nextMs = firing.nextMs;
    }
    expect(fired).toEqual(Array.from({ length: 365 * 24 }, (_, n) => at((n + 1) * 3600)));
  });

  it('ends with the next time to come, whatever the policy and however late it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.constantFrom(...misfires),
        fc.integer({ min: 0, max: 1e6 }),
        (everySeconds, misfire, lateSeconds) => {
          const spec = { everySeconds, anchorMs, misfire };
          const nowMs = at(everySeconds + lateSeconds);
          const { fireMs, nextMs = 0 } = planFiring(spec, at(everySeconds), nowMs);
          expect(fireMs).toEqual([...new Set(fireMs)].sort((a, b) => a - b));
          if (fireMs.length < firesMax) expect(nextMs).toBe(nextTime(spec, nowMs));
        },
      ),
    );
  });
});

describe('the event of a time', () => {
  const event = { type: 'report.due', data: { n: 1 }, subject: 'x' };
  const nightly = { schedule: 'nightly', event, owner: 'shop' };

  it('is the same however often it is made, and another at another time', () => {
    const one = eventOf(nightly, at(0.75));
    expect(eventOf(nightly, at(0.75))).toEqual(one);
    expect(JSON.parse(one.body)).toMatchObject({
      id: 'nightly@2026-01-01T00:00:01Z',
      source: '/schedules/nightly',
      type: 'report.due',
      subject: 'x',
      time: '2026-01-01T00:00:01.000Z',
      data: { n: 1 },
    });
    expect(eventOf(nightly, at(1.75)).id).not.toBe(one.id);
    expect(eventOf(nightly, at(0)).id).toBe('nightly@2026-01-01T00:00:00.250Z');
  });

  it('is checked as any other', () => {
    expect(() => eventOf({ ...nightly, event: { type: '' } }, anchorMs)).toThrow('type is empty');
  });

  it('names its owner as the publisher', () => {
    expect(JSON.parse(eventOf(nightly, anchorMs).body).busbarpublisher).toBe('shop');
  });
});

describe('a schedule', () => {
  const good = { topic: 'orders', cron: '0 9 * * *', event: { type: 't' } };

  it.each([
    good,
    { ...good, timezone: 'Europe/Berlin', misfire: 'all', description: 'x', owner: 'shop' },
    { receiver: 'billing', everySeconds: 1, event: { type: 't', data: null } },
  ])('%j is taken', (spec) => expect(recurrenceSchema.safeParse(spec).success).toBe(true));

  it.each<[object, string]>([
    [{ ...good, receiver: 'billing' }, 'either topic or receiver'],
    [{ cron: '0 9 * * *', event: { type: 't' } }, 'either topic or receiver'],
    [{ ...good, everySeconds: 60 }, 'either cron or everySeconds'],
    [{ topic: 'orders', event: { type: 't' } }, 'either cron or everySeconds'],
    [{ ...good, cron: '0 9 * *' }, 'has 4 fields'],
    [{ ...good, cron: '0 0 30 2 *' }, 'never fires'],
    [{ ...good, timezone: 'Mars/Olympus' }, 'is not an IANA time zone'],
    [{ topic: 'orders', everySeconds: 60, timezone: 'UTC', event: { type: 't' } }, 'is only for cron'],
    [{ topic: 'orders', everySeconds: 0.5, event: { type: 't' } }, 'int'],
    [{ topic: 'orders', everySeconds: 0, event: { type: 't' } }, '1'],
    [{ ...good, misfire: 'never' }, 'fire-once'],
    [{ ...good, event: { type: 't', id: 'mine' } }, 'id'],
    [{ ...good, every: 1 }, 'every'],
  ])('%j is refused', (spec, why) => {
    const parsed = recurrenceSchema.safeParse(spec);
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).toContain(why);
  });
});

describe('times that wait for the rate of their application', () => {
  const every = { everySeconds: 10, anchorMs: 0, misfire: 'skip' as const };
  it.each<[string, waitsSinceMs: number, fireMs: readonly number[], nextMs: number]>([
    ['are no misfires', 95_000, [40_000, 50_000, 60_000, 70_000, 80_000, 90_000, 100_000], 110_000],
    ['are misfires without that', 0, [50_000, 60_000, 70_000, 80_000, 90_000, 100_000], 110_000],
  ])('%s', (_, waits, fireMs, nextMs) => {
    expect(planFiring(every, 40_000, 109_000, waits)).toEqual({ fireMs, nextMs });
  });

  it.each<[string, earlierMs: number, isOver: boolean, nextMs: number | undefined, sinceMs: number]>([
    ['begin to wait with the first that is over', 0, true, 50, 100],
    ['go on waiting', 70, true, 50, 70],
    ['wait until the last of them has fired', 70, false, 100, 70],
    ['have all fired when the next is ahead', 70, false, 101, 0],
    ['have all fired when there is none left', 70, false, undefined, 0],
  ])('%s', (_, earlierMs, isOver, nextMs, sinceMs) => {
    expect(waitsSince(earlierMs, isOver, nextMs, 100)).toBe(sinceMs);
  });

  it('are looked at more rarely the longer they wait', () => {
    expect([0, 40, 400, 4000].map((seconds) => overRateSeconds(5, 0, seconds * 1000))).toEqual([
      5, 10, 60, 60,
    ]);
  });
});
