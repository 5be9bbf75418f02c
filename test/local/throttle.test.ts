import { describe, expect, test } from 'vitest';
import {
  accepting,
  decideThrottle,
  type Throttle,
  type ThrottleLimits,
  type ThrottleSample,
} from '../../lib/local/throttle.ts';

const limits: ThrottleLimits = {
  highReady: 1000,
  lowReady: 100,
  saturatedUtilization: 0.9,
  idleUtilization: 0.7,
};
const sample = (readyMessages: number, utilization: number, seconds = 0): ThrottleSample => ({
  readyMessages,
  utilization,
  nowMs: seconds * 1000,
});
const decide = (...samples: ThrottleSample[]): Throttle =>
  samples.reduce((before, next) => decideThrottle(before, next, limits), accepting);

describe('publishes are accepted', () => {
  test('with a long backlog on an idle machine: the receivers are slow', () => {
    expect(decide(sample(1_000_000, 0.2))).toEqual(accepting);
  });
  test('on a saturated machine that keeps up', () => {
    expect(decide(sample(1000, 1))).toEqual(accepting);
  });
  test('again when the backlog fell below the low mark', () => {
    expect(decide(sample(1001, 0.95), sample(99, 1, 1))).toEqual(accepting);
  });
  test('again when the machine became idle with the backlog still there', () => {
    expect(decide(sample(1001, 0.95), sample(1001, 0.6, 1))).toEqual(accepting);
  });
});

describe('publishes are throttled', () => {
  test('above the high mark on a saturated machine', () => {
    expect(decide(sample(1001, 0.9))).toMatchObject({ accepting: false, retryAfterSeconds: 1 });
  });
  test('between the marks once they were throttled', () => {
    expect(decide(sample(1001, 0.9), sample(500, 0.9, 1))).toMatchObject({ accepting: false });
  });
  test('for as long as the backlog lasts at the drain rate', () => {
    // 200 drained in 2 s, and 700 remain above the low mark.
    expect(decide(sample(1001, 1), sample(801, 1, 2))).toMatchObject({ retryAfterSeconds: 8 });
  });
  test('for a minute when nothing drains', () => {
    expect(decide(sample(1001, 1), sample(2000, 1, 2))).toMatchObject({ retryAfterSeconds: 60 });
  });
});
