import type { Field, Fields, Membership } from './fields.ts';
import type { Clause, Condition } from './parse.ts';

/** One way to satisfy a policy: a condition for each path, all of which must hold. */
export type Branch = readonly (readonly [path: string, condition: Condition])[];

/** Expands the `$or`s of a policy. Check its complexity first, which bounds the number of branches. */
export function branches(clauses: readonly Clause[]): readonly Branch[] {
  return expand(clauses, [new Map()]).map((conditions) => [...conditions]);
}

/** Of two conditions for the same path, the last one counts, as in AWS's rule compiler. */
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
 * Whether all conditions of a branch hold. Values inside arrays must come from the same elements: of two records
 * `{kind: a, size: 1}` and `{kind: b, size: 2}`, no branch matches kind `a` with size 2.
 */
export function matchesBranch(branch: Branch, fields: Fields): boolean {
  const candidates: Candidates[] = [];
  for (const [path, condition] of branch) {
    const found = fields.get(path);
    if (found === undefined) {
      if (!condition.absent) return false;
      continue;
    }
    const matching = found.filter((field) => condition.test(field.value));
    if (matching.length === 0) return false;
    // A value outside of arrays is compatible with every other one.
    if (matching.every((field) => field.membership !== undefined)) candidates.push(matching);
  }
  return independent(candidates).every((group) => agree(group, undefined));
}

/** The values that match one condition. */
type Candidates = readonly Field[];

/**
 * Divides the candidates into groups that share no array. Groups do not affect each other, so each is searched
 * separately; otherwise many arrays would multiply the work.
 */
function independent(candidates: readonly Candidates[]): readonly (readonly Candidates[])[] {
  let groups: { readonly arrays: ReadonlySet<number>; readonly members: readonly Candidates[] }[] = [];
  for (const list of candidates) {
    const arrays = new Set(list.flatMap(({ membership = [] }) => membership.map(([array]) => array)));
    const touched = groups.filter((group) => [...arrays].some((array) => group.arrays.has(array)));
    groups = groups.filter((group) => !touched.includes(group));
    groups.push({
      arrays: new Set([...arrays, ...touched.flatMap((group) => [...group.arrays])]),
      members: [...touched.flatMap(({ members }) => members), list],
    });
  }
  return groups.map(({ members }) => members);
}

function agree(candidates: readonly Candidates[], chosen: Membership): boolean {
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
