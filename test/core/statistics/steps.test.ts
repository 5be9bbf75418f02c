import { describe, expect, it } from 'vitest';
import {
  fullAllowance,
  secondsPerWrite,
  spend,
  writesAtOnce,
} from '../../../lib/core/statistics/allowance.ts';
import { reachedCounts, waitedCounts } from '../../../lib/core/statistics/counts.ts';
import { periodOf, startsOf } from '../../../lib/core/statistics/period.ts';
import { additionsOf, keysBetween } from '../../../lib/core/statistics/steps.ts';
import { longestWait, oldestSecondsOf, type Signs } from '../../../lib/core/statistics/waited.ts';

const at = (time: string) => Date.parse(time);
const receiver = { kind: 'receiver', name: 'billing', lifetime: 'a' } as const;
const day = 86_400;

describe('additionsOf', () => {
  it('adds what was counted to its minute, hour and day, which are kept longer the longer they are', () => {
    const rows = additionsOf(
      receiver,
      new Map([
        [at('2026-01-31T23:58:00Z'), { delivered: 2, l3: 2 }],
        [at('2026-01-31T23:59:00Z'), { delivered: 1, failed: 1, l3: 1 }],
        [at('2026-02-01T00:00:00Z'), { delivered: 5 }],
      ]),
    );
    const ends = (time: string, days: number) => at(time) / 1000 + days * day;
    const pk = 'statistics#receiver#billing#a';
    expect(rows).toEqual([
      {
        pk,
        sk: '60#2026-01-31T23:58:00.000Z',
        add: { delivered: 2, l3: 2 },
        expiresAtSeconds: ends('2026-01-31T23:59:00Z', 2),
      },
      {
        pk,
        sk: '3600#2026-01-31T23:00:00.000Z',
        add: { delivered: 3, failed: 1, l3: 3 },
        expiresAtSeconds: ends('2026-02-01T00:00:00Z', 60),
      },
      {
        pk,
        sk: '86400#2026-01-31T00:00:00.000Z',
        add: { delivered: 3, failed: 1, l3: 3 },
        expiresAtSeconds: ends('2026-02-01T00:00:00Z', 400),
      },
      {
        pk,
        sk: '60#2026-01-31T23:59:00.000Z',
        add: { delivered: 1, failed: 1, l3: 1 },
        expiresAtSeconds: ends('2026-02-01T00:00:00Z', 2),
      },
      {
        pk,
        sk: '60#2026-02-01T00:00:00.000Z',
        add: { delivered: 5 },
        expiresAtSeconds: ends('2026-02-01T00:01:00Z', 2),
      },
      {
        pk,
        sk: '3600#2026-02-01T00:00:00.000Z',
        add: { delivered: 5 },
        expiresAtSeconds: ends('2026-02-01T01:00:00Z', 60),
      },
      {
        pk,
        sk: '86400#2026-02-01T00:00:00.000Z',
        add: { delivered: 5 },
        expiresAtSeconds: ends('2026-02-02T00:00:00Z', 400),
      },
    ]);
  });

  it('adds to the month of an application alone', () => {
    const minutes = new Map([
      [at('2026-01-31T23:59:00Z'), { accepted: 1 }],
      [at('2026-02-01T00:00:00Z'), { accepted: 2 }],
    ]);
    expect(additionsOf({ kind: 'application', name: 'shop' }, minutes)).toMatchObject([
      { pk: 'statistics#application#shop', sk: 'month#2026-01', add: { accepted: 1 } },
      { pk: 'statistics#application#shop', sk: 'month#2026-02', add: { accepted: 2 } },
    ]);
  });
});

describe('an allowance', () => {
  it('lets a burst be written at once, and then one every half minute', () => {
    let allowance = fullAllowance(0);
    let writes = 0;
    for (let second = 0; second < 600; second++) {
      const left = spend(allowance, second * 1000);
      if (left === undefined) continue;
      allowance = left;
      writes += 1;
    }
    expect(writes).toBe(writesAtOnce + Math.floor(599 / secondsPerWrite));
  });

  it('never keeps counts back for longer than the stated time', () => {
    let allowance = fullAllowance(0);
    for (let lastMs = 0, ms = 0; ms < 3_600_000; ms += 700) {
      const left = spend(allowance, ms);
      if (left === undefined) {
        expect(ms - lastMs).toBeLessThanOrEqual(secondsPerWrite * 1000);
        continue;
      }
      allowance = left;
      lastMs = ms;
    }
  });
});

