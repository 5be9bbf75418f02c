import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { billOf, prices, UnpricedUnitError } from '../../../lib/core/bill/bill.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const million = 1_000_000;
const cents = (dollars: number) => Math.round(dollars * 100) / 100;

/** A million events of 1 KB over SNS, SQS and a function of 256 MB that posts a batch in parallel in 220 ms. */
function referenceCounts(receivers: number, batch: number): Record<string, number> {
  const calls = million / batch;
  return {
    'sns.requests': calls,
    'sns.deliveries-sqs': receivers * million,
    'sqs.requests-from-sns': receivers * million,
    'sqs.requests': receivers * calls * 2,
    'lambda.requests': receivers * calls,
    'lambda.gb-seconds': receivers * calls * 0.25 * 0.22,
  };
}

describe('the reference bills, in dollars a million events', () => {
  test.each([
    { receivers: 1, batch: 10, sendsFromSns: 'billed', dollars: 0.62 },
    { receivers: 1, batch: 10, sendsFromSns: 'free', dollars: 0.22 },
    { receivers: 5, batch: 10, sendsFromSns: 'billed', dollars: 2.92 },
    { receivers: 5, batch: 10, sendsFromSns: 'free', dollars: 0.92 },
    { receivers: 1, batch: 1, sendsFromSns: 'billed', dollars: 2.63 },
    { receivers: 5, batch: 1, sendsFromSns: 'billed', dollars: 11.17 },
  ] as const)(
    'SNS -> SQS -> Lambda, $receivers receivers, batches of $batch, send leg $sendsFromSns: $dollars',
    ({ receivers, batch, sendsFromSns, dollars }) => {
      expect(cents(billOf(referenceCounts(receivers, batch), { sendsFromSns }).dollars)).toBe(dollars);
    },
  );

  test.each([
    { receivers: 1, dollars: 0.21 },
    { receivers: 5, dollars: 1.07 },
  ])(
    'SendMessageBatch straight to the queues of $receivers receivers: $dollars',
    ({ receivers, dollars }) => {
      const calls = (receivers * million) / 10;
      const { dollars: total } = billOf({
        'sqs.requests': calls * 3,
        'lambda.requests': calls,
        'lambda.gb-seconds': calls * 0.25 * 0.22,
      });
      expect(cents(total)).toBe(dollars);
    },
  );

  test('five idle pollers of one queue for 30 days cost 0.26', () => {
    const longPolls = (5 * 30 * 24 * 3600) / 20;
    expect(longPolls).toBe(648_000);
    expect(cents(billOf({ 'sqs.requests': longPolls }).dollars)).toBe(0.26);
  });
});

describe('a bill', () => {
  test('has a line for each unit, the dearest first, and their sum', () => {
    expect(
      billOf({
        'lambda.requests': 5 * million,
        'sns.requests': million,
        'scheduler.invocations': 2 * million,
      }),
    ).toEqual({
      lines: [
        { unit: 'scheduler.invocations', quantity: 2 * million, dollars: 2 },
        { unit: 'lambda.requests', quantity: 5 * million, dollars: 1 },
        { unit: 'sns.requests', quantity: million, dollars: 0.5 },
      ],
      dollars: 3.5,
    });
  });

  test('bills what SNS sends to SQS unless it is told not to', () => {
    const counts = { 'sqs.requests-from-sns': million };
    expect(billOf(counts).dollars).toBe(billOf(counts, { sendsFromSns: 'billed' }).dollars);
    expect(billOf(counts).dollars).toBeGreaterThan(0);
    expect(billOf(counts, { sendsFromSns: 'free' }).dollars).toBe(0);
  });

  test('of nothing is nothing', () => {
    expect(billOf({})).toEqual({ lines: [], dollars: 0 });
  });

  test('names a unit that has no price, even one that every object has', () => {
    expect(() => billOf({ 'sqs.telegrams': 1 })).toThrow(UnpricedUnitError);
    expect(() => billOf({ 'sqs.telegrams': 1 })).toThrow('sqs.telegrams');
    expect(() => billOf({ toString: 1 })).toThrow('toString');
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the quantity %d', (quantity) => {
    expect(() => billOf({ 'sqs.requests': quantity })).toThrow(RangeError);
  });
});

describe('the price table', () => {
  test('prices what the engines count, and nothing else', () => {
    // By `npm run bench -- --costs`, from the template.
    const counted = new Set(['cloudwatch.alarm-metrics']);
    const read = new Set<string>();
    for (const file of globSync('lib/stand-in/**/*.ts', { cwd: root })) {
      const text = readFileSync(join(root, file), 'utf8');
      // Each call ends its statement; the names are the strings with a dot in it.
      for (const [, call = ''] of text.matchAll(/meter\.count\(([^;]*);/g)) {
        read.add(file);
        for (const [, unit = ''] of call.matchAll(/'([a-z]+\.[a-z-]+)'/g)) counted.add(unit);
      }
    }
    expect(read.size).toBeGreaterThan(5);
    const unpriced = [...counted].filter((unit) => !Object.hasOwn(prices, unit));
    expect(unpriced).toEqual([]);
    expect(Object.keys(prices).filter((unit) => !counted.has(unit))).toEqual([]);
  });
});
