import { isObject } from '../../members.ts';
import { sameAddress } from './address.ts';
import { fault } from './error.ts';
import { equalsNumber, isLeaf, type Leaf, type Test } from './leaf.ts';
import { compileOperator } from './operators.ts';

/** The condition on one property: any of its values, or its absence. */
export interface Condition {
  readonly test: Test;
  readonly absent: boolean;
  /** How many values the policy lists. */
  readonly size: number;
  readonly wildcardPoints: number;
}

/** A policy as a tree: all clauses must hold, and at least one alternative of each `or`. */
export type Clause =
  | {
      readonly kind: 'property';
      /** The names from the root, joined by dots; a name that contains a dot equals two names. */
      readonly path: string;
      readonly rootName: string;
      readonly depth: number;
      readonly condition: Condition;
    }
  | { readonly kind: 'or'; readonly alternatives: readonly (readonly Clause[])[] };

/**
 * Names that make `$or` an ordinary property when an alternative uses one of them.
 * https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html
 */
const reservedInOr = new Set([
  ...[
    'exactly',
    'equals-ignore-case',
    'prefix',
    'suffix',
    'anything-but',
    'exists',
    'wildcard',
    'numeric',
    'cidr',
  ],
  ...['=', '<', '<=', '>', '>=', 'regex', 'not-wildcard', 'not-equals-ignore-case'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range'],
  ...['ip-address-in-range', 'ip-address-not-in-range'],
]);

/** The depth limit of the JSON parser under AWS's rule compiler; deeper text is not well-formed. */
export const nestingMax = 1000;

/** Reads a policy from JSON text. Throws `FilterPolicyError`. */
export function parseFilterPolicy(text: string): readonly Clause[] {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch (error) {
    throw fault(`failed to parse JSON. ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(policy)) throw fault('Filter is not an object');
  return parseObject(policy, [], 1);
}

function parseObject(
  object: Readonly<Record<string, unknown>>,
  names: readonly string[],
  level: number,
): Clause[] {
  if (level > nestingMax) throw fault(`failed to parse JSON. It is nested deeper than ${nestingMax}`);
  const entries = Object.entries(object);
  if (entries.length === 0) throw fault('Empty objects are not allowed');
  return entries.flatMap(([name, value]): Clause[] => {
    if (name === '$or' && isOr(value)) {
      return [
        { kind: 'or', alternatives: value.map((alternative) => parseObject(alternative, names, level + 1)) },
      ];
    }
    const path = [...names, name];
    if (isObject(value)) return parseObject(value, path, level + 1);
    if (!Array.isArray(value)) throw fault(`"${name}" must be an object or an array`);
    return [
      {
        kind: 'property',
        path: path.join('.'),
        rootName: path[0] ?? name,
        depth: path.length,
        condition: parseCondition(value),
      },
    ];
  });
}

function isOr(value: unknown): value is Readonly<Record<string, unknown>>[] {
  return (
    Array.isArray(value) &&
    value.length >= 2 &&
    value.every((item) => isObject(item) && !Object.keys(item).some((name) => reservedInOr.has(name)))
  );
}

/** Compiles the values of one property. Plain values become one lookup for each type. */
function parseCondition(values: readonly unknown[]): Condition {
  if (values.length === 0) throw fault('Empty arrays are not allowed');
  const exact = new Set<Leaf>();
  const tests: Test[] = [];
  let absent = false;
  let wildcardPoints = 0;
  for (const value of values) {
    if (isObject(value)) {
      const operator = compileOperator(value);
      tests.push(operator.test);
      absent ||= operator.absent;
      wildcardPoints += operator.wildcardPoints;
    } else if (isLeaf(value)) {
      exact.add(value);
      const loose = typeof value === 'number' ? equalsNumber(value) : sameAddress(String(value));
      if (loose !== undefined) tests.push(loose);
    } else {
      throw fault('Match value must be String, number, true, false, or null');
    }
  }
  return {
    test: (leaf) => exact.has(leaf) || tests.some((test) => test(leaf)),
    absent,
    size: values.length,
    wildcardPoints,
  };
}
