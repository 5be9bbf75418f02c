import type { Authorize } from '../aws.ts';
import { AwsError, type Caller, type Permission, type PolicyDocument } from '../engines/engine.ts';
import type { RequestContext } from './conditions.ts';
import { compilePolicy, type Principal, type Statement } from './policy.ts';

/** What the judge needs to know about a role. */
export interface JudgedRole {
  readonly statements: readonly Statement[];
  /** Calls that were allowed; replaced by an empty map when the statements change. */
  readonly allowed: AllowedCalls;
  readonly usage: { record(action: string, resource: string, allowedBy: readonly Statement[]): void };
}

export interface Judge {
  /** Throws AWS's error when a permission is missing. An explicit deny wins over every allow. */
  readonly authorize: Authorize;
  /** Whether a trust policy lets a service assume its role for a resource. */
  trusts(trust: readonly Statement[], roleArn: string, service: string, sourceArn: string): boolean;
}

/**
 * The most decisions cached for each role; the cache is cleared beyond that, because schedule names have no bound.
 */
const decisionsKeptMax = 10_000;

/**
 * Calls that were allowed, each with the resource policy that allowed it. An engine creates a new list of statements
 * when a policy changes, which invalidates the entry.
 */
export type AllowedCalls = Map<string, PolicyDocument['Statement'] | undefined>;

