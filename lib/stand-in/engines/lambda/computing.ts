import type { CpuTime } from '../engine.ts';
import { lambdaLimits } from './limits.ts';

/** Tells how long each of the invocations that run at the same time has computed. */
export interface Computing {
  /** The result ends it, and gives its CPU time in milliseconds. */
  begin(): () => number;
}

/**
 * Nothing tells which invocation a process computes for, so those that run share equally what is computed meanwhile. That
 * their sum is right is enough: what computing costs does not depend on the memory (see `billedMs`).
 */
export function createComputing(cpu: CpuTime): Computing {
  let running = 0;
  let lastMs = 0;
  /** What an invocation would have got that has run from the beginning. */
  let shareMs = 0;
  function share(): void {
    const nowMs = cpu.programMs();
    if (running > 0) shareMs += (nowMs - lastMs) / running;
    lastMs = nowMs;
  }
  return {
    begin() {
      share();
      running += 1;
      const beganMs = shareMs;
      return () => {
        share();
        running -= 1;
        return shareMs - beganMs;
      };
    },
  };
}

/**
 * How many milliseconds an invocation is billed that took `tookMs` here and computed for `cpuMs` of it, on a whole core.
 * A function has the part of a core that its memory is of 1,769 MB, and computes for longer by that; a second core is of no
 * use to one that has one thread. Waiting takes as long as here. A started millisecond is billed as a whole one; INIT is
 * billed since August 2025.
 */
export function billedMs(tookMs: number, cpuMs: number, memoryMb: number): number {
  const cores = Math.min(1, memoryMb / lambdaLimits.memoryMbPerCpu);
  return Math.max(1, Math.ceil(tookMs + cpuMs * (1 / cores - 1)));
}
