import { parseOperand } from './parse-operand.ts';
import { type Comparator, type Condition, ExpressionError, type Operand } from './syntax.ts';
import { Tokens } from './tokens.ts';

/** `size` is an operand; the others are conditions. */
const conditionFunctions: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
]);

const comparators: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const operatorsMax = 300;
const candidatesMax = 100;

/**
 * The grammar of condition, filter and key-condition expressions: NOT binds tightest, then AND, then OR.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
export function parseCondition(text: string): Condition<Operand> {
  const parser = new ConditionParser(text);
  return parser.parse();
}

class ConditionParser {
  readonly #tokens: Tokens;
  #operators = 0;

  constructor(text: string) {
    this.#tokens = new Tokens(text);
  }

  parse(): Condition<Operand> {
    const condition = this.#or();
    this.#tokens.expectEnd();
    return condition;
  }

  #or(): Condition<Operand> {
    let left = this.#and();
    while (this.#tokens.takeKeyword('OR')) {
      this.#countOperator();
      left = { kind: 'or', left, right: this.#and() };
    }
    return left;
  }

  #and(): Condition<Operand> {
    let left = this.#not();
    while (this.#tokens.takeKeyword('AND')) {
      this.#countOperator();
      left = { kind: 'and', left, right: this.#not() };
    }
    return left;
  }

  #not(): Condition<Operand> {
    if (!this.#tokens.takeKeyword('NOT')) return this.#primary();
    this.#countOperator();
    return { kind: 'not', condition: this.#not() };
  }

  #primary(): Condition<Operand> {
    if (this.#tokens.isSymbol('(') && !this.#opensOperand()) {
      this.#tokens.take();
      if (this.#tokens.isSymbol('(') && this.#closesTwice()) {
        throw new ExpressionError('The expression has redundant parentheses;');
      }
      const condition = this.#or();
      this.#tokens.expectSymbol(')');
      return condition;
    }
    return this.#comparison();
  }

  #comparison(): Condition<Operand> {
    const tokens = this.#tokens;
    const left = this.#operand();
    if (tokens.current.kind === 'symbol' && comparators.has(tokens.current.text)) {
      this.#countOperator();
      const operator = tokens.take().text as Comparator;
      return { kind: 'compare', operator, left: asValue(left), right: asValue(this.#operand()) };
    }
    if (tokens.takeKeyword('BETWEEN')) {
      this.#countOperator();
      const low = asValue(this.#operand());
      if (!tokens.takeKeyword('AND')) throw tokens.syntaxError();
      return { kind: 'between', operand: asValue(left), low, high: asValue(this.#operand()) };
    }
    if (tokens.takeKeyword('IN')) {
      this.#countOperator();
      tokens.expectSymbol('(');
      const candidates = [asValue(this.#operand())];
      while (tokens.takeSymbol(',')) candidates.push(asValue(this.#operand()));
      tokens.expectSymbol(')');
      if (candidates.length > candidatesMax) {
        throw new ExpressionError(
          `Too many operands for the IN operator; number of operands: ${candidates.length}`,
        );
      }
      return { kind: 'in', operand: asValue(left), candidates };
    }
    // A path or a value alone is not a condition; AWS reports the token after it.
    if (left.kind !== 'function') throw tokens.syntaxError();
    if (left.name === 'size') throw misused(left.name);
    for (const operand of left.operands) asValue(operand);
    this.#countOperator();
    return { kind: 'test', name: left.name, operands: left.operands };
  }

  #operand(): Operand {
    return parseOperand(this.#tokens, conditionFunctions);
  }

  #countOperator(): void {
    this.#operators += 1;
    if (this.#operators > operatorsMax) {
      throw new ExpressionError(
        `The expression contains too many operators; operator count: ${this.#operators}`,
      );
    }
  }

  /** Whether the parenthesis encloses an operand, as in `(a) = :b`: then an operator follows its end. */
  #opensOperand(): boolean {
    const after = this.#tokens.afterParenthesis();
    if (after === undefined) return false;
    if (after.kind === 'symbol') return comparators.has(after.text);
    const word = after.text.toUpperCase();
    return after.kind === 'word' && (word === 'BETWEEN' || word === 'IN');
  }

  /** Whether the parenthesis that opens here closes just before another one closes, as in `((a = b))`. */
  #closesTwice(): boolean {
    const after = this.#tokens.afterParenthesis();
    return after?.kind === 'symbol' && after.text === ')';
  }
}

function asValue(operand: Operand): Operand {
  if (operand.kind !== 'function') return operand;
  if (operand.name !== 'size') throw misused(operand.name);
  for (const inner of operand.operands) asValue(inner);
  return operand;
}

function misused(name: string): ExpressionError {
  return new ExpressionError(
    `The function is not allowed to be used this way in an expression; function: ${name}`,
  );
}