/** Judges calls by the policies of roles and resources. It runs at every call, so it caches what was allowed. */
export function createJudge(options: {
  readonly account: string;
  readonly region: string;
  roleOf(roleArn: string): JudgedRole | undefined;
  /** The name of a role in errors. */
  sessionOf(roleArn: string): string | undefined;
  /** The resource policy of a resource, from the engine that the prefix of the action names. */
  resourcePolicy(service: string, resourceArn: string): PolicyDocument | undefined;
}): Judge {
  const { account, region } = options;
  const compiledResourcePolicies = new WeakMap<PolicyDocument['Statement'], readonly Statement[]>();
  const allowedServiceCalls: AllowedCalls = new Map();

  function authorize(caller: Caller, permissions: readonly Permission[]): void {
    if (caller.kind === 'root') return;
    for (const permission of permissions) {
      if (caller.kind === 'role') authorizeRole(caller.roleArn, permission);
      else authorizeService(caller, permission);
    }
  }

  function authorizeRole(arn: string, permission: Permission): void {
    const { action, resource } = permission;
    const policy = resourcePolicy(permission);
    const found = options.roleOf(arn);
    if (found === undefined) throw denied(permission, userArn(arn), 'because the role does not exist');
    const key = `${action}\n${resource}`;
    if (found.allowed.has(key) && found.allowed.get(key) === policy?.Statement) return;

    const principal: Principal = { kind: 'role', arn, account };
    const identity = found.statements.filter((statement) => statement.appliesTo(action, resource));
    const ofResource = statementsOf(policy, permission, principal);
    const context = requestContext(permission, [
      ['aws:principalarn', arn],
      ['aws:principalaccount', account],
      ['aws:principalisawsservice', 'false'],
    ]);
    const holding = (statements: readonly Statement[], allows: boolean) =>
      statements.filter((statement) => statement.allows === allows && statement.holds(context));
    if (holding(identity, false).length > 0) {
      throw denied(permission, userArn(arn), 'with an explicit deny in an identity-based policy');
    }
    if (holding(ofResource, false).length > 0) {
      throw denied(permission, userArn(arn), 'with an explicit deny in a resource-based policy');
    }
    // Within one account, an allow in either kind of policy is enough.
    const allowing = [...holding(identity, true), ...holding(ofResource, true)];
    if (allowing.length === 0) {
      throw denied(permission, userArn(arn), `because no identity-based policy allows the ${action} action`);
    }
    found.usage.record(action, resource, allowing);
    // A condition on something specific to this call must be evaluated again for the next one.
    if (
      permission.context === undefined ||
      ![...identity, ...ofResource].some((statement) => statement.conditional)
    ) {
      remember(found.allowed, key, policy);
    }
  }

  function remember(allowed: AllowedCalls, key: string, policy: PolicyDocument | undefined): void {
    if (allowed.size >= decisionsKeptMax) allowed.clear();
    allowed.set(key, policy?.Statement);
  }

  function authorizeService(caller: Extract<Caller, { kind: 'service' }>, permission: Permission): void {
    const policy = resourcePolicy(permission);
    const key = `${caller.service}\n${caller.sourceArn}\n${permission.action}\n${permission.resource}`;
    if (allowedServiceCalls.has(key) && allowedServiceCalls.get(key) === policy?.Statement) return;
    const sourceAccount = caller.sourceArn.split(':')[4] ?? '';
    const context = requestContext(permission, [
      ['aws:sourcearn', caller.sourceArn],
      ['aws:sourceaccount', sourceAccount],
      // The older name of the same key, which the policy of a new SNS topic tests. Roles do not have it: on AWS too,
      // a topic with its default policy rejects a role without a policy of its own.
      ['aws:sourceowner', sourceAccount],
      ['aws:principalisawsservice', 'true'],
    ]);
    const holding = statementsOf(policy, permission, {
      kind: 'service',
      service: caller.service,
    }).filter((statement) => statement.holds(context));
    const who = `${caller.service} (for ${caller.sourceArn})`;
    if (holding.some((statement) => !statement.allows)) {
      throw denied(permission, who, 'with an explicit deny in a resource-based policy');
    }
    if (holding.length === 0) {
      throw denied(
        permission,
        who,
        `because no resource-based policy allows the ${permission.action} action`,
      );
    }
    if (permission.context === undefined) remember(allowedServiceCalls, key, policy);
  }

  const resourcePolicy = ({ action, resource }: Permission) =>
    resource === '*' ? undefined : options.resourcePolicy(action.slice(0, action.indexOf(':')), resource);

  function statementsOf(
    policy: PolicyDocument | undefined,
    { action, resource }: Permission,
    principal: Principal,
  ): readonly Statement[] {
    if (policy === undefined) return [];
    let statements = compiledResourcePolicies.get(policy.Statement);
    if (statements === undefined) {
      statements = compilePolicy(policy, `the resource policy of ${resource}`);
      compiledResourcePolicies.set(policy.Statement, statements);
    }
    return statements.filter(
      (statement) => statement.covers(principal) && statement.appliesTo(action, resource),
    );
  }

  function requestContext(
    permission: Permission,
    ofCaller: readonly (readonly [key: string, value: string])[],
  ): RequestContext {
    const context = new Map<string, readonly string[]>([
      ['aws:requestedregion', [region]],
      ['aws:resourceaccount', [account]],
      // On AWS every SDK call uses TLS; here it does not leave the process or the machine.
      ['aws:securetransport', ['true']],
    ]);
    for (const [key, value] of ofCaller) if (value !== '') context.set(key, [value]);
    for (const [key, value] of Object.entries(permission.context ?? {})) {
      context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    }
    return context;
  }

  function userArn(arn: string): string {
    const name = arn.slice(arn.lastIndexOf('/') + 1);
    return `User: arn:aws:sts::${account}:assumed-role/${name}/${options.sessionOf(arn) ?? name}`;
  }

  function trusts(trust: readonly Statement[], roleArn: string, service: string, sourceArn: string): boolean {
    const permission = { action: 'sts:AssumeRole', resource: roleArn };
    const context = requestContext(permission, [
      ['aws:sourcearn', sourceArn],
      ['aws:sourceaccount', account],
    ]);
    const holding = trust.filter(
      (statement) =>
        statement.appliesTo(permission.action, roleArn) &&
        statement.covers({ kind: 'service', service }) &&
        statement.holds(context),
    );
    return holding.length > 0 && holding.every((statement) => statement.allows);
  }

  return { authorize, trusts };
}

/** AWS services name the same error differently. */
const errorCodes: Readonly<Record<string, string>> = { sqs: 'AccessDenied', sns: 'AuthorizationError' };

function denied({ action, resource }: Permission, who: string, reason: string): AwsError {
  const service = action.slice(0, action.indexOf(':'));
  return new AwsError(
    errorCodes[service] ?? 'AccessDeniedException',
    `${who} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
    { status: 403 },
  );
}
