/** Parsed expressions, with `#name` and `:value` still as placeholders. */

/** A step of a document path: an attribute (or its `#placeholder`), or an index of a list. */
export type PathStep = string | number;
export type Path = readonly PathStep[];

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly placeholder: string }
  | { readonly kind: 'function'; readonly name: string; readonly operands: readonly Operand[] }
  | SumOf<Operand>;

export interface SumOf<O> {
  readonly kind: 'sum';
  readonly operator: '+' | '-';
  readonly left: O;
  readonly right: O;
}

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** A condition over operands of the type `O`: as parsed, or bound to names and values. */
export type Condition<O> =
  | {
      readonly kind: 'and' | 'or';
      readonly left: Condition<O>;
      readonly right: Condition<O>;
    }
  | { readonly kind: 'not'; readonly condition: Condition<O> }
  | { readonly kind: 'compare'; readonly operator: Comparator; readonly left: O; readonly right: O }
  | { readonly kind: 'between'; readonly operand: O; readonly low: O; readonly high: O }
  | { readonly kind: 'in'; readonly operand: O; readonly candidates: readonly O[] }
  | { readonly kind: 'test'; readonly name: string; readonly operands: readonly O[] };

export type UpdateAction<O> =
  | { readonly kind: 'SET'; readonly path: Path; readonly value: O }
  | { readonly kind: 'REMOVE'; readonly path: Path }
  | { readonly kind: 'ADD' | 'DELETE'; readonly path: Path; readonly value: O };

/** What is wrong with an expression. The caller adds the name of the parameter. */
export class ExpressionError extends Error {}

/** `[a, b, [0]]`, as AWS prints a path. */
export function shownPath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}
