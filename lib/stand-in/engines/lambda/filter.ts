import { isObject } from '../members.ts';
import { invalidParameter } from './errors.ts';

/**
 * Event filters of mappings: the part of the EventBridge pattern language that Lambda supports
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html).
 */
export type Pattern = (value: unknown) => boolean;

const unmatched = Symbol('absent');

/** Parses a pattern from JSON text. Throws `InvalidParameterValueException`. */
export function parsePattern(text: string): Pattern {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The caller gets this error in the words of AWS.
    throw invalid();
  }
  if (!isObject(parsed)) throw invalid();
  return structure(parsed);
}

/** Whether the `body` of a pattern expects a JSON body; a list of rules directly under `body` is about plain text. */
export function wantsJsonBody(text: string): boolean {
  const parsed: unknown = JSON.parse(text);
  return isObject(parsed) && isObject(parsed.body);
}

const invalid = () => invalidParameter('Invalid filter pattern definition.');

function structure(pattern: Readonly<Record<string, unknown>>): Pattern {
  const fields = Object.entries(pattern);
  if (fields.length === 0) throw invalid();
  const tests = fields.map(([name, want]): ((value: unknown) => boolean) => {
    if (name === '$or' && Array.isArray(want)) {
      const choices = want.map((choice) => {
        if (!isObject(choice)) throw invalid();
        return structure(choice);
      });
      if (choices.length < 2) throw invalid();
      return (value) => choices.some((choice) => choice(value));
    }
    const test = field(want);
    return (value) => test(isObject(value) && Object.hasOwn(value, name) ? value[name] : unmatched);
  });
  return (value) => tests.every((test) => test(value));
}

/** A field holds a structure, or a list of rules of which one must match. */
function field(want: unknown): Pattern {
  if (isObject(want)) {
    const inner = structure(want);
    return (value) => {
      const items = Array.isArray(value) ? value.filter(isObject) : [value];
      return items.length === 0 ? inner(unmatched) : items.some(inner);
    };
  }
  if (!Array.isArray(want) || want.length === 0) throw invalid();
  const rules = want.map(rule);
  return (value) =>
    // A list in the event matches when one of its items does; `exists` is about the field, not its items.
    rules.some(({ test, ofField }) =>
      Array.isArray(value) && !ofField ? value.some((item) => test(item)) : test(value),
    );
}

/**
 * Patterns see the leaves of an event only, as in the rule library of EventBridge (aws/event-ruler): a structure is
 * no field of its own. So `exists: true` never matches one, and `exists: false` always does.
 */
function isLeaf(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0 || value.some(isLeaf);
  return value !== unmatched && !isObject(value);
}

interface Rule {
  readonly test: Pattern;
  readonly ofField: boolean;
}

function rule(want: unknown): Rule {
  if (!isObject(want)) {
    if (want !== null && !['string', 'number', 'boolean'].includes(typeof want)) throw invalid();
    return { test: (value) => value === want, ofField: false };
  }
  const [entry, ...more] = Object.entries(want);
  if (entry === undefined || more.length > 0) throw invalid();
  const [operator, operand] = entry;
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw invalid();
    return { test: (value) => isLeaf(value) === operand, ofField: true };
  }
  return { test: operatorTest(operator, operand), ofField: operator === 'anything-but' };
}

function operatorTest(operator: string, operand: unknown): Pattern {
  switch (operator) {
    case 'prefix':
      return text(operand, (value, want) => value.startsWith(want));
    case 'suffix':
      return text(operand, (value, want) => value.endsWith(want));
    case 'equals-ignore-case':
      return text(operand, (value, want) => value.toLowerCase() === want.toLowerCase());
    case 'numeric':
      return numeric(operand);
    case 'anything-but':
      return anythingBut(operand);
    default:
      throw invalid();
  }
}

function text(operand: unknown, test: (value: string, want: string) => boolean): Pattern {
  if (typeof operand !== 'string') throw invalid();
  return (value) => typeof value === 'string' && test(value, operand);
}

/** None of the values, or nothing with the prefix or suffix. An absent field and a structure do not match. */
function anythingBut(operand: unknown): Pattern {
  const excluded = isObject(operand)
    ? [rule(operand).test]
    : [operand].flat().map((want) => {
        if (typeof want !== 'string' && typeof want !== 'number') throw invalid();
        return (value: unknown) => value === want;
      });
  if (excluded.length === 0) throw invalid();
  return (value) => {
    const items = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value];
    return items.some((item) => isLeaf(item) && !excluded.some((test) => test(item)));
  };
}

/** `[">", 0, "<=", 5]`: one or two comparisons, both of which must hold. */
function numeric(operand: unknown): Pattern {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) throw invalid();
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < operand.length; index += 2) {
    tests.push(comparison(operand[index], operand[index + 1]));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function comparison(operator: unknown, bound: unknown): (value: number) => boolean {
  if (typeof bound !== 'number') throw invalid();
  switch (operator) {
    case '=':
      return (value) => value === bound;
    case '<':
      return (value) => value < bound;
    case '<=':
      return (value) => value <= bound;
    case '>':
      return (value) => value > bound;
    case '>=':
      return (value) => value >= bound;
    default:
      throw invalid();
  }
}
