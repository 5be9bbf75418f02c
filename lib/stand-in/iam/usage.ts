import { matchesAction, matchesResource } from './match.ts';
import { list, type Statement } from './policy.ts';

/**
 * One permission of a role. A statement with two actions and three resources makes six grants, each of which may be
 * needed or not.
 */
export interface Grant {
  /** An action, or a pattern such as `sqs:*`; `NotAction(…)` for everything except what it lists. */
  readonly action: string;
  /** A resource, or a pattern; `NotResource(…)` for everything except what it lists. */
  readonly resource: string;
  /** The conditions of its statement as JSON; undefined without any. */
  readonly condition?: string;
}

/** An action that a grant allowed a role for the first time, and the first resource it was for. */
export interface Use {
  readonly by: Grant;
  readonly action: string;
  readonly resource: string;
}

/** What one role was granted and what it used, for a report on unused grants. */
export interface RoleUsage {
  readonly role: string;
  /** Actions that were allowed at least once, with some of the resources they acted on. */
  readonly used: readonly { readonly action: string; readonly resources: readonly string[] }[];
  /** Every grant, where it comes from, and the actions that it ever allowed. */
  readonly granted: readonly (Grant & { readonly where: string; readonly used: readonly string[] })[];
}

/** Names of schedules and the like have no bound, so only this many resources are kept for each action. */
const resourcesKeptMax = 20;

/**
 * Records which actions a role used, and which grants allowed them.
 *
 * @param onUse called once for each action and grant, before the call continues
 */
export function usageRecorder(onUse: (use: Use) => void = () => undefined) {
  const resourcesByAction = new Map<string, Set<string>>();
  const actionsByGrant = new Map<string, Set<string>>();
  return {
    record(action: string, resource: string, allowedBy: readonly Statement[]): void {
      const resources = resourcesByAction.get(action) ?? new Set();
      resourcesByAction.set(action, resources);
      if (resources.size < resourcesKeptMax) resources.add(resource);
      for (const by of allowedBy.flatMap(grantsOf)) {
        if (!covers(by, action, resource)) continue;
        const actions = actionsByGrant.get(keyOf(by)) ?? new Set();
        if (actions.has(action)) continue;
        actionsByGrant.set(keyOf(by), actions.add(action));
        onUse({ by, action, resource });
      }
    },
    report(role: string, statements: readonly Statement[]): RoleUsage {
      return {
        role,
        used: [...resourcesByAction]
          .map(([action, resources]) => ({ action, resources: [...resources].sort() }))
          .sort((left, right) => (left.action < right.action ? -1 : 1)),
        granted: statements
          .filter((statement) => statement.allows)
          .flatMap((statement) =>
            grantsOf(statement).map((grant) => ({
              ...grant,
              where: statement.where,
              used: [...(actionsByGrant.get(keyOf(grant)) ?? [])].sort(),
            })),
          ),
      };
    },
  };
}

/** Distinguishes grants, whichever policy of their role contains them. */
export const keyOf = ({ action, resource, condition = '' }: Grant): string =>
  `${action}\n${resource}\n${condition}`;

function grantsOf({ source }: Statement): Grant[] {
  const actions = source.NotAction === undefined ? list(source.Action) : [everythingBut('Action', source)];
  const resources =
    source.NotResource === undefined ? list(source.Resource) : [everythingBut('Resource', source)];
  const condition = source.Condition === undefined ? {} : { condition: JSON.stringify(source.Condition) };
  return actions.flatMap((action) => resources.map((resource) => ({ action, resource, ...condition })));
}

const everythingBut = (what: 'Action' | 'Resource', source: Statement['source']) =>
  `Not${what}(${list(source[`Not${what}`]).join(', ')})`;

/** Whether a grant is one of those in a statement that allowed a call. */
function covers(grant: Grant, action: string, resource: string): boolean {
  return (
    (grant.action.startsWith('NotAction(') || matchesAction(grant.action, action)) &&
    (grant.resource.startsWith('NotResource(') || matchesResource(grant.resource, resource))
  );
}
