import type { PolicyDocument, PolicyStatement } from '../engines/engine.ts';
import { compileConditions, type RequestContext, UnsupportedPolicyError } from './conditions.ts';
import { matchesAction, matchesResource } from './match.ts';

/** A statement compiled for evaluation. */
export interface Statement {
  /** Where it is, for errors and reports, such as `PublishRole/DefaultPolicy[0]`. */
  readonly where: string;
  readonly source: PolicyStatement;
  readonly allows: boolean;
  readonly conditional: boolean;
  appliesTo(action: string, resource: string): boolean;
  holds(context: RequestContext): boolean;
  /** Whether a principal of a resource policy covers the caller; identity policies have none. */
  covers(principal: Principal): boolean;
}

export type Principal =
  | { readonly kind: 'role'; readonly arn: string; readonly account: string }
  | { readonly kind: 'service'; readonly service: string };

/** Compiles the statements of a policy. Throws `UnsupportedPolicyError` for what cannot be evaluated here. */
export function compilePolicy(document: PolicyDocument, where: string): Statement[] {
  return document.Statement.map((statement, index) => compileStatement(statement, `${where}[${index}]`));
}

function compileStatement(statement: PolicyStatement, where: string): Statement {
  const actions = list(statement.Action);
  const notActions = list(statement.NotAction);
  const resources = list(statement.Resource);
  const notResources = list(statement.NotResource);
  for (const pattern of [...resources, ...notResources]) {
    if (pattern.includes('${')) {
      throw new UnsupportedPolicyError(
        `${where} uses a policy variable (${pattern}), which the local IAM does not fill. Name the resource.`,
      );
    }
  }
  if (actions.length + notActions.length === 0) throw new UnsupportedPolicyError(`${where} names no action.`);
  const holds =
    statement.Condition === undefined ? () => true : compileConditions(statement.Condition, where);
  return {
    where,
    source: statement,
    allows: statement.Effect === 'Allow',
    conditional: statement.Condition !== undefined,
    appliesTo: (action, resource) =>
      (statement.NotAction === undefined
        ? actions.some((pattern) => matchesAction(pattern, action))
        : !notActions.some((pattern) => matchesAction(pattern, action))) &&
      (statement.NotResource === undefined
        ? resources.some((pattern) => matchesResource(pattern, resource))
        : !notResources.some((pattern) => matchesResource(pattern, resource))),
    holds,
    covers: (principal) => coversPrincipal(statement, principal),
  };
}

/**
 * Whether the Principal element of a resource policy names the caller. The account as principal delegates to identity
 * policies, so its Allow adds nothing for a role of the same account, while its Deny counts. `*` includes services
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
 */
function coversPrincipal({ Principal, Effect }: PolicyStatement, principal: Principal): boolean {
  if (Principal === undefined) return false;
  if (Principal === '*') return true;
  const accounts = list(Principal.AWS);
  if (accounts.includes('*')) return true;
  if (principal.kind === 'service') return list(Principal.Service).includes(principal.service);
  return (
    accounts.includes(principal.arn) ||
    (Effect === 'Deny' &&
      (accounts.includes(principal.account) || accounts.includes(`arn:aws:iam::${principal.account}:root`)))
  );
}

export const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;
