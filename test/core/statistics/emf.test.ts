import { expect, it } from 'vitest';
import * as z from 'zod';
import { latencyCounts, type Thing } from '../../../lib/core/statistics/counts.ts';
import {
  busMetrics,
  type MetricsMode,
  metricsModes,
  metricsOfCounts,
} from '../../../lib/core/statistics/emf.ts';

/**
 * What the specification demands of a line:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const units = ['Count', 'Bytes', 'Milliseconds'];
const line = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z.int().positive(),
    CloudWatchMetrics: z
      .array(
        z.strictObject({
          Namespace: z.string().min(1).max(1024),
          Dimensions: z.array(z.array(z.string().min(1).max(250)).max(30)).min(1),
          Metrics: z
            .array(z.strictObject({ Name: z.string().min(1).max(1024), Unit: z.enum(units) }))
            .min(1)
            .max(100),
        }),
      )
      .min(1),
  }),
});
const value = z.union([z.number(), z.array(z.number()).min(1).max(100)]);

const minuteMs = Date.parse('2026-01-01T12:00:00Z');
const lived = { lifetime: 'x' };
const things: readonly Thing[] = [
  { kind: 'application', name: 'shop' },
  { kind: 'receiver', name: 'billing', ...lived, isDeclared: true },
  { kind: 'receiver', name: 'archive', ...lived, isDeclared: false },
  { kind: 'topic', name: 'orders', ...lived, isDeclared: true },
  { kind: 'topic', name: 'others', ...lived, isDeclared: false },
];
const counts = {
  accepted: 5,
  rejected: 1,
  bytes: 900,
  delivered: 7,
  failed: 2,
  requests: 3,
  ...latencyCounts([10, 10, 10, 1000]),
};
const fieldsOf = (mode: MetricsMode, thing: Thing, of: object = counts) =>
  metricsOfCounts(mode, 'busbar', thing, minuteMs, { ...of });

/** Every metric that lines make: its name, and its dimensions with their values. */
function metricsIn(lines: readonly ReturnType<typeof metricsOfCounts>[]): string[] {
  return lines
    .flatMap((fields) => {
      if (fields === undefined) return [];
      const { _aws } = line.parse(fields);
      return _aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
        Dimensions.flatMap((names) =>
          Metrics.map(({ Name }) => {
            value.parse(fields[Name]);
            const shown = names.map((name) => `${name}=${z.string().min(1).parse(fields[name])}`);
            return [Name, ...shown].join(' ');
          }),
        ),
      );
    })
    .sort();
}

it('writes nothing while it is off, and where nothing happened', () => {
  for (const thing of things) {
    expect(fieldsOf('off', thing)).toBeUndefined();
    expect(fieldsOf('declared', thing, { requests: 1, w3: 1 })).toBeUndefined();
  }
});

it('has no dimension for the bus, however many receivers and topics there are', () => {
  const made = new Set(metricsIn(things.map((thing) => fieldsOf('bus', thing))));
  expect([...made].sort()).toEqual([...busMetrics].sort());
});

it('has dimensions only for what is declared', () => {
  const made = new Set(metricsIn(things.map((thing) => fieldsOf('declared', thing))));
  expect([...made].sort()).toEqual(
    [
      ...busMetrics,
      ...['Delivered', 'FailedAttempts', 'DeadLettered', 'Latency'].map((name) => `${name} Receiver=billing`),
      ...['Accepted', 'Rejected', 'Duplicate'].map((name) => `${name} Topic=orders`),
    ].sort(),
  );
});

it('counts nothing twice without a dimension', () => {
  for (const mode of metricsModes) {
    const without = metricsIn(things.map((thing) => fieldsOf(mode, thing))).filter(
      (name) => !name.includes(' '),
    );
    const counters = without.filter((name) => name !== 'Latency');
    expect(new Set(counters).size).toBe(counters.length);
  }
  expect(fieldsOf('bus', things[0] as Thing)).toMatchObject({ Delivered: 7, Accepted: 5, Duplicate: 0 });
});

it('has latencies that stand for all of them, a hundred at most', () => {
  const many = latencyCounts([...Array(9900).fill(10), ...Array(100).fill(1000)]);
  const { Latency } = fieldsOf('bus', things[1] as Thing, many) as { Latency: number[] };
  expect(Latency).toHaveLength(100);
  expect(Latency.filter((ms) => ms > 900 && ms < 1100)).toHaveLength(1);
  expect(Latency[0]).toBeGreaterThan(9);
  expect(Latency[0]).toBeLessThan(11);
});
