import type { Field, Fields, Membership } from './fields.ts';
import type { Clause, Condition } from './parse.ts';

/** One way to satisfy a policy: a condition for each path, all of which must hold. */
export type Branch = readonly (readonly [path: string, condition: Condition])[];

/** Multiplies the `$or`s of a policy out. Check its complexity first: that bounds the number of branches. */
export function branches(clauses: readonly Clause[]): readonly Branch[] {
  return expand(clauses, [new Map()]).map((conditions) => [...conditions]);
}

/** A path that stands in a policy twice has the condition that stands last, as with AWS's rule compiler. */
function expand(
  clauses: readonly Clause[],
  start: readonly ReadonlyMap<string, Condition>[],
): readonly ReadonlyMap<string, Condition>[] {
  return clauses.reduce(
    (all, clause) =>
      clause.kind === 'property'
        ? all.map((conditions) => new Map(conditions).set(clause.path, clause.condition))
        : clause.alternatives.flatMap((alternative) => expand(alternative, all)),
    start,
  );
}

/**
 * Whether all conditions of a branch hold. Values that lie in arrays must lie in the same elements: of two records
 * `{kind: a, size: 1}` and `{kind: b, size: 2}`, no branch finds kind `a` with size 2.
 */
export function matchesBranch(branch: Branch, fields: Fields): boolean {
  const candidates: (readonly Field[])[] = [];
  for (const [path, condition] of branch) {
    const found = fields.get(path);
    if (found === undefined) {
      if (!condition.absent) return false;
      continue;
    }
    const matching = found.filter((field) => condition.test(field.value));
    if (matching.length === 0) return false;
    // A value outside of arrays agrees with every other one.
    if (matching.every((field) => field.membership !== undefined)) candidates.push(matching);
  }
  return candidates.length < 2 || agree(candidates, undefined);
}

function agree(candidates: readonly (readonly Field[])[], chosen: Membership): boolean {
  const [first, ...rest] = candidates;
  if (first === undefined) return true;
  return first.some((field) => {
    const joined = join(chosen, field.membership);
    return joined !== 'contradiction' && agree(rest, joined);
  });
}

function join(left: Membership, right: Membership): Membership | 'contradiction' {
  if (left === undefined) return right;
  if (right === undefined) return left;
  for (const [array, element] of right) {
    const other = left.find(([id]) => id === array);
    if (other !== undefined && other[1] !== element) return 'contradiction';
  }
  return [...left, ...right];
}
