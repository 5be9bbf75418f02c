import { isObject } from '../../members.ts';
import { inBlock } from './address.ts';
import { fault } from './error.ts';
import { comparable, equalsNumber, type Test } from './leaf.ts';
import { compileWildcard } from './wildcard.ts';

/** The result of compiling one operator. */
export interface Operator {
  readonly test: Test;
  /** The operator also accepts a missing property. */
  readonly absent: boolean;
  readonly wildcardPoints: number;
}

const present = (test: Test, wildcardPoints = 0): Operator => ({ test, absent: false, wildcardPoints });
const onText =
  (test: (text: string) => boolean): Test =>
  (leaf) =>
    typeof leaf === 'string' && test(leaf);

/** AWS compares each UTF-16 unit with its lower and upper case separately, so lengths do not change. */
const fold = (text: string): string => {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text;
};

/**
 * Compiles a match expression: an object with exactly one operator, such as `{"prefix": "bas"}`. The operators are
 * those of https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html, and the messages those of
 * AWS's rule compiler, which SNS passes on.
 */
export function compileOperator(expression: Readonly<Record<string, unknown>>): Operator {
  const [entry, ...more] = Object.entries(expression);
  if (entry === undefined) throw fault('Match expression name not found');
  const [name, operand] = entry;
  const compile = compilers.get(name);
  if (compile === undefined) throw fault(`Unrecognized match type ${name}`);
  const operator = compile(operand);
  if (more.length > 0) throw fault('Only one key allowed in match expression');
  return operator;
}

function text(operator: string, operand: unknown): string {
  if (typeof operand !== 'string') throw fault(`${operator} match pattern must be a string`);
  return operand;
}

const compilers = new Map<string, (operand: unknown) => Operator>([
  [
    'prefix',
    (operand) => {
      const start = text('prefix', operand);
      return present(onText((value) => value.startsWith(start)));
    },
  ],
  [
    'suffix',
    (operand) => {
      const end = text('suffix', operand);
      return present(onText((value) => value.endsWith(end)));
    },
  ],
  [
    'equals-ignore-case',
    (operand) => {
      const wanted = fold(text('equals-ignore-case', operand));
      return present(onText((value) => fold(value) === wanted));
    },
  ],
  [
    'wildcard',
    (operand) => {
      const pattern = compileWildcard(text('wildcard', operand));
      return present(onText(pattern.matches), pattern.points);
    },
  ],
  // AWS reports a block that is not a string in the words of the prefix operator.
  ['cidr', (operand) => present(inBlock(text('prefix', operand)))],
  ['exists', exists],
  ['numeric', (operand) => present(numeric(operand))],
  ['anything-but', anythingBut],
]);

/**
 * "The key must have a non-null and non-empty value."
 * https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
 */
function exists(operand: unknown): Operator {
  if (typeof operand !== 'boolean') throw fault('exists match pattern must be either true or false.');
  return {
    test: operand ? (leaf) => leaf !== null && leaf !== '' : () => false,
    absent: !operand,
    wildcardPoints: 0,
  };
}

const comparisons = new Map<unknown, (value: number, bound: number) => boolean>([
  ['=', (value, bound) => value === bound],
  ['<', (value, bound) => value < bound],
  ['<=', (value, bound) => value <= bound],
  ['>', (value, bound) => value > bound],
  ['>=', (value, bound) => value >= bound],
]);

/** One comparison, or a lower bound followed by an upper bound. */
function numeric(operand: unknown): Test {
  if (!Array.isArray(operand)) throw fault('Value of numeric must be an array.');
  const [operator, value, second, secondValue, ...more]: unknown[] = operand;
  if (operand.length === 0) throw fault('Invalid member in numeric match: ]');
  if (typeof operator !== 'string') throw fault(`Invalid member in numeric match: ${operator}`);
  const compare = comparisons.get(operator);
  if (compare === undefined) throw fault(`Unrecognized numeric range operator: ${operator}`);
  const bound = numericBound(operator, value);
  if (operand.length === 2) return numberTest((number) => compare(number, bound));
  if (!operator.startsWith('>')) throw fault('Too many elements in numeric expression');
  if (typeof second !== 'string') throw fault(`Bad value in numeric range: ${second}`);
  const compareTop = second.startsWith('<') ? comparisons.get(second) : undefined;
  if (compareTop === undefined) throw fault(`Bad numeric range operator: ${second}`);
  const top = numericBound(second, secondValue);
  if (more.length > 0) throw fault('Too many terms in numeric range expression');
  if (bound >= top) throw fault('Bottom must be less than top');
  return numberTest((number) => compare(number, bound) && compareTop(number, top));
}

function numericBound(operator: string, value: unknown): number {
  if (typeof value !== 'number')
    throw fault(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
  return inRange(value);
}

function inRange(value: number): number {
  const bound = comparable(value);
  if (bound === undefined) throw fault('Value must be between -1.0E9 and 1.0E9, inclusive');
  return bound;
}

function numberTest(test: (comparableNumber: number) => boolean): Test {
  return (leaf) => {
    if (typeof leaf !== 'number') return false;
    const number = comparable(leaf);
    return number !== undefined && test(number);
  };
}

/**
 * Matches what is present and not excluded. The exclusions are strings, numbers, or what one further operator
 * describes. A value of another type is never excluded.
 */
function anythingBut(operand: unknown): Operator {
  if (isObject(operand)) return anythingButPattern(operand);
  const scalar = typeof operand === 'string' || typeof operand === 'number';
  if (!scalar && !Array.isArray(operand)) {
    throw fault('Value of anything-but must be an array or single string/number value.');
  }
  const excluded: unknown[] = scalar ? [operand] : operand;
  if (excluded.some((value) => typeof value !== 'string' && typeof value !== 'number')) {
    throw fault('Inside anything but list, start|null|boolean is not supported.');
  }
  const texts = new Set(excluded.filter((value) => typeof value === 'string'));
  const numbers = excluded.filter((value) => typeof value === 'number');
  if (texts.size > 0 === numbers.length > 0) {
    throw fault(
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    );
  }
  for (const number of numbers) inRange(number);
  const tests = numbers.map(equalsNumber);
  return present((leaf) =>
    typeof leaf === 'string' ? !texts.has(leaf) : !tests.some((isExcluded) => isExcluded(leaf)),
  );
}

function anythingButPattern(operand: Readonly<Record<string, unknown>>): Operator {
  const [entry, ...more] = Object.entries(operand);
  if (entry === undefined) throw fault('Anything-But expression name not found');
  const [name, patterns] = entry;
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name)) {
    throw fault(`Unsupported anything-but pattern: ${name}`);
  }
  const list: unknown[] = Array.isArray(patterns) ? patterns : [patterns];
  if (list.length === 0) throw fault(`${name} match pattern must be a string`);
  if ((name === 'prefix' || name === 'suffix') && list.includes('')) {
    throw fault('Null prefix/suffix not allowed');
  }
  const excluded = list.map((pattern) => compileOperator({ [name]: pattern }));
  if (more.length > 0) throw fault('Only one key allowed in match expression');
  return present(
    (leaf) => !excluded.some(({ test }) => test(leaf)),
    excluded.reduce((points, { wildcardPoints }) => points + wildcardPoints, 0),
  );
}
