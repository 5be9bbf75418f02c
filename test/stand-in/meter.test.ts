import { expect, test } from 'vitest';
import { countingMeter } from '../../lib/stand-in/meter.ts';

test('sums counts by unit until it is reset', () => {
  const meter = countingMeter();
  meter.count('sqs.requests', 2);
  meter.count('lambda.gb-seconds', 0.5);
  meter.count('sqs.requests', 1);
  expect(meter.counts()).toEqual({ 'lambda.gb-seconds': 0.5, 'sqs.requests': 3 });
  meter.reset();
  expect(meter.counts()).toEqual({});
});

test('leaves out what AWS would not bill, and counts again afterwards, even after a failure', () => {
  const meter = countingMeter();
  expect(
    meter.uncounted(() => {
      meter.count('sqs.requests', 1);
      return 'answer';
    }),
  ).toBe('answer');
  expect(() =>
    meter.uncounted(() => {
      throw new Error('rejected');
    }),
  ).toThrow('rejected');
  expect(meter.counts()).toEqual({});
  meter.count('sqs.requests', 1);
  expect(meter.counts()).toEqual({ 'sqs.requests': 1 });
});
