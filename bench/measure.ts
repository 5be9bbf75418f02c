import { billOf } from '../lib/core/bill/bill.ts';
import { difference } from './meter.ts';
import type { Load } from './processes/generator.ts';
import type { Layout, Stand } from './stand.ts';
import { usageOf } from './usage.ts';
import { waitForCount } from './wait.ts';

/** What is measured: a bus, or a rival of it, between a generator and a sink. */
export interface Measured extends Pick<Stand, 'sink' | 'generator'> {
  readonly layout: Layout;
  readonly bus: {
    /** All its processes. */
    readonly pids: readonly number[];
    meter(): Promise<Readonly<Record<string, number>>>;
  };
}

/** One measurement of one load. Rates count from the start of the load to its end, or to the last delivery. */
export interface Measurement {
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** From the time at which an event was due to be sent to its arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU-seconds per thousand deliveries: of generator, bus and sink together, and of the bus alone. */
  readonly cpuSeconds: number;
  readonly busCpuSeconds: number;
  /** At list prices, per million deliveries. */
  readonly dollars: number;
  readonly shed: number;
  readonly shedWithoutRetryAfter: number;
  readonly duplicates: number;
  readonly deliveries: number;
  readonly peakRssMb: number;
}

/**
 * Measures one load, from its first request to the last delivery of an accepted event.
 * @throws Error when a publish failed otherwise than with 429, or when an accepted event did not arrive.
 */
export async function measure(stand: Measured, run: () => Promise<Load>): Promise<Measurement> {
  const { bus, sink, generator, layout } = stand;
  await sink.call('reset', null);
  const before = await snapshot(stand);
  const load = await run();
  if (load.failures > 0) {
    throw new Error(
      `${load.failures} of ${load.requests} requests of ${layout.name} failed. The first one: ${load.firstFailure}`,
    );
  }
  const expected = load.acceptedEvents * layout.receivers;
  await waitForCount({
    what: `deliveries of ${layout.name}`,
    expected,
    stallSeconds: 30,
    pollMs: 20,
    count: () => sink.call('count', null),
  });
  const after = await snapshot(stand);

  const arrivals = await sink.call('arrivals', null);
  const { p50Ms, p99Ms } = arrivals;
  if (p50Ms === undefined || p99Ms === undefined) throw new Error(`${layout.name} delivered nothing.`);
  if (arrivals.distinct !== expected) {
    throw new Error(
      `${layout.name} delivered ${arrivals.distinct} events instead of ${expected}: the bus invented some.`,
    );
  }
  const thousands = expected / 1000;
  const used = (...pids: readonly number[]) =>
    pids.reduce((sum, pid) => sum + (after.cpuSeconds.get(pid) ?? 0) - (before.cpuSeconds.get(pid) ?? 0), 0);
  return {
    acceptedPerSecond: (load.acceptedEvents / (load.endMs - load.startMs)) * 1000,
    deliveredPerSecond: (expected / (arrivals.lastMs - load.startMs)) * 1000,
    p50Ms,
    p99Ms,
    cpuSeconds: used(...bus.pids, sink.pid, generator.pid) / thousands,
    busCpuSeconds: used(...bus.pids) / thousands,
    dollars: billOf(difference(before.meter, after.meter)).dollars * (1000 / thousands),
    shed: load.shed,
    shedWithoutRetryAfter: load.shedWithoutRetryAfter,
    duplicates: arrivals.duplicates,
    deliveries: expected,
    peakRssMb: bus.pids.reduce((sum, pid) => sum + usageOf(pid).peakRssMb, 0),
  };
}

async function snapshot({ bus, sink, generator }: Measured) {
  const meter = await bus.meter();
  const cpuSeconds = new Map(
    [...bus.pids, sink.pid, generator.pid].map((pid) => [pid, usageOf(pid).cpuSeconds]),
  );
  return { meter, cpuSeconds };
}
