import type { AttributeValue } from '../attribute.ts';
import { validation } from '../errors.ts';
import type { BoundCondition, BoundOperand } from './bind-condition.ts';
import type { Comparator } from './syntax.ts';

/** The condition on one key attribute. */
export type KeyTest =
  | { readonly operator: Exclude<Comparator, '<>'> | 'begins_with'; readonly value: AttributeValue }
  | { readonly operator: 'between'; readonly low: AttributeValue; readonly high: AttributeValue };

const mirrored: Readonly<Record<string, Exclude<Comparator, '<>'>>> = {
  '=': '=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** Splits a key condition into one test for each key attribute. Throws for anything else than a key condition. */
export function keyTests(condition: BoundCondition): ReadonlyMap<string, KeyTest> {
  const tests = new Map<string, KeyTest>();
  for (const [name, test] of leaves(condition)) {
    if (tests.has(name)) {
      throw validation('KeyConditionExpressions must only contain one condition per key');
    }
    tests.set(name, test);
  }
  return tests;
}

function leaves(condition: BoundCondition): readonly (readonly [string, KeyTest])[] {
  switch (condition.kind) {
    case 'and':
      return [...leaves(condition.left), ...leaves(condition.right)];
    case 'or':
    case 'not':
    case 'in':
      throw invalidOperator(condition.kind.toUpperCase());
    case 'between': {
      if (condition.operand.kind !== 'path') throw keyMustBeFirst('BETWEEN');
      const operator = 'between';
      return [
        [
          keyName(condition.operand),
          { operator, low: constant(condition.low), high: constant(condition.high) },
        ],
      ];
    }
    case 'test': {
      if (condition.name !== 'begins_with') throw invalidOperator(condition.name);
      const [operand, prefix] = condition.operands;
      if (operand?.kind !== 'path' || prefix === undefined) throw keyMustBeFirst('begins_with');
      return [[keyName(operand), { operator: 'begins_with', value: constant(prefix) }]];
    }
    case 'compare': {
      const { operator, left, right } = condition;
      if (operator === '<>') throw invalidOperator(operator);
      if (left.kind === 'path') return [[keyName(left), { operator, value: constant(right) }]];
      const turned = mirrored[operator];
      if (right.kind !== 'path' || turned === undefined) {
        if (left.kind === 'size' || right.kind === 'size') throw nested();
        throw validation('Invalid condition in KeyConditionExpression: No key attribute specified');
      }
      return [[keyName(right), { operator: turned, value: constant(left) }]];
    }
  }
}

function keyName(operand: BoundOperand & { kind: 'path' }): string {
  const [name, ...rest] = operand.path;
  if (rest.length > 0 || typeof name !== 'string') {
    throw validation('KeyConditionExpressions cannot have conditions on nested attributes');
  }
  return name;
}

function constant(operand: BoundOperand): AttributeValue {
  if (operand.kind === 'value') return operand.value;
  if (operand.kind === 'size') throw nested();
  throw validation(
    'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
  );
}

function invalidOperator(operator: string) {
  return validation(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function keyMustBeFirst(operator: string) {
  return validation(
    `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
  );
}

function nested() {
  return validation('KeyConditionExpressions cannot contain nested operations');
}
