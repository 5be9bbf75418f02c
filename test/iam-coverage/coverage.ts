import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Grant, keyOf } from '../../lib/stand-in/iam/usage.ts';
import type { UsageLine } from '../../lib/stand-in/iam/usage-file.ts';

/** A grant that no test uses, and why it stays. Names are those of the report. */
export interface Exception {
  /** The role without the hash of its logical id; `*` for every role that has the grant. */
  readonly role: string;
  readonly action: string;
  /** As the report shortens it; every resource of the action when it is absent. */
  readonly resource?: string;
  readonly reason: string;
}

export interface CoveredGrant extends Grant {
  /** The actions that it allowed in any of the buses. */
  readonly used: readonly string[];
  readonly exception?: Exception;
}

export interface CoveredRole {
  readonly role: string;
  readonly grants: readonly CoveredGrant[];
}

export interface Coverage {
  readonly roles: readonly CoveredRole[];
  /** What is wrong, a sentence each: a run with any of them fails. */
  readonly problems: readonly string[];
}

/** The lines of every bus that wrote into a directory. */
export function readUsage(directory: string): UsageLine[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as UsageLine);
}

/**
 * What the roles of a stack were granted and used over all buses together.
 * @param logicalIds of every role in the template: one that no bus reported of was not looked at, which is a problem.
 */
export function coverageOf(options: {
  readonly lines: readonly UsageLine[];
  readonly stack: string;
  readonly logicalIds: readonly string[];
  readonly exceptions: readonly Exception[];
}): Coverage {
  const { lines, stack, exceptions } = options;
  const used = new Map<string, Set<string>>();
  for (const line of lines) {
    if (line.kind !== 'use') continue;
    const key = `${line.role}\n${keyOf(line.by)}`;
    used.set(key, (used.get(key) ?? new Set()).add(line.action));
  }
  const problems: string[] = [];
  const roles = options.logicalIds.map((logicalId): CoveredRole => {
    const role = logicalId.replace(/[0-9A-F]{8}$/, '');
    const grants = new Map<string, CoveredGrant>();
    for (const line of lines) {
      if (line.kind !== 'role' || line.stack !== stack || line.logicalId !== logicalId) continue;
      for (const grant of line.granted) {
        const actions = [...(used.get(`${line.role}\n${keyOf(grant)}`) ?? [])].sort();
        const exception = exceptions.find((listed) => isFor(listed, role, grant));
        grants.set(keyOf(grant), { ...grant, used: actions, ...(exception && { exception }) });
      }
    }
    if (grants.size === 0) problems.push(`No bus of this run reported what ${role} is granted.`);
    return { role, grants: [...grants.values()] };
  });
  for (const { role, grants } of roles) {
    for (const grant of grants) {
      if (grant.used.length > 0 || grant.exception !== undefined) continue;
      problems.push(`${role} is granted ${nameOf(grant)}, which nothing used.`);
    }
  }
  for (const exception of exceptions) {
    const grants = roles.flatMap(({ grants: all }) => all.filter((grant) => grant.exception === exception));
    const listed = `The exception ${exception.role}: ${exception.action}${exception.resource ? ` on ${exception.resource}` : ''}`;
    if (grants.length === 0) problems.push(`${listed} is granted nowhere: take it off the list.`);
    else if (grants.some((grant) => grant.used.length > 0)) {
      problems.push(`${listed} was used: take it off the list.`);
    }
  }
  return { roles, problems };
}

function isFor(exception: Exception, role: string, grant: Grant): boolean {
  return (
    (exception.role === '*' || exception.role === role) &&
    exception.action === grant.action &&
    (exception.resource === undefined || exception.resource === shortened(grant.resource))
  );
}

/** An ARN without partition, region and account, which are the same everywhere. */
const shortened = (arn: string): string => arn.replace(/^arn:[^:]*:([^:]*):[^:]*:[^:]*:/, '$1:');

const nameOf = ({ action, resource, condition }: Grant): string =>
  `${action} on ${shortened(resource)}${condition === undefined ? '' : ` (if ${condition})`}`;

const isPattern = ({ action, resource }: Grant): boolean =>
  /[*?]|^Not/.test(`${action}${shortened(resource)}`);

/** The report of a run: what each role has and does not use, what it uses by a wildcard, and what is wrong. */
export function reportOf({ roles, problems }: Coverage): string {
  const lines: string[] = [];
  let granted = 0;
  let usedCount = 0;
  for (const { role, grants } of roles) {
    granted += grants.length;
    const used = grants.filter((grant) => grant.used.length > 0);
    usedCount += used.length;
    lines.push(`${role}: ${used.length} of ${grants.length} grants used`);
    for (const grant of grants.filter((each) => each.used.length === 0)) {
      lines.push(`  never used   ${nameOf(grant)}${grant.exception ? `: ${grant.exception.reason}` : ''}`);
    }
    for (const [resource, actions] of byPattern(used)) {
      lines.push(`  by wildcard  ${resource}: ${actions.join(', ')}`);
    }
  }
  const verdict =
    problems.length === 0
      ? `IAM coverage: ${usedCount} of ${granted} grants of ${roles.length} roles used; every other one is listed with its reason.`
      : [
          `IAM coverage: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`,
          ...problems.map((problem) => `  ${problem}`),
          'Take the grant out of the template, have a test use it, or list it in test/iam-coverage/exceptions.ts.',
        ].join('\n');
  return [...lines, verdict].join('\n');
}

/** What was used by grants that name their action or resource by a pattern. */
function byPattern(used: readonly CoveredGrant[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const grant of used.filter(isPattern)) {
    const actions = grant.used.map((action) =>
      action === grant.action ? action : `${action} (${grant.action})`,
    );
    const resource = shortened(grant.resource);
    found.set(resource, [...(found.get(resource) ?? []), ...actions]);
  }
  return found;
}