describe('a period', () => {
  const nowMs = at('2026-01-31T12:34:56.789Z');

  it('is the last hour by minutes, two days by hours or a month by days', () => {
    expect(startsOf(periodOf({}, nowMs), nowMs).length).toBe(60);
    expect(startsOf(periodOf({ step: 3600 }, nowMs), nowMs).length).toBe(48);
    const days = startsOf(periodOf({ step: 86_400 }, nowMs), nowMs);
    expect([
      days.length,
      new Date(days[0] ?? 0).toISOString(),
      new Date(days.at(-1) ?? 0).toISOString(),
    ]).toEqual([30, '2026-01-02T00:00:00.000Z', '2026-01-31T00:00:00.000Z']);
  });

  it('begins with the step that contains its begin, and shows none that is no longer kept', () => {
    const period = periodOf({ since: at('2026-01-31T12:00:59Z'), until: at('2026-01-31T12:02:00Z') }, nowMs);
    expect(startsOf(period, nowMs).map((ms) => new Date(ms).toISOString())).toEqual([
      '2026-01-31T12:00:00.000Z',
      '2026-01-31T12:01:00.000Z',
    ]);
    expect(
      startsOf(
        periodOf({ since: nowMs - 3 * day * 1000, until: nowMs - 3 * day * 1000 + 60_000 }, nowMs),
        nowMs,
      ),
    ).toEqual([]);
    expect(keysBetween(60, period.sinceMs, period.untilMs)).toEqual([
      '60#2026-01-31T12:00:00.000Z',
      '60#2026-01-31T12:01:00.000Z~',
    ]);
  });

  it('is refused when it ends before it begins, or has too many points', () => {
    expect(() => periodOf({ since: nowMs }, nowMs - 60_000)).toThrow('is not before until');
    expect(() => periodOf({ since: nowMs - 2 * day * 1000 }, nowMs)).toThrow('asks for 2881 points');
  });
});

describe('the longest wait', () => {
  it('is known within five percent, and unknown when nothing failed', () => {
    expect(longestWait(waitedCounts([3, 700, 12]))).toBeGreaterThan(700 * 0.95);
    expect(longestWait(waitedCounts([3, 700, 12]))).toBeLessThan(700 * 1.05);
    expect(longestWait({ delivered: 1 })).toBeUndefined();
  });
});

describe('the age of the oldest event', () => {
  const nowMs = Date.parse('2026-01-01T12:00:30Z');
  const minute = (ago: number, counts: object): Signs['minutes'][number] => ({
    startMs: Date.parse('2026-01-01T12:00:00Z') - ago * 60_000,
    counts: { delivered: 1, ...counts },
  });
  const ago = (seconds: number) => nowMs - seconds * 1000;
  it.each<[string, Partial<Signs>, number]>([
    ['is 0 when nothing is there', { isAny: false, minutes: [minute(0, waitedCounts([900]))] }, 0],
    ['is 0 where nothing is known', { isWaiting: true }, 0],
    ['is that of what failed', { minutes: [minute(0, waitedCounts([900, 3]))] }, 900],
    ['grows since', { minutes: [minute(10, waitedCounts([900])), minute(0, waitedCounts([3]))] }, 1500],
    ['forgets what failed long ago', { minutes: [minute(37, waitedCounts([900]))] }, 0],
    [
      'is that of what was received last',
      { isWaiting: true, minutes: [minute(3, reachedCounts([900])), minute(1, reachedCounts([7, 100]))] },
      160,
    ],
    [
      'is 0 again when what was received last had not waited',
      { isWaiting: true, minutes: [minute(3, reachedCounts([900])), minute(1, reachedCounts([4]))] },
      0,
    ],
    [
      'is not that of what was received when nothing waits',
      { minutes: [minute(0, reachedCounts([900]))] },
      0,
    ],
    [
      'does not say how far back the queue was long ago',
      { isWaiting: true, minutes: [minute(7, reachedCounts([900]))] },
      0,
    ],
    ['counts from when the receiver was stopped', { isWaiting: true, stoppedSinceMs: ago(5000) }, 5000],
    ['does not count that while nothing waits to be received', { stoppedSinceMs: ago(5000) }, 0],
    [
      'is the greatest of these',
      {
        isWaiting: true,
        stoppedSinceMs: ago(50),
        minutes: [minute(0, { ...waitedCounts([70]), ...reachedCounts([900]) })],
      },
      900,
    ],
  ])('%s', (_, signs, expected) => {
    const age = oldestSecondsOf(
      { minutes: [], isWaiting: false, isAny: true, stoppedSinceMs: undefined, ...signs },
      nowMs,
    );
    expect(Math.abs(age - expected)).toBeLessThanOrEqual(expected * 0.05);
  });

  it('is kept by the minute only', () => {
    const rows = additionsOf(
      { kind: 'receiver', name: 'billing', lifetime: 'x' },
      new Map([[nowMs - 30_000, { delivered: 1, ...waitedCounts([9]), ...reachedCounts([9]) }]]),
    );
    expect(rows.map(({ add }) => Object.keys(add).length)).toEqual([3, 1, 1]);
  });
});
