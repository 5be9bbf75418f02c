import { type AttributeValue, type Item, typeOf } from '../attribute.ts';
import { compareValues, equalValues } from '../compare.ts';
import type { BoundCondition, BoundOperand } from './bind-condition.ts';
import { valueAt } from './path.ts';
import type { Comparator } from './syntax.ts';

/**
 * Whether an item satisfies a condition. A missing attribute satisfies only `attribute_not_exists`, `<>` and NOT.
 * Values of different types are never equal and have no order.
 */
export function satisfies(item: Item, condition: BoundCondition): boolean {
  switch (condition.kind) {
    case 'and':
      return satisfies(item, condition.left) && satisfies(item, condition.right);
    case 'or':
      return satisfies(item, condition.left) || satisfies(item, condition.right);
    case 'not':
      return !satisfies(item, condition.condition);
    case 'compare':
      return compares(condition.operator, resolve(item, condition.left), resolve(item, condition.right));
    case 'between': {
      const value = resolve(item, condition.operand);
      return (
        compares('>=', value, resolve(item, condition.low)) &&
        compares('<=', value, resolve(item, condition.high))
      );
    }
    case 'in': {
      const value = resolve(item, condition.operand);
      return condition.candidates.some((candidate) => compares('=', value, resolve(item, candidate)));
    }
    case 'test': {
      const [first, second] = condition.operands;
      return tests(
        condition.name,
        first === undefined ? undefined : resolve(item, first),
        second === undefined ? undefined : resolve(item, second),
      );
    }
  }
}

function resolve(item: Item, operand: BoundOperand): AttributeValue | undefined {
  switch (operand.kind) {
    case 'path':
      return valueAt(item, operand.path);
    case 'value':
      return operand.value;
    case 'size': {
      const value = resolve(item, operand.of);
      const size = value === undefined ? undefined : sizeOf(value);
      return size === undefined ? undefined : { N: String(size) };
    }
  }
}

/** Characters of a string, bytes of a binary, members of a set, list or map. Other types have no size. */
function sizeOf(value: AttributeValue): number | undefined {
  if ('S' in value) return value.S.length;
  if ('B' in value) return Buffer.byteLength(value.B, 'base64');
  if ('SS' in value) return value.SS.length;
  if ('NS' in value) return value.NS.length;
  if ('BS' in value) return value.BS.length;
  if ('L' in value) return value.L.length;
  if ('M' in value) return Object.keys(value.M).length;
  return undefined;
}

function compares(
  operator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return operator === '<>' && left !== right;
  if (operator === '=') return equalValues(left, right);
  if (operator === '<>') return !equalValues(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function tests(name: string, first: AttributeValue | undefined, second: AttributeValue | undefined): boolean {
  if (name === 'attribute_exists') return first !== undefined;
  if (name === 'attribute_not_exists') return first === undefined;
  if (first === undefined || second === undefined) return false;
  switch (name) {
    case 'attribute_type':
      return 'S' in second && typeOf(first) === second.S;
    case 'begins_with':
      return beginsWith(first, second);
    case 'contains':
      return contains(first, second);
    default:
      throw new Error(`The condition function ${name} is not evaluated.`);
  }
}

function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if ('S' in value && 'S' in prefix) return value.S.startsWith(prefix.S);
  if ('B' in value && 'B' in prefix) return bytes(value.B).startsWith(bytes(prefix.B));
  return false;
}

/** Whether a string or binary contains a part, or a set or list a member. */
function contains(whole: AttributeValue, part: AttributeValue): boolean {
  if ('S' in whole) return 'S' in part && whole.S.includes(part.S);
  if ('B' in whole) return 'B' in part && bytes(whole.B).includes(bytes(part.B));
  if ('SS' in whole) return 'S' in part && whole.SS.includes(part.S);
  if ('NS' in whole) return 'N' in part && whole.NS.includes(part.N);
  if ('BS' in whole) return 'B' in part && whole.BS.includes(part.B);
  return 'L' in whole && whole.L.some((member) => equalValues(member, part));
}

function bytes(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}
