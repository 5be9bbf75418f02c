import type { Counts, Thing } from './counts.ts';
import { isForOverview, sketchOf } from './counts.ts';
import { quantileOf } from './sketch.ts';

/**
 * Metrics for teams that have their monitoring in CloudWatch: lines of a log in its embedded metric format, which it turns
 * into metrics without a call. `bus` has no dimension. `declared` also has one for each declared receiver and topic: how
 * many of these there are, and so what they cost, is the team's own decision; those that tenants make have none.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const metricsModes = ['off', 'bus', 'declared'] as const;
export type MetricsMode = (typeof metricsModes)[number];

export const metricsLine = 'Metrics';
export const metricsNamespace = (prefix: string): string => `Busbar/${prefix}`;

/** Metric -> the counter that it is, and its unit. */
const published = {
  Accepted: ['accepted', 'Count'],
  Rejected: ['rejected', 'Count'],
  Duplicate: ['duplicate', 'Count'],
} as const;
const received = {
  Delivered: ['delivered', 'Count'],
  FailedAttempts: ['failed', 'Count'],
  DeadLettered: ['deadLettered', 'Count'],
} as const;
const ofBus = { ...published, AcceptedBytes: ['bytes', 'Bytes'], ...received } as const;
export const latencyMetric = 'Latency';
/** The metrics without a dimension. */
export const busMetrics: readonly string[] = [...Object.keys(ofBus), latencyMetric];

/** A metric may have so many values in a line. */
const valuesMax = 100;

/** The fields of a line; undefined where there is nothing to tell. */
export function metricsOfCounts(
  mode: MetricsMode,
  prefix: string,
  thing: Thing,
  minuteMs: number,
  counts: Counts,
): Readonly<Record<string, unknown>> | undefined {
  if (mode === 'off' || isForOverview(thing)) return undefined;
  const dimension =
    (thing.kind !== 'receiver' && thing.kind !== 'topic') || mode !== 'declared' || thing.isDeclared !== true
      ? undefined
      : thing.kind === 'receiver'
        ? 'Receiver'
        : 'Topic';
  const counters = countersOf(thing, dimension !== undefined);
  const values: Record<string, number | readonly number[]> = {};
  const units: Record<string, string> = {};
  for (const [name, [counter, unit]] of Object.entries(counters)) {
    const count = counts[counter] ?? 0;
    // Zeros say that it works: only together with something that happened.
    values[name] = count;
    units[name] = unit;
  }
  const latencies = thing.kind === 'receiver' ? latenciesOf(counts) : [];
  if (latencies.length > 0) {
    values[latencyMetric] = latencies;
    units[latencyMetric] = 'Milliseconds';
  }
  if (!Object.values(values).some((value) => typeof value !== 'number' || value > 0)) return undefined;
  const metrics = Object.entries(units).map(([Name, Unit]) => ({ Name, Unit }));
  return {
    _aws: {
      Timestamp: minuteMs,
      CloudWatchMetrics: [
        {
          Namespace: metricsNamespace(prefix),
          Dimensions: dimension === undefined ? [[]] : [[dimension]],
          Metrics: metrics,
        },
        // The latency of all receivers; their counters are those of applications.
        ...(dimension !== undefined && latencies.length > 0
          ? [
              {
                Namespace: metricsNamespace(prefix),
                Dimensions: [[]],
                Metrics: metrics.filter(({ Name }) => Name === latencyMetric),
              },
            ]
          : []),
      ],
    },
    ...(dimension !== undefined && 'name' in thing && { [dimension]: thing.name }),
    ...values,
  };
}

/** Applications count everything once, also what is sent to a receiver alone. */
function countersOf(
  thing: Thing,
  hasDimension: boolean,
): Readonly<Record<string, readonly [counter: string, unit: string]>> {
  if (thing.kind === 'application') return ofBus;
  if (!hasDimension) return {};
  return thing.kind === 'receiver' ? received : published;
}

/** Latencies that stand for all: as many as a line takes, spread evenly over their ranks. */
function latenciesOf(counts: Counts): readonly number[] {
  const sketch = sketchOf(counts);
  const total = [...sketch.values()].reduce((sum, count) => sum + count, 0);
  const shown = Math.min(valuesMax, total);
  return Array.from({ length: shown }, (_, at) => quantileOf(sketch, (at + 0.5) / shown) ?? 0);
}
