import { setTimeout as sleep } from 'node:timers/promises';
import { billOf } from '../lib/core/bill/bill.ts';
import type { Load } from './processes/generator.ts';
import type { Stand } from './stand.ts';
import { usageOf } from './usage.ts';

/** One measurement of one load. A rate is over the load and the time until the last delivery. */
export interface Measurement {
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** From the moment at which an event was meant to be sent to its arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU-seconds for a thousand deliveries: of generator, bus and sink together, and of the bus alone. */
  readonly cpuSeconds: number;
  readonly busCpuSeconds: number;
  /** At list prices, for a million deliveries. */
  readonly dollars: number;
  readonly shed: number;
  readonly shedWithoutRetryAfter: number;
  readonly duplicates: number;
  readonly deliveries: number;
  readonly peakRssMb: number;
}

/** How long the sink may see nothing new before what is missing counts as lost. */
const stallMs = 30_000;

/**
 * Measures one load from its first request to the last delivery of what was accepted.
 * @throws Error when a publish failed otherwise than by 429, or when an accepted event did not arrive.
 */
export async function measure(stand: Stand, run: () => Promise<Load>): Promise<Measurement> {
  const { bus, sink, generator, layout } = stand;
  await sink.call('reset', null);
  const before = await snapshot(stand);
  const load = await run();
  if (load.failures > 0) {
    throw new Error(
      `${load.failures} of ${load.requests} requests of ${layout.name} failed; the first: ${load.firstFailure}`,
    );
  }
  const expected = load.acceptedEvents * layout.receivers;
  await drained(stand, expected);
  const after = await snapshot(stand);

  const arrivals = await sink.call('arrivals', null);
  const { p50Ms, p99Ms } = arrivals;
  if (p50Ms === undefined || p99Ms === undefined) throw new Error(`${layout.name} delivered nothing.`);
  if (arrivals.distinct !== expected) {
    throw new Error(
      `${layout.name} delivered ${arrivals.distinct} where ${expected} were to be: the bus made some up.`,
    );
  }
  const thousands = expected / 1000;
  const used = (pid: number) => (after.cpuSeconds.get(pid) ?? 0) - (before.cpuSeconds.get(pid) ?? 0);
  return {
    acceptedPerSecond: (load.acceptedEvents / (load.endMs - load.startMs)) * 1000,
    deliveredPerSecond: (expected / (arrivals.lastMs - load.startMs)) * 1000,
    p50Ms,
    p99Ms,
    cpuSeconds: (used(bus.pid) + used(sink.pid) + used(generator.pid)) / thousands,
    busCpuSeconds: used(bus.pid) / thousands,
    dollars: billOf(difference(before.meter, after.meter)).dollars * (1000 / thousands),
    shed: load.shed,
    shedWithoutRetryAfter: load.shedWithoutRetryAfter,
    duplicates: arrivals.duplicates,
    deliveries: expected,
    peakRssMb: usageOf(bus.pid).peakRssMb,
  };
}

async function snapshot({ bus, sink, generator }: Stand) {
  const meter = await bus.meter();
  const cpuSeconds = new Map([bus, sink, generator].map(({ pid }) => [pid, usageOf(pid).cpuSeconds]));
  return { meter, cpuSeconds };
}

/** What was counted in between. */
function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([unit, quantity]) => [unit, quantity - (before[unit] ?? 0)]),
  );
}

/** Resolves when the sink has so many deliveries. @throws Error when no more of them come. */
async function drained({ sink, layout }: Stand, expected: number): Promise<void> {
  let count = 0;
  let progressMs = performance.now();
  for (;;) {
    const now = await sink.call('count', null);
    if (now >= expected) return;
    if (now > count) progressMs = performance.now();
    else if (performance.now() - progressMs > stallMs) {
      throw new Error(
        `${layout.name} lost events: ${now} of ${expected} arrived, and nothing for ${stallMs / 1000} s.`,
      );
    }
    count = now;
    await sleep(20);
  }
}
