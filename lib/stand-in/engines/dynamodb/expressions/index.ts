import type { Input } from '../../engine.ts';
import { serialization, validation } from '../errors.ts';
import { type BoundCondition, type BoundOperand, bindCondition } from './bind-condition.ts';
import { type BoundUpdate, type BoundValue, bindUpdate } from './bind-update.ts';
import type { Bindings } from './bindings.ts';
import { parseCondition } from './parse-condition.ts';
import { parsePaths } from './parse-operand.ts';
import { parseUpdate } from './parse-update.ts';
import { rejectOverlap } from './path.ts';
import { ExpressionError, type Path } from './syntax.ts';
import { Tokens } from './tokens.ts';

/**
 * A program sends a few expression texts many times, so parsed ones are cached; the least recently used is dropped.
 */
const cachedTextsMax = 1000;

function cached<T>(parse: (text: string) => T): (text: string) => T {
  const parsed = new Map<string, T>();
  return (text) => {
    const known = parsed.get(text);
    if (known !== undefined) {
      // A map keeps insertion order, so a used entry moves to the end.
      parsed.delete(text);
      parsed.set(text, known);
      return known;
    }
    const fresh = parse(text);
    parsed.set(text, fresh);
    if (parsed.size > cachedTextsMax) {
      for (const oldest of parsed.keys()) {
        parsed.delete(oldest);
        break;
      }
    }
    return fresh;
  };
}

const parsedCondition = cached(parseCondition);
const parsedUpdate = cached(parseUpdate);
const parsedProjection = cached((text: string) => {
  const tokens = new Tokens(text);
  const paths = parsePaths(tokens);
  tokens.expectEnd();
  return paths;
});

type ConditionMember = 'ConditionExpression' | 'FilterExpression' | 'KeyConditionExpression';

/** Reads a condition from a member of the input; undefined when the member is missing. */
export function readCondition(
  input: Input,
  member: ConditionMember,
  bindings: Bindings,
): BoundCondition | undefined {
  return read(input, member, (text) => bindCondition(parsedCondition(text), bindings));
}

export function readUpdate(input: Input, bindings: Bindings): BoundUpdate | undefined {
  return read(input, 'UpdateExpression', (text) => bindUpdate(parsedUpdate(text), bindings));
}

export function readProjection(input: Input, bindings: Bindings): readonly Path[] | undefined {
  return read(input, 'ProjectionExpression', (text) => {
    const paths = parsedProjection(text).map((path) => bindings.path(path));
    rejectOverlap(paths);
    return paths;
  });
}

function read<T>(input: Input, member: string, parse: (text: string) => T): T | undefined {
  const text = input[member];
  if (text === undefined || text === null) return undefined;
  if (typeof text !== 'string') throw serialization(`${member} must be a string`);
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ExpressionError) throw validation(`Invalid ${member}: ${error.message}`);
    throw error;
  }
}

/** Every path that a condition reads. */
export function conditionPaths(condition: BoundCondition | undefined): readonly Path[] {
  switch (condition?.kind) {
    case undefined:
      return [];
    case 'and':
    case 'or':
      return [...conditionPaths(condition.left), ...conditionPaths(condition.right)];
    case 'not':
      return conditionPaths(condition.condition);
    case 'compare':
      return operandPaths([condition.left, condition.right]);
    case 'between':
      return operandPaths([condition.operand, condition.low, condition.high]);
    case 'in':
      return operandPaths([condition.operand, ...condition.candidates]);
    case 'test':
      return operandPaths(condition.operands);
  }
}

function operandPaths(operands: readonly BoundOperand[]): readonly Path[] {
  return operands.flatMap((operand) =>
    operand.kind === 'path' ? [operand.path] : operand.kind === 'size' ? operandPaths([operand.of]) : [],
  );
}

/** Every path that an update reads or writes. */
export function updatePaths(update: BoundUpdate): readonly Path[] {
  return update.flatMap((action) =>
    action.kind === 'REMOVE' ? [action.path] : [action.path, ...valuePaths(action.value)],
  );
}

function valuePaths(value: BoundValue): readonly Path[] {
  switch (value.kind) {
    case 'path':
      return [value.path];
    case 'value':
      return [];
    case 'if_not_exists':
      return [value.path, ...valuePaths(value.otherwise)];
    case 'list_append':
      return [...valuePaths(value.first), ...valuePaths(value.second)];
    case 'sum':
      return [...valuePaths(value.left), ...valuePaths(value.right)];
  }
}
