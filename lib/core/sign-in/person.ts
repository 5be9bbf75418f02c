import { createHash } from 'node:crypto';
import { type Role, rankOf } from '../access/access.ts';
import { groupCharactersMax, groupsMax } from './limits.ts';
import type { SignIn } from './setting.ts';

/** An application for which a person may act, and as what. */
export interface Membership {
  readonly application: string;
  readonly role: Role;
}

/**
 * The groups of a claim: a text is one group. Anything else says nothing, and what is beyond the bounds is ignored, so that
 * it can only take rights away.
 */
export function groupsOf(claim: unknown): string[] {
  const all: unknown[] = Array.isArray(claim) ? claim.slice(0, groupsMax) : [claim];
  return all
    .filter((group) => typeof group === 'string')
    .filter((group) => group.length <= groupCharactersMax);
}

/**
 * What groups allow: for each application the strongest role. The strongest come first, among equals by their names; the
 * first is what a person acts as who names no application.
 */
export function membershipsOf({ roles }: Pick<SignIn, 'roles'>, groups: readonly string[]): Membership[] {
  const own = new Set(groups);
  const strongest = new Map<string, Role>();
  for (const [group, application, role] of roles) {
    if (!own.has(group)) continue;
    const before = strongest.get(application);
    if (before === undefined || rankOf(role) < rankOf(before)) strongest.set(application, role);
  }
  return [...strongest]
    .map(([application, role]) => ({ application, role }))
    .sort(
      (one, other) => rankOf(one.role) - rankOf(other.role) || (one.application < other.application ? -1 : 1),
    );
}

/** What a person acts as: of the application that the request names, or as the strongest. */
export const actingAs = (
  memberships: readonly Membership[],
  application: string | undefined,
): Membership | undefined =>
  application === undefined
    ? memberships[0]
    : memberships.find((membership) => membership.application === application);

/**
 * Names a person where a key would have its id. A subject that is long, or that a terminal or a log could show as something
 * else, is named by its hash; `#` stands in no other name, so no two subjects have the same.
 */
export function nameOfSubject(subject: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._@|:/+=-]{0,99}$/.test(subject)) return `oidc:${subject}`;
  return `oidc:#${createHash('sha256').update(JSON.stringify(subject)).digest('hex').slice(0, 32)}`;
}
