import { RE2JS } from 're2js';

/** A pattern that is matched in time linear in the text. */
export interface LinearPattern {
  test(text: string): boolean;
  /** What matching one character costs at most, about, in steps of some tens of nanoseconds. */
  readonly stepsPerCharacter: number;
}

/** What RE2 lacks, since it takes more than linear time; its translation would take some of it for plain text. */
const unsupported: readonly (readonly [RegExp, string])[] = [
  [/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/, 'a backreference'],
  [/(?<!\\)(?:\\\\)*\(\?<?[=!]/, 'a lookahead or lookbehind'],
];

/** A repetition is written out: `(.{100}){100}` is a program of ten thousand instructions. */
const programMax = 2000;

/**
 * Compiles a pattern of JavaScript's syntax as RE2 understands it (https://github.com/google/re2/wiki/Syntax).
 * @throws Error that says what of it is not supported.
 */
export function linearPattern(source: string): LinearPattern {
  const found = unsupported.find(([pattern]) => pattern.test(source));
  if (found !== undefined) {
    throw new Error(
      `the pattern ${JSON.stringify(source)} has ${found[1]}, which cannot be matched in linear time`,
    );
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, '');
    throw new Error(`the pattern ${JSON.stringify(source)} is not supported (RE2 syntax): ${reason}`);
  }
  if (compiled.programSize() > programMax) {
    throw new Error(
      `the pattern ${JSON.stringify(source)} is too large once its repetitions are written out`,
    );
  }
  return {
    test: (text) => compiled.test(text),
    stepsPerCharacter: Math.ceil(compiled.programSize() / 10),
  };
}
