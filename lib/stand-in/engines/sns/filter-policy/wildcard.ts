import type { FilterPolicyError } from './error.ts';
import { fault } from './error.ts';

/** At most three wildcards in one pattern. See docs/stand-in/sns.md for the source of this limit. */
const wildcardsMax = 3;

export interface Wildcard {
  matches(text: string): boolean;
  /** What the pattern adds to the complexity of its policy. */
  readonly points: number;
}

/**
 * Compiles a pattern in which `*` matches any run of characters, `\*` an asterisk and `\\` a backslash. The compiled
 * pattern passes over a text once, so no pattern can make matching slow.
 */
export function compileWildcard(pattern: string): Wildcard {
  const pieces = split(pattern);
  const count = pieces.length - 1;
  if (count > wildcardsMax) {
    throw fault(`A wildcard pattern can not have more than ${wildcardsMax} wildcards`);
  }
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  const middle = pieces.slice(1, -1);
  const shortest = pieces.reduce((length, piece) => length + piece.length, 0);
  return {
    points: count > 1 ? 3 * count : 1,
    matches(text) {
      if (count === 0) return text === first;
      if (text.length < shortest || !text.startsWith(first) || !text.endsWith(last)) return false;
      const end = text.length - last.length;
      let from = first.length;
      for (const piece of middle) {
        const at = text.indexOf(piece, from);
        if (at === -1) return false;
        from = at + piece.length;
      }
      return from <= end;
    },
  };
}

/** The literal pieces between the wildcards: one more than there are wildcards. */
function split(pattern: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern.charAt(index);
    const next = pattern.charAt(index + 1);
    if (character === '*') {
      if (next === '*') throw malformed('Consecutive wildcard characters', pattern, index);
      pieces.push(piece);
      piece = '';
    } else if (character === '\\') {
      if (next !== '*' && next !== '\\') throw malformed('Invalid escape character', pattern, index);
      piece += next;
      index++;
    } else {
      piece += character;
    }
  }
  return [...pieces, piece];
}

/** AWS's rule compiler counts UTF-8 bytes from the opening quote. */
function malformed(what: string, pattern: string, index: number): FilterPolicyError {
  return fault(`${what} at pos ${Buffer.byteLength(pattern.slice(0, index), 'utf8') + 1}`);
}
