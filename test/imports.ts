/** One import of a module. */
export interface Import {
  /** As it stands in the source; `(computed)` for a dynamic import of what is only known at run time. */
  readonly from: string;
  /** True for `import type` and `export type`, which leave nothing at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Blanks comments out and keeps the lines where they are. A `//` inside a URL is none. */
export function withoutComments(source: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ');
  return source.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(^|\s)\/\/.*$/gm, blank);
}

const statics = /^(?:import|export)(?<type>\s+type)?\s+[\w$*\s,]*(?:\{[^}]*\}\s*)?from\s+'(?<from>[^']+)'/gm;
const sideEffects = /^import\s+'(?<from>[^']+)'/gm;
const dynamics = /\bimport\(\s*(?:'(?<from>[^']+)')?/g;

/** The imports and re-exports of a source file that the formatter of this repository wrote, in their order. */
export function importsOf(source: string): Import[] {
  const text = withoutComments(source);
  const lineOf = (index: number) => text.slice(0, index).split('\n').length;
  return [statics, sideEffects, dynamics]
    .flatMap((pattern) => [...text.matchAll(pattern)])
    .sort((left, right) => left.index - right.index)
    .map(({ index, groups }) => ({
      from: groups?.from ?? '(computed)',
      typeOnly: groups?.type !== undefined,
      line: lineOf(index),
    }));
}
