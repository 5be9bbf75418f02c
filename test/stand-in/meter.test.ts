import { expect, test } from 'vitest';
import { billOf } from '../../lib/core/bill/bill.ts';
import { countingMeter } from '../../lib/stand-in/meter.ts';
import { testAccount } from './account.ts';

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

test('counts what functions log and send, and no line that is dropped', () => {
  const { aws, meter } = testAccount([]);
  const logging = { format: 'JSON', applicationLevel: 'INFO' } as const;
  const line = (level: string) =>
    JSON.stringify({ timestamp: '2026-01-01T00:00:00.000Z', level, message: 'ü' });
  expect(aws.logs(logging, line('DEBUG'))).toBe(false);
  expect(meter.counts()).toEqual({});
  expect(aws.logs(logging, line('INFO'))).toBe(true);
  aws.sends({ url: 'https://shop.test/', headers: { a: 'bc' }, body: 'ü' });
  expect(meter.counts()).toEqual({
    'logs.ingested-bytes': Buffer.byteLength(line('INFO')) + 26,
    'transfer.out-bytes': 100 + 'https://shop.test/'.length + 'a: bc\r\n'.length + 2,
  });
  expect(billOf({ ...meter.counts(), 'cloudwatch.alarm-metrics': 3 }).dollars).toBeCloseTo(0.3, 4);
});
