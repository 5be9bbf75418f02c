import { describe, expect, test } from 'vitest';
import {
  type Admission,
  type AdmissionLimits,
  type AdmissionSample,
  accepting,
  decideAdmission,
} from '../../lib/local/admission.ts';

const limits: AdmissionLimits = {
  highReady: 1000,
  lowReady: 100,
  saturatedUtilization: 0.9,
  idleUtilization: 0.7,
};
const sample = (readyMessages: number, utilization: number, seconds = 0): AdmissionSample => ({
  readyMessages,
  utilization,
  nowMs: seconds * 1000,
});
const decide = (...samples: AdmissionSample[]): Admission =>
  samples.reduce((before, next) => decideAdmission(before, next, limits), accepting);

describe('publishing is accepted', () => {
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

describe('publishing is refused', () => {
  test('above the high mark on a saturated machine', () => {
    expect(decide(sample(1001, 0.9))).toMatchObject({ accepting: false, retryAfterSeconds: 1 });
  });
  test('between the marks once it was refused', () => {
    expect(decide(sample(1001, 0.9), sample(500, 0.9, 1))).toMatchObject({ accepting: false });
  });
  test('for as long as the drain rate says the backlog lasts', () => {
    // 200 drained in 2 s, and 700 to go to the low mark.
    expect(decide(sample(1001, 1), sample(801, 1, 2))).toMatchObject({ retryAfterSeconds: 8 });
  });
  test('for a minute when nothing drains', () => {
    expect(decide(sample(1001, 1), sample(2000, 1, 2))).toMatchObject({ retryAfterSeconds: 60 });
  });
});
