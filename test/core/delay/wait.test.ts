import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atExpression, chooseWait, secondsUntilWake } from '../../../lib/core/delay/wait.ts';
import { aws, bus } from '../../../lib/core/kernel/limits.ts';

const nowMs = Date.parse('2026-01-31T12:00:00.500Z');
const times = fc.integer({ min: 0, max: 4e12 });
const waits = fc.integer({ min: -1e6, max: 4e11 });

describe('a wait', () => {
  it.each<[string, number, ReturnType<typeof chooseWait>]>([
    ['that is over', -5000, { kind: 'queue', delaySeconds: 0 }],
    ['of a moment', 1, { kind: 'queue', delaySeconds: 0 }],
    ['of a second', 1000, { kind: 'queue', delaySeconds: 1 }],
    ['of a second and a half, held for half a second', 1500, { kind: 'queue', delaySeconds: 1 }],
    ['of 15 minutes', 900_000, { kind: 'queue', delaySeconds: 900 }],
    ['of 15 minutes and a moment', 900_001, { kind: 'schedule', fireAtMs: nowMs + 900_001 - 120_000 }],
    ['of a year', 365 * 86_400_000, { kind: 'schedule', fireAtMs: nowMs + 365 * 86_400_000 - 120_000 }],
    [
      'of ten years, by legs',
      bus.delaySecondsMax * 1000,
      { kind: 'schedule', fireAtMs: nowMs + 366 * 86_400_000 },
    ],
  ])('%s', (_, waitMs, expected) => {
    expect(chooseWait(nowMs + waitMs, nowMs)).toEqual(expected);
  });

  it('in the queue comes at most what the function holds early, a fifth of a second late, and no longer than SQS takes', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 900_000 }), (now, waitMs) => {
        const wait = chooseWait(now + waitMs, now);
        if (wait.kind !== 'queue') throw new Error('15 minutes fit the queue.');
        expect(wait.delaySeconds * 1000).toBeGreaterThanOrEqual(waitMs - bus.timerEarlyMsMax);
        expect(wait.delaySeconds * 1000).toBeLessThanOrEqual(waitMs + 1000 - bus.timerEarlyMsMax);
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
        // The rest is hidden in the queue, for which a message must not wait longer than it may be delayed; after
        // a leg there is another one.
        if (waitMs <= bus.scheduleLegSeconds * 1000) {
          expect(secondsUntilWake(dueAtMs, firedMs)).toBeLessThanOrEqual(aws.sqs.delaySecondsMax);
        }
      }),
    );
  });
});

it.each([
  ['2026-01-31T12:00:00.999Z', 'at(2026-01-31T12:00:00)'],
  ['2030-12-31T23:59:59Z', 'at(2030-12-31T23:59:59)'],
])('writes %s as %s, in UTC', (time, expression) => {
  expect(atExpression(Date.parse(time))).toBe(expression);
});
