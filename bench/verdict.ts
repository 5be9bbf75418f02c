import type { Isolation } from './isolation.ts';
import type { Measurement } from './measure.ts';
import type { Memory } from './scenarios.ts';
import { number } from './table.ts';

/** One target of the bus and whether this run met it. */
export interface Judgement {
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

/** The targets are for 2 quiet cores. On other machines, compare the results with the limits of the machine instead. */
const targets = { deliveredPerSecond: 3000, cpuSeconds: 0.35, dollars: 0.8, memoryGrowth: 1.2, isolation: 2 };

/** What the targets are about; undefined where the part failed. */
export interface Judged {
  /** 1 topic x 1 receiver in batches of ten: medians over the rounds. */
  readonly full: Measurement | undefined;
  readonly memory: Memory | undefined;
  readonly overload: Measurement | undefined;
  readonly isolation: Isolation | undefined;
}

/** Judges every target for which there are results. */
export function judge({ full, memory, overload, isolation }: Judged): Judgement[] {
  return [
    ...(full === undefined ? [] : judgeFull(full)),
    ...(overload === undefined ? [] : [judgeOverload(overload)]),
    ...(memory === undefined ? [] : [judgeMemory(memory)]),
    ...(isolation === undefined ? [] : [judgeIsolation(isolation)]),
  ];
}

function judgeFull({ deliveredPerSecond, cpuSeconds, busCpuSeconds, dollars }: Measurement): Judgement[] {
  return [
    {
      target: `at least ${number(targets.deliveredPerSecond)} delivered/s, 1 x 1, batches of 10`,
      measured: `${number(deliveredPerSecond)}/s`,
      met: deliveredPerSecond >= targets.deliveredPerSecond,
    },
    {
      target: `at most ${targets.cpuSeconds} CPU-s per 1,000 deliveries, all processes`,
      measured: `${number(cpuSeconds, 3)} (the bus ${number(busCpuSeconds, 3)})`,
      met: cpuSeconds <= targets.cpuSeconds,
    },
    {
      target: `at most $${number(targets.dollars, 2)} per million deliveries, 1 x 1, batches of 10`,
      measured: `$${number(dollars, 3)}`,
      met: dollars <= targets.dollars,
    },
  ];
}

function judgeOverload({ shed, shedWithoutRetryAfter, deliveries }: Measurement): Judgement {
  return {
    target: '429 with Retry-After when the bus accepts more than it delivers, and no accepted event is lost',
    measured: `${number(shed)} refused, ${number(shedWithoutRetryAfter)} of them without Retry-After; all of ${number(deliveries)} delivered`,
    met: shed > 0 && shedWithoutRetryAfter === 0,
  };
}

function judgeMemory({ warmMb, endMb, deliveries }: Memory): Judgement {
  const growth = endMb / warmMb;
  return {
    target: `flat memory: at most ${targets.memoryGrowth} x the memory after the warm-up`,
    measured: `${number(warmMb)} MB, then ${number(endMb)} MB after ${number(deliveries)} deliveries (${number(growth, 2)} x)`,
    met: growth <= targets.memoryGrowth,
  };
}

function judgeIsolation({ ratio, unloaded, flooded, delivered, published }: Isolation): Judgement {
  return {
    target: `a flood of another type at 100:1 raises the p99 of a type at most ${targets.isolation} times`,
    measured: `${number(ratio, 2)} times: ${number(unloaded.p99Ms, 1)} ms, then ${number(flooded.p99Ms, 1)} ms`,
    met: ratio <= targets.isolation && delivered === published,
  };
}
