import { readFileSync } from 'node:fs';

/** What a process has used so far, as the kernel counts it without involving the process. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMb: number;
  readonly peakRssMb: number;
}

/** Linux counts CPU time in units of 1/100 s on all platforms of Node (man 5 proc, USER_HZ). */
const ticksPerSecond = 100;

/** @throws Error where there is no /proc, or the process has ended. */
export function usageOf(pid: number): Usage {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the name in brackets, which may contain spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = read(`/proc/${pid}/status`);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssMb: kilobytes(status, 'VmRSS') / 1024,
    peakRssMb: kilobytes(status, 'VmHWM') / 1024,
  };
}

function kilobytes(status: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (found === undefined)
    throw new Error(`The kernel reports no ${field} for this process. It may have ended.`);
  return Number(found);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(
      `Cannot read ${file}. The benchmark reads CPU time and memory from the proc file system, so it needs Linux.`,
      { cause: error },
    );
  }
}
