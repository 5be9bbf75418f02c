import type { TestProject } from 'vitest/node';
import { assembly } from '../lib/local/assembly.ts';
import { synthesize } from '../lib/local/synth.ts';
import { gatherUsage } from './iam-coverage/run.ts';

/** Synthesizes once, before the suites that start the bus do it at the same time; judges the roles at the end. */
export default async function setup(project: TestProject): Promise<(() => void) | undefined> {
  await synthesize({ ...assembly, progress: () => undefined });
  return gatherUsage(project);
}
