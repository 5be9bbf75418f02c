import type { CpuTime } from './engines/engine.ts';

/**
 * The CPU time of the program that runs on the stand-in, in a process that both share: what this thread has used, but for
 * the time of the engines. What the services take in place of the program on AWS is none of its own; reading requests and
 * collecting garbage stay with the program, which does so on AWS as well.
 */
export function threadCpuTime(usedMicroseconds: () => number = threadMicroseconds): CpuTime {
  /** By the engines, until now. */
  let apart = 0;
  /** When the outermost of them began, in used time; undefined while the program runs. */
  let beganAt: number | undefined;

  function switched<Result>(toEngine: boolean, work: () => Result): Result {
    const before = beganAt;
    if ((before !== undefined) === toEngine) return work();
    turn(toEngine);
    try {
      return work();
    } finally {
      turn(!toEngine);
    }
  }

  function turn(toEngine: boolean): void {
    const used = usedMicroseconds();
    if (beganAt !== undefined) apart += used - beganAt;
    beganAt = toEngine ? used : undefined;
  }

  return {
    programMs: () => ((beganAt ?? usedMicroseconds()) - apart) / 1000,
    ofEngine: (work) => switched(true, work),
    ofProgram: (work) => switched(false, work),
  };
}

/** Node has had it since 23.9; before, the whole process stands in for its thread. */
function threadMicroseconds(): number {
  const read = (process.threadCpuUsage as (() => NodeJS.CpuUsage) | undefined) ?? process.cpuUsage;
  const { user, system } = read.call(process);
  return user + system;
}

/** Of this thread. */
export const systemCpuTime: CpuTime = threadCpuTime();

/** For a clock that a test moves: computing takes no time there. */
export const noCpuTime: CpuTime = {
  programMs: () => 0,
  ofEngine: (work) => work(),
  ofProgram: (work) => work(),
};
