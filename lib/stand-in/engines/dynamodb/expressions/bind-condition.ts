import { type AttributeValue, isAttributeType, typeOf } from '../attribute.ts';
import { compareValues, isScalar } from '../compare.ts';
import type { Bindings } from './bindings.ts';
import { type Condition, ExpressionError, type Operand, type Path, shownPath } from './syntax.ts';

/** An operand of a condition, with its names and values inserted. */
export type BoundOperand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'size'; readonly of: BoundOperand };

export type BoundCondition = Condition<BoundOperand>;

const operandCounts: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};

/** Inserts names and values and makes the checks that need them. Throws `ExpressionError`. */
export function bindCondition(condition: Condition<Operand>, bindings: Bindings): BoundCondition {
  const bind = (operand: Operand) => bindOperand(operand, bindings);
  switch (condition.kind) {
    case 'and':
    case 'or':
      return {
        kind: condition.kind,
        left: bindCondition(condition.left, bindings),
        right: bindCondition(condition.right, bindings),
      };
    case 'not':
      return { kind: 'not', condition: bindCondition(condition.condition, bindings) };
    case 'compare': {
      const { operator } = condition;
      const left = bind(condition.left);
      const right = bind(condition.right);
      rejectSamePath(operator, [left, right]);
      if (operator !== '=' && operator !== '<>') {
        for (const operand of [left, right]) rejectUnordered(operator, operand);
      }
      return { kind: 'compare', operator, left, right };
    }
    case 'between': {
      const [operand, low, high] = [bind(condition.operand), bind(condition.low), bind(condition.high)];
      rejectSamePath('BETWEEN', [operand, low]);
      rejectSamePath('BETWEEN', [operand, high]);
      for (const bound of [operand, low, high]) rejectUnordered('BETWEEN', bound);
      if (low.kind === 'value' && high.kind === 'value') checkBounds(low.value, high.value);
      return { kind: 'between', operand, low, high };
    }
    case 'in': {
      const operand = bind(condition.operand);
      const candidates = condition.candidates.map(bind);
      for (const candidate of candidates) rejectSamePath('IN', [operand, candidate]);
      return { kind: 'in', operand, candidates };
    }
    case 'test':
      return {
        kind: 'test',
        name: condition.name,
        operands: bindTest(condition.name, condition.operands, bindings),
      };
  }
}

function bindOperand(operand: Operand, bindings: Bindings): BoundOperand {
  switch (operand.kind) {
    case 'path':
      return { kind: 'path', path: bindings.path(operand.path) };
    case 'value':
      return { kind: 'value', value: bindings.value(operand.placeholder) };
    case 'function': {
      const bound = operand.operands.map((inner) => bindOperand(inner, bindings));
      checkCount(operand.name, bound.length);
      const [of] = bound;
      // The parser accepts only `size` as an operand and has counted its one operand.
      if (of === undefined) throw new Error(`The function ${operand.name} lacks its operand.`);
      if (of.kind === 'value' && ['N', 'BOOL', 'NULL'].includes(typeOf(of.value))) {
        throw wrongFunctionOperand(operand.name, of.value);
      }
      return { kind: 'size', of };
    }
    case 'sum':
      throw new Error('A condition cannot contain a sum.');
  }
}

function bindTest(name: string, operands: readonly Operand[], bindings: Bindings): readonly BoundOperand[] {
  const bound = operands.map((operand) => bindOperand(operand, bindings));
  checkCount(name, bound.length);
  rejectSamePath(name, bound);
  const [first, second] = bound;
  switch (name) {
    case 'attribute_exists':
    case 'attribute_not_exists':
      if (first?.kind !== 'path') throw requiresPath(name);
      break;
    case 'begins_with':
      for (const operand of bound) {
        if (operand.kind === 'size') throw wrongOperand('operator or function', name, 'N');
        if (operand.kind === 'value' && !('S' in operand.value) && !('B' in operand.value)) {
          throw wrongFunctionOperand(name, operand.value);
        }
      }
      break;
    case 'attribute_type':
      if (second?.kind !== 'value') {
        throw wrongOperand('operator or function', name, '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}');
      }
      if (!('S' in second.value)) throw wrongFunctionOperand(name, second.value);
      if (!isAttributeType(second.value.S)) {
        throw new ExpressionError(
          `Invalid attribute type name found; type: ${second.value.S}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
        );
      }
      break;
  }
  return bound;
}

export function requiresPath(name: string): ExpressionError {
  return new ExpressionError(`Operator or function requires a document path; operator or function: ${name}`);
}

export function checkCount(name: string, count: number, expected = operandCounts[name]): void {
  if (count === expected) return;
  throw new ExpressionError(
    `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${count}`,
  );
}

function wrongFunctionOperand(name: string, value: AttributeValue): ExpressionError {
  return wrongOperand('operator or function', name, typeOf(value));
}

export function wrongOperand(what: string, name: string, type: string): ExpressionError {
  return new ExpressionError(
    `Incorrect operand type for operator or function; ${what}: ${name}, operand type: ${type}`,
  );
}

/** Only strings, numbers and binaries are ordered. */
function rejectUnordered(operator: string, operand: BoundOperand): void {
  if (operand.kind === 'value' && !isScalar(typeOf(operand.value))) {
    throw wrongOperand('operator', operator, typeOf(operand.value));
  }
}

function checkBounds(low: AttributeValue, high: AttributeValue): void {
  const shown =
    `lower bound operand: AttributeValue: ${shownValue(low)}, ` +
    `upper bound operand: AttributeValue: ${shownValue(high)}`;
  const order = compareValues(low, high);
  if (order === undefined) {
    throw new ExpressionError(
      `The BETWEEN operator requires same data type for lower and upper bounds; ${shown}`,
    );
  }
  if (order > 0) {
    throw new ExpressionError(
      `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${shown}`,
    );
  }
}

function shownValue(value: AttributeValue): string {
  return `{${typeOf(value)}:${Object.values(value).join()}}`;
}

function rejectSamePath(operator: string, [first, second]: readonly BoundOperand[]): void {
  if (first?.kind !== 'path' || second?.kind !== 'path') return;
  if (shownPath(first.path) !== shownPath(second.path)) return;
  throw new ExpressionError(
    'The first operand must be distinct from the remaining operands for this operator or function; ' +
      `operator: ${operator}, first operand: ${shownPath(first.path)}`,
  );
}
