import { type AttributeType, type AttributeValue, typeOf } from '../attribute.ts';
import { checkCount, requiresPath, wrongOperand } from './bind-condition.ts';
import type { Bindings } from './bindings.ts';
import { rejectOverlap } from './path.ts';
import type { Operand, Path, SumOf, UpdateAction } from './syntax.ts';

/** What a SET action assigns, with its names and values inserted. */
export type BoundValue =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: BoundValue }
  | { readonly kind: 'list_append'; readonly first: BoundValue; readonly second: BoundValue }
  | SumOf<BoundValue>;

export type BoundUpdate = readonly UpdateAction<BoundValue>[];

const longNames: Readonly<Record<AttributeType, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  SS: 'STRING_SET',
  NS: 'NUMBER_SET',
  BS: 'BINARY_SET',
  BOOL: 'BOOLEAN',
  NULL: 'NULL',
  L: 'LIST',
  M: 'MAP',
};

/** Inserts names and values and makes the checks that need them. Throws `ExpressionError`. */
export function bindUpdate(actions: readonly UpdateAction<Operand>[], bindings: Bindings): BoundUpdate {
  const bound = actions.map((action): UpdateAction<BoundValue> => {
    const path = bindings.path(action.path);
    if (action.kind === 'REMOVE') return { kind: 'REMOVE', path };
    const value = bindValue(action.value, bindings);
    if (action.kind !== 'SET' && value.kind === 'value') checkSetOperand(action.kind, value.value);
    return { kind: action.kind, path, value };
  });
  rejectOverlap(bound.map((action) => action.path));
  return bound;
}

/** ADD takes numbers and sets; DELETE takes sets only. */
function checkSetOperand(clause: 'ADD' | 'DELETE', value: AttributeValue): void {
  const type = typeOf(value);
  if (type === 'SS' || type === 'NS' || type === 'BS' || (clause === 'ADD' && type === 'N')) return;
  throw wrongOperand('operator', clause, longNames[type]);
}

function bindValue(operand: Operand, bindings: Bindings): BoundValue {
  switch (operand.kind) {
    case 'path':
      return { kind: 'path', path: bindings.path(operand.path) };
    case 'value':
      return { kind: 'value', value: bindings.value(operand.placeholder) };
    case 'sum': {
      const left = bindValue(operand.left, bindings);
      const right = bindValue(operand.right, bindings);
      for (const side of [left, right]) checkType(side, 'N', operand.operator);
      return { kind: 'sum', operator: operand.operator, left, right };
    }
    case 'function': {
      const bound = operand.operands.map((inner) => bindValue(inner, bindings));
      checkCount(operand.name, bound.length, 2);
      const [first, second] = bound;
      if (first === undefined || second === undefined)
        throw new Error('The parser has counted two operands.');
      if (operand.name === 'if_not_exists') {
        if (first.kind !== 'path') throw requiresPath(operand.name);
        return { kind: 'if_not_exists', path: first.path, otherwise: second };
      }
      for (const side of [first, second]) checkType(side, 'L', operand.name);
      return { kind: 'list_append', first, second };
    }
  }
}

function checkType(side: BoundValue, type: AttributeType, name: string): void {
  if (side.kind === 'value' && typeOf(side.value) !== type) {
    throw wrongOperand('operator or function', name, typeOf(side.value));
  }
}

/** The type of a value as far as it is known before any item is read; undefined for the value at a path. */
export function knownType(value: BoundValue): AttributeType | undefined {
  switch (value.kind) {
    case 'value':
      return typeOf(value.value);
    case 'sum':
      return 'N';
    case 'list_append':
      return 'L';
    case 'if_not_exists':
      return knownType(value.otherwise);
    case 'path':
      return undefined;
  }
}
