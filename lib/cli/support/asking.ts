import { createInterface } from 'node:readline';
import type { Session } from './session.ts';

/** Asks a person; a program has to pass --yes. */
export async function agreed({ world }: Session, question: string): Promise<boolean> {
  if (!world.stdinIsTerminal || !world.stderr.isTerminal) return false;
  await world.stderr.write(`${question} Go on? [y/N] `);
  const lines = createInterface({ input: world.stdin });
  try {
    const { value, done } = await lines[Symbol.asyncIterator]().next();
    // Ctrl-D leaves the cursor behind the question.
    if (done) await world.stderr.write('\n');
    return /^\s*y(es)?\s*$/i.test(String(value ?? ''));
  } finally {
    lines.close();
  }
}
