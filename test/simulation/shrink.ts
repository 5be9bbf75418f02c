import { type Job, outcomeOf } from './outcome.ts';
import { calm, type FaultKind } from './world/profile.ts';

/**
 * Leaves faults out one by one, and keeps out those without which the same checker still complains: what is left says
 * what it takes. Faults shift what comes after them, so that it finds a small set and not always the smallest.
 */
export async function shrink(
  job: Job,
  checker: string,
  progress: (message: string) => void,
): Promise<readonly FaultKind[]> {
  const out: FaultKind[] = [];
  for (const kind of Object.keys(calm) as FaultKind[]) {
    progress(`without ${[...out, kind].join(', ')}`);
    const { problems } = await outcomeOf({ ...job, without: [...out, kind] });
    if (problems.some((problem) => problem.checker === checker)) out.push(kind);
  }
  return out;
}
