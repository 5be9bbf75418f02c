import { describe, expect, it } from 'vitest';
import { type AttemptRecord, attemptRecord, withAttempt } from '../../../lib/core/deliver/attempts.ts';

const answer = (response: string, status = 500) =>
  ({ kind: 'answer', status, retryAfter: undefined, response }) as const;

describe('an attempt', () => {
  it('is kept with its status and the first KB of the response', () => {
    expect(attemptRecord(3, 'online', answer('x'.repeat(5000)), 1000, 12.6)).toEqual({
      attempt: 3,
      atMs: 1000,
      latencyMs: 13,
      lane: 'online',
      status: 500,
      detail: 'x'.repeat(1024),
    });
  });

  it('that got no answer is kept with the reason', () => {
    const outcome = { kind: 'failure', failure: 'dns', message: 'no such host' } as const;
    expect(attemptRecord(1, 'offline', outcome, 0, 5)).toEqual({
      attempt: 1,
      atMs: 0,
      latencyMs: 5,
      lane: 'offline',
      error: 'dns',
      detail: 'no such host',
    });
  });
});

describe('the attempts of a delivery', () => {
  const attemptsAfter = (count: number, response: string) =>
    Array.from({ length: count }, (_, n) => attemptRecord(n + 1, 'online', answer(response), n, 1)).reduce(
      (all: readonly AttemptRecord[], one) => withAttempt(all, one),
      [],
    );

  it('are all kept in their order, with their details as long as these are short', () => {
    const attempts = attemptsAfter(9, 'busy');
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(attempts.map(({ detail }) => detail))).toEqual(new Set(['busy']));
  });

  it('keep the newest details whole and cut older ones, so that a record stays a few KB', () => {
    const attempts = attemptsAfter(51, 'x'.repeat(5000));
    expect(attempts).toHaveLength(51);
    expect(attempts.slice(-4).map(({ detail }) => detail.length)).toEqual([1024, 1024, 1024, 1024]);
    expect(Math.max(...attempts.slice(0, -4).map(({ detail }) => detail.length))).toBeLessThanOrEqual(100);
    expect(JSON.stringify(attempts).length).toBeLessThan(15_000);
  });
});
