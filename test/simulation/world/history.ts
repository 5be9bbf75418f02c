import { createHash } from 'node:crypto';
import type { EpochMs } from '../../../lib/runtime/clock.ts';

/** What the simulation saw, in the order in which it happened. Times are those of the one true clock. */
export interface History {
  /** Writes a line: when, what, and about what. */
  note(what: string, about?: string): void;
  /** Goes into the hash of the run and nowhere else: what is too much to keep. */
  trace(what: string): void;
  /** The lines that speak of any of the words, and those of faults that stop everything. */
  about(words: readonly string[], most: number): string[];
  /** Two runs with the same hash did the same things in the same order. */
  hash(): string;
}

interface Line {
  readonly atMs: EpochMs;
  readonly text: string;
}

export function createHistory(now: () => EpochMs): History {
  const hash = createHash('sha256');
  const lines: Line[] = [];
  let final: string | undefined;
  const startMs = now();
  return {
    note(what, about = '') {
      const text = about === '' ? what : `${what} ${about}`;
      lines.push({ atMs: now(), text });
      hash.update(`${now()} ${text}\n`);
    },
    trace(what) {
      if (process.env.SIMULATION_TRACE !== undefined) lines.push({ atMs: now(), text: `. ${what}` });
      hash.update(`${now()} ${what}\n`);
    },
    about(words, most) {
      const isWanted = ({ text }: Line) =>
        text.startsWith('!') || words.some((word) => new RegExp(`(^|[^\\w-])${word}([^\\w-]|$)`).test(text));
      const found = lines.filter(isWanted);
      const cut =
        found.length > most ? [...found.slice(0, most / 2), undefined, ...found.slice(-most / 2)] : found;
      return cut.map((line) =>
        line === undefined
          ? `  … ${found.length - most} lines …`
          : `  ${((line.atMs - startMs) / 1000).toFixed(3).padStart(10)} s  ${line.text}`,
      );
    },
    hash() {
      final ??= hash.digest('hex').slice(0, 16);
      return final;
    },
  };
}
