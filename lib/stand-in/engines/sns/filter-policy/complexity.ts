import { FilterPolicyError, fault } from './error.ts';
import type { Clause } from './parse.ts';

export type FilterPolicyScope = 'MessageAttributes' | 'MessageBody';

/**
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html; docs/stand-in/sns.md gives
 * the source of both wildcard limits.
 */
export const filterPolicyLimits = {
  bytes: 256 * 1024,
  keys: 5,
  combinations: 150,
  wildcardPoints: 100,
} as const;

/** Rejects a policy that is larger than SNS allows, or nested where it must not be. */
export function checkComplexity(clauses: readonly Clause[], scope: FilterPolicyScope): void {
  if (rootNames(clauses).size > filterPolicyLimits.keys) {
    throw fault(`Filter policy can not have more than ${filterPolicyLimits.keys} keys`);
  }
  if (scope === 'MessageAttributes' && depth(clauses) > 1) {
    throw new FilterPolicyError(
      'Filter policy scope MessageAttributes does not support nested filter policy',
    );
  }
  const combinations = multiply(clauses, ({ condition, depth }) => condition.size * depth);
  const wildcardPoints = multiply(clauses, ({ condition }) => Math.max(1, condition.wildcardPoints));
  if (combinations > filterPolicyLimits.combinations || wildcardPoints > filterPolicyLimits.wildcardPoints) {
    throw fault('Filter policy is too complex');
  }
}

/**
 * Only the names at the root count. Names inside a `$or` at the root are counted one by one, which the documentation
 * leaves open: a policy that passes here passes on AWS.
 */
function rootNames(clauses: readonly Clause[]): Set<string> {
  const names = new Set<string>();
  for (const clause of clauses) {
    if (clause.kind === 'property') names.add(clause.rootName);
    else
      for (const alternative of clause.alternatives)
        for (const name of rootNames(alternative)) names.add(name);
  }
  return names;
}

function depth(clauses: readonly Clause[]): number {
  return Math.max(
    ...clauses.map((clause) =>
      clause.kind === 'property' ? clause.depth : Math.max(...clause.alternatives.map(depth)),
    ),
  );
}

/** The product over the properties of a branch, summed over the branches of `$or`. */
function multiply(
  clauses: readonly Clause[],
  weight: (property: Extract<Clause, { kind: 'property' }>) => number,
  start = 1,
): number {
  return clauses.reduce(
    (product, clause) =>
      clause.kind === 'property'
        ? product * weight(clause)
        : clause.alternatives.reduce((sum, alternative) => sum + multiply(alternative, weight, product), 0),
    start,
  );
}
