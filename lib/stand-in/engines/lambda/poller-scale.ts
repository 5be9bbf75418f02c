import { lambdaLimits } from './limits.ts';

/**
 * Decides how many pollers a queue mapping runs
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html and services-sqs-errorhandling.html). It
 * starts with five and adds up to 300 a minute while all of them are busy. When the queue is quiet it returns to
 * five, then to two. With a maximum concurrency it never falls below its start. AWS documents that failures reduce
 * the concurrency "gradually", without numbers: here a failure halves it and a success adds one.
 */
export interface PollerScale {
  /** How many may run: the maximum, or fewer after failures. */
  readonly ceiling: number;
  /** How many to start now. `waiting` is the number of running pollers that are in a receive. */
  toStart(running: number, waiting: number, nowMs: number): number;
  /** Whether a poller whose long poll returned nothing should end. */
  mayEnd(running: number, nowMs: number): boolean;
  onWork(nowMs: number): void;
  onSuccess(): void;
  /** Reduces the concurrency. Returns how long the failed poller pauses, because fewer than one cannot run. */
  onFailure(running: number): number;
}

/** One more poller every 200 ms is 300 a minute. */
export const growthStepMs = 60_000 / lambdaLimits.pollers.growthPerMinute;

/** After this long without work, two pollers remain; AWS publishes no figure. */
const quietMs = 60_000;

const pauseMsMax = 60_000;

export function createPollerScale(maximumConcurrency: number | undefined): PollerScale {
  const { start, quiet, max } = lambdaLimits.pollers;
  const maximum = maximumConcurrency ?? max;
  const first = Math.min(start, maximum);
  const least = maximumConcurrency === undefined ? quiet : first;
  let ceiling = maximum;
  let failuresAtOne = 0;
  let grownMs = Number.NEGATIVE_INFINITY;
  let workedMs: number | undefined;

  return {
    get ceiling() {
      return ceiling;
    },
    toStart(running, waiting, nowMs) {
      const base = Math.min(first, ceiling);
      if (running < base) return base - running;
      if (waiting > 0 || running >= ceiling || nowMs - grownMs < growthStepMs) return 0;
      grownMs = nowMs;
      return 1;
    },
    mayEnd(running, nowMs) {
      workedMs ??= nowMs;
      return running > first || (running > least && nowMs - workedMs >= quietMs);
    },
    onWork(nowMs) {
      workedMs = nowMs;
    },
    onSuccess() {
      failuresAtOne = 0;
      ceiling = Math.min(maximum, ceiling + 1);
    },
    onFailure(running) {
      if (ceiling > 1) {
        ceiling = Math.max(1, Math.floor(Math.min(running, ceiling) / 2));
        return 0;
      }
      failuresAtOne += 1;
      return Math.min(1000 * 2 ** (failuresAtOne - 1), pauseMsMax);
    },
  };
}
