import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aws } from '../../lib/core/limits.ts';
import { atExpression, chooseWait, scheduleName, secondsUntil } from '../../lib/core/schedule.ts';

const nowMs = Date.parse('2026-01-31T12:00:00.500Z');
const times = fc.integer({ min: 0, max: 4e12 });
const waits = fc.integer({ min: -1e6, max: 4e11 });

describe('a wait', () => {
  it.each<[string, number, ReturnType<typeof chooseWait>]>([
    ['that is over', -5000, { kind: 'queue', delaySeconds: 0 }],
    ['of a moment', 1, { kind: 'queue', delaySeconds: 1 }],
    ['of 15 minutes', 900_000, { kind: 'queue', delaySeconds: 900 }],
    ['of 15 minutes and a moment', 900_001, { kind: 'schedule', fireAtMs: nowMs + 900_001 - 120_000 }],
    ['of a year', 365 * 86_400_000, { kind: 'schedule', fireAtMs: nowMs + 365 * 86_400_000 - 120_000 }],
  ])('%s', (_, waitMs, expected) => {
    expect(chooseWait(nowMs + waitMs, nowMs)).toEqual(expected);
  });

  it('in the queue is never early, less than a second late, and no longer than SQS takes', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 900_000 }), (now, waitMs) => {
        const wait = chooseWait(now + waitMs, now);
        if (wait.kind !== 'queue') throw new Error('15 minutes fit the queue.');
        expect(wait.delaySeconds * 1000).toBeGreaterThanOrEqual(waitMs);
        expect(wait.delaySeconds * 1000).toBeLessThan(waitMs + 1000);
        expect(wait.delaySeconds).toBeLessThanOrEqual(aws.sqs.delaySecondsMax);
        expect(Number.isInteger(wait.delaySeconds)).toBe(true);
      }),
    );
  });

  it('by schedule fires in the future, and leaves the queue a rest even when it fires at its latest', () => {
    fc.assert(
      fc.property(times, waits, (now, waitMs) => {
        const dueAtMs = now + waitMs;
        const wait = chooseWait(dueAtMs, now);
        if (wait.kind === 'queue') return;
        const firedMs = Date.parse(`${atExpression(wait.fireAtMs).slice(3, -1)}Z`);
        expect(firedMs).toBeGreaterThan(now + 60_000);
        const latestMs = firedMs + aws.scheduler.precisionSeconds * 1000;
        expect(latestMs).toBeLessThan(dueAtMs);
        // The rest is hidden in the queue, for which a message must not wait longer than it may be delayed.
        expect(secondsUntil(dueAtMs, firedMs)).toBeLessThanOrEqual(aws.sqs.delaySecondsMax);
      }),
    );
  });
});

it('names schedules apart by target, source, id and time, as Scheduler takes names', () => {
  const event = { source: '/orders', id: 'e-1' };
  const names = [
    scheduleName({ topic: 'a' }, event, nowMs),
    scheduleName({ receiver: 'a' }, event, nowMs),
    scheduleName({ topic: 'b' }, event, nowMs),
    scheduleName({ topic: 'a' }, { ...event, id: 'e-2' }, nowMs),
    scheduleName({ topic: 'a' }, { ...event, source: '/o' }, nowMs),
    scheduleName({ topic: 'a' }, event, nowMs + 1),
  ];
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[0-9a-zA-Z\-_.]{1,64}$/);
  expect(scheduleName({ topic: 'a' }, { ...event }, nowMs)).toBe(names[0]);
});

it('counts the seconds that are left up, and none when it is over', () => {
  expect([1, 1000, 1001, 0, -1].map((ms) => secondsUntil(nowMs + ms, nowMs))).toEqual([1, 1, 2, 0, 0]);
});

it.each([
  ['2026-01-31T12:00:00.999Z', 'at(2026-01-31T12:00:00)'],
  ['2030-12-31T23:59:59Z', 'at(2030-12-31T23:59:59)'],
])('writes %s as %s, in UTC', (time, expression) => {
  expect(atExpression(Date.parse(time))).toBe(expression);
});
