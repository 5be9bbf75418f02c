import { matchesAction } from './match.ts';
import { list, type Statement } from './policy.ts';

/** What one role was granted and what of it was used, for a report on grants that nothing needs. */
export interface RoleUsage {
  readonly role: string;
  /** Actions that were allowed at least once, with some of the resources they acted on. */
  readonly used: readonly { readonly action: string; readonly resources: readonly string[] }[];
  /** Every granted action pattern, and whether a call was ever allowed by it. */
  readonly granted: readonly {
    readonly where: string;
    readonly action: string;
    readonly resources: readonly string[];
    readonly used: boolean;
  }[];
}

/** Names of schedules and the like have no bound, so of each action only this many resources are kept. */
const resourcesKeptMax = 20;

/** Notes which actions a role used, and which statement allowed each. */
export function usageRecorder() {
  const resourcesByAction = new Map<string, Set<string>>();
  const actionsByStatement = new Map<string, Set<string>>();
  return {
    record(action: string, resource: string, allowedBy: readonly Statement[]): void {
      const resources = resourcesByAction.get(action) ?? new Set();
      resourcesByAction.set(action, resources);
      if (resources.size < resourcesKeptMax) resources.add(resource);
      for (const { where } of allowedBy) {
        const actions = actionsByStatement.get(where) ?? new Set();
        actionsByStatement.set(where, actions.add(action));
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
          .flatMap(({ where, source }) =>
            list(source.Action).map((action) => ({
              where,
              action,
              resources: list(source.Resource),
              used: [...(actionsByStatement.get(where) ?? [])].some((used) => matchesAction(action, used)),
            })),
          ),
      };
    },
  };
}
