import { assembly } from '../lib/local/assembly.ts';
import { synthesize } from '../lib/local/synth.ts';

/** Synthesizes once, before the suites that start the bus do it at the same time. */
export default async function setup(): Promise<void> {
  await synthesize({ ...assembly, progress: () => undefined });
}
