import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { exitCodes } from './exit-codes.ts';
import { CliError } from './failure.ts';
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

const secretBytesMax = 64 * 1024;

/** What a terminal sends for keys, in raw mode. */
const typed = { interrupt: '\u0003', end: '\u0004', backspaces: '\b\u007f', enters: '\r\n' } as const;

/**
 * A secret: the whole of standard input, or what a person types at a terminal, which does not show it.
 * @throws CliError when it is too long, or on Ctrl-C.
 */
export async function askSecret({ world }: Session, question: string): Promise<string> {
  const input = world.stdin as Readable & { setRawMode?(isRaw: boolean): unknown };
  if (!world.stdinIsTerminal || input.setRawMode === undefined) return await wholeOf(input);
  // Before the question: whoever is fast, or pastes, would see what the terminal shows until then.
  input.setRawMode(true);
  try {
    await world.stderr.write(question);
    return await typedOf(input);
  } finally {
    input.setRawMode(false);
    await world.stderr.write('\n');
  }
}

async function wholeOf(input: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk));
    bytes += chunks.at(-1)?.length ?? 0;
    if (bytes > secretBytesMax) throw new CliError('Standard input is longer than a key can be.');
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}

async function typedOf(input: Readable): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    for (const character of String(chunk)) {
      if (character === typed.interrupt) {
        throw new CliError('Interrupted.', undefined, exitCodes.interrupted);
      }
      if (typed.enters.includes(character) || character === typed.end) return text.trim();
      if (typed.backspaces.includes(character)) text = text.slice(0, -1);
      else if (text.length < secretBytesMax) text += character;
    }
  }
  return text.trim();
}
