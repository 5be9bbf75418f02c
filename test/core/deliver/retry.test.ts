import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultRetry, policyFor, retryDelaySeconds } from '../../../lib/core/deliver/delivery.ts';
import { retryJitterPart } from '../../../lib/core/deliver/limits.ts';
import { retryAfterSeconds, retryAfterSecondsMax } from '../../../lib/core/kernel/retry-after.ts';

describe('the default policy', () => {
  const waits = (random: number) =>
    Array.from({ length: 10 }, (_, at) => retryDelaySeconds(defaultRetry, at + 1, random));

  it('waits 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h and 10 h, and gives up after nine attempts', () => {
    expect(waits(0)).toEqual([5, 30, 120, 600, 1800, 7200, 18_000, 36_000, undefined, undefined]);
  });

  it('has jitter of up to a tenth', () => {
    expect(waits(0.999999)[0]).toBeCloseTo(5.5, 4);
    expect(waits(0.5)[2]).toBeCloseTo(126);
  });
});

it('never retries early, nor later than its jitter', () => {
  const delays = fc.array(fc.double({ min: 0, max: 11 * 3600, noNaN: true }), {
    minLength: 1,
    maxLength: 50,
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(delays, random, (delaysSeconds, jitter) => {
      for (const [at, delay] of delaysSeconds.entries()) {
        const wait = retryDelaySeconds({ delaysSeconds }, at + 1, jitter);
        expect(wait).toBeGreaterThanOrEqual(delay);
        expect(wait).toBeLessThanOrEqual(delay * (1 + retryJitterPart));
      }
      expect(retryDelaySeconds({ delaysSeconds }, delaysSeconds.length + 1, jitter)).toBeUndefined();
    }),
  );
});

it('gives up at once when the policy has no delays', () => {
  expect(retryDelaySeconds({ delaysSeconds: [] }, 1, 0)).toBeUndefined();
});

describe('the policy for an event type', () => {
  const policy = { delaysSeconds: [1, 2], types: { 'a.b': { delaysSeconds: [9] } } } as const;

  it.each<[string, string, readonly number[]]>([
    ['is its own where it has one', 'a.b', [9]],
    ["is the receiver's otherwise", 'a.c', [1, 2]],
    ['is no part of what every object has', 'constructor', [1, 2]],
  ])('%s', (_, type, delays) => {
    expect(policyFor(policy, type).delaysSeconds).toEqual(delays);
  });

  it('is the default where the receiver has none, and keeps what business failures come to', () => {
    expect(policyFor(undefined, 'a.b')).toEqual(defaultRetry);
    expect(policyFor({ ...policy, businessFailures: 'dead-letter' }, 'a.b').businessFailures).toBe(
      'dead-letter',
    );
  });
});

describe('Retry-After', () => {
  const nowMs = Date.parse('1994-11-06T08:49:00Z');

  it.each<[string, string | undefined, number | undefined]>([
    ['absent', undefined, undefined],
    ['seconds', '120', 120],
    ['seconds with spaces around', ' 7 ', 7],
    ['no wait', '0', 0],
    ['more than a message can be hidden', '50000', 50_000],
    ['more than a day', '90000', 86_400],
    ['absurdly many seconds', '9'.repeat(400), undefined],
    ['a date', 'Sun, 06 Nov 1994 08:49:37 GMT', 37],
    ['a date of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', 37],
    ['a date of asctime, which is in GMT', 'Sun Nov  6 08:49:37 1994', 37],
    ['a date that has passed', 'Sun, 06 Nov 1994 08:48:00 GMT', 0],
    ['a date far ahead', 'Mon, 06 Nov 2034 08:49:37 GMT', 86_400],
    ['an empty text', '', undefined],
    ['a negative number, which JavaScript takes for a date', '-5', undefined],
    ['a fraction, which JavaScript takes for a date', '1.5', undefined],
    ['a unit', '5s', undefined],
    ['words', 'soon', undefined],
    ['a date that is none', 'Sun, 99 Nov 1994 08:49:37 GMT', undefined],
    ['an ISO date', '1994-11-06T08:49:37Z', undefined],
  ])('%s', (_, header, expected) => {
    expect(retryAfterSeconds(header, nowMs)).toBe(expected);
  });

  it('is never more than a day, and never negative, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat().map(String),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (header) => {
          const seconds = retryAfterSeconds(header, nowMs) ?? 0;
          expect(seconds).toBeGreaterThanOrEqual(0);
          expect(seconds).toBeLessThanOrEqual(retryAfterSecondsMax);
        },
      ),
    );
  });
});
