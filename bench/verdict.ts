import type { Isolation } from './isolation.ts';
import type { Measurement } from './measure.ts';
import type { Memory } from './scenarios.ts';
import { number } from './table.ts';

/** One target of the bus and what came of it here. */
export interface Judgement {
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

/** The targets hold for 2 cores; on another machine, and on a busy one, read the ratios to its limits instead. */
const targets = { deliveredPerSecond: 3000, cpuSeconds: 0.35, dollars: 0.8, memoryGrowth: 1.2, isolation: 2 };

/** Judges the medians of 1 topic x 1 receiver in batches of ten, the overload run, and the memory of the bus. */
export function judge(
  full: Measurement,
  overload: Measurement,
  memory: Memory,
  isolation: Isolation,
): Judgement[] {
  const growth = memory.endMb / memory.warmMb;
  const { shed, shedWithoutRetryAfter, deliveries } = overload;
  return [
    {
      target: `at least ${number(targets.deliveredPerSecond)} delivered/s, 1 x 1, batches of 10`,
      measured: `${number(full.deliveredPerSecond)}/s`,
      met: full.deliveredPerSecond >= targets.deliveredPerSecond,
    },
    {
      target: `at most ${targets.cpuSeconds} CPU-s per 1,000 deliveries, all processes`,
      measured: `${number(full.cpuSeconds, 3)} (the bus ${number(full.busCpuSeconds, 3)})`,
      met: full.cpuSeconds <= targets.cpuSeconds,
    },
    {
      target: '429 with Retry-After when accepting outruns delivering, and nothing accepted is lost',
      measured: `${number(shed)} shed, ${number(shedWithoutRetryAfter)} of them without Retry-After; all of ${number(deliveries)} delivered`,
      met: shed > 0 && shedWithoutRetryAfter === 0,
    },
    {
      target: `flat memory: at most ${targets.memoryGrowth} x after the warm-up`,
      measured: `${number(memory.warmMb)} MB, then ${number(memory.endMb)} MB after ${number(memory.deliveries)} deliveries (${number(growth, 2)} x)`,
      met: growth <= targets.memoryGrowth,
    },
    {
      target: `at most $${number(targets.dollars, 2)} per million deliveries, 1 x 1, batches of 10`,
      measured: `$${number(full.dollars, 3)}`,
      met: full.dollars <= targets.dollars,
    },
    {
      target: `a flood of another type at 100:1 leaves the p99 of a type within ${targets.isolation} times`,
      measured: `${number(isolation.ratio, 2)} times: ${number(isolation.unloaded.p99Ms, 1)} ms, then ${number(isolation.flooded.p99Ms, 1)} ms`,
      met: isolation.ratio <= targets.isolation && isolation.delivered === isolation.published,
    },
  ];
}
