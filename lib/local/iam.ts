import type { Authorize } from './aws.ts';
import { AwsError, type Caller, type Permission, type PolicyDocument, type Store } from './engines/engine.ts';
import type { RequestContext } from './iam/conditions.ts';
import { UnsupportedPolicyError } from './iam/conditions.ts';
import { compilePolicy, type Principal, type Statement } from './iam/policy.ts';
import { type RoleUsage, usageRecorder } from './iam/usage.ts';

export interface RoleDefinition {
  readonly name: string;
  /** Who may take the role on. */
  readonly trust: PolicyDocument;
  readonly inlinePolicies: Readonly<Record<string, PolicyDocument>>;
  readonly managedPolicyArns: readonly string[];
}

export interface ManagedPolicyDefinition {
  readonly arn: string;
  readonly document: PolicyDocument;
}

/** The roles and policies of the account, and the judge of every call. */
export interface Iam {
  /** Throws AWS's refusal when a permission is missing; an explicit deny wins over every allow. */
  readonly authorize: Authorize;
  putRole(role: RoleDefinition): void;
  deleteRole(name: string): void;
  /** Attaches a further policy to a role (`AWS::IAM::Policy`). */
  attachPolicy(roleName: string, policyName: string, document: PolicyDocument): void;
  detachPolicy(roleName: string, policyName: string): void;
  putManagedPolicy(policy: ManagedPolicyDefinition): void;
  deleteManagedPolicy(arn: string): void;
  attachManagedPolicy(roleName: string, arn: string): void;
  detachManagedPolicy(roleName: string, arn: string): void;
  /** Throws when the role does not exist or does not let the service take it on for the resource `sourceArn`. */
  assertTrusts(roleArn: string, service: string, sourceArn: string): void;
  /** The name under which a role acts in refusals; for a Lambda function it is the function's name. */
  nameSession(roleArn: string, sessionName: string): void;
  usage(): RoleUsage[];
}

/**
 * Policies that AWS manages and that matter to nothing here, because what they allow has no engine: logs go to
 * standard output and traces nowhere.
 */
const waivedManagedPolicies = new Set([
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
  'arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess',
]);

/** Decisions kept per role; beyond that they are forgotten and made again (schedule names have no bound). */
const decisionsKeptMax = 10_000;

/**
 * Calls that were allowed, each with the resource policy under which it was: an engine makes a new list of
 * statements whenever a policy changes, so the entry then counts no more.
 */
type AllowedCalls = Map<string, PolicyDocument['Statement'] | undefined>;

interface Role {
  readonly definition: RoleDefinition;
  readonly attached: Map<string, PolicyDocument>;
  readonly attachedManaged: Set<string>;
  trust: readonly Statement[];
  statements: readonly Statement[];
  /** Calls that were allowed, by action and resource. */
  allowed: AllowedCalls;
  readonly usage: ReturnType<typeof usageRecorder>;
}

interface StoredRole {
  readonly definition: RoleDefinition;
  readonly attached: Readonly<Record<string, PolicyDocument>>;
  readonly attachedManaged: readonly string[];
}

export function createIam(options: {
  readonly account: string;
  readonly region: string;
  readonly store: Store;
  /** The resource policy of a resource, asked of the engine that the action's prefix names. */
  resourcePolicy(service: string, resourceArn: string): PolicyDocument | undefined;
}): Iam {
  const { account, region, store } = options;
  const roles = new Map<string, Role>();
  const managedPolicies = new Map<string, PolicyDocument>();
  const sessions = new Map<string, string>();
  const compiledResourcePolicies = new WeakMap<PolicyDocument['Statement'], readonly Statement[]>();
  const allowedServiceCalls: AllowedCalls = new Map();

  const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;

  for (const [arn, document] of store.load('iam.managed-policies')) {
    managedPolicies.set(arn, document as PolicyDocument);
  }
  for (const [, value] of store.load('iam.roles')) {
    const { definition, attached, attachedManaged } = value as StoredRole;
    place(definition, new Map(Object.entries(attached)), new Set(attachedManaged));
  }

  function place(
    definition: RoleDefinition,
    attached: Map<string, PolicyDocument>,
    attachedManaged: Set<string>,
  ): void {
    const role: Role = {
      definition,
      attached,
      attachedManaged,
      trust: [],
      statements: [],
      allowed: new Map(),
      usage: roles.get(roleArn(definition.name))?.usage ?? usageRecorder(),
    };
    compile(role);
    roles.set(roleArn(definition.name), role);
  }

  function compile(role: Role): void {
    const { name, trust, inlinePolicies, managedPolicyArns } = role.definition;
    // A trust policy stands on its role, so its statements name no resource.
    const onRole = trust.Statement.map((statement) => ({ ...statement, Resource: '*' }));
    role.trust = compilePolicy({ ...trust, Statement: onRole }, `${name}/trust`);
    const named = [...Object.entries(inlinePolicies), ...role.attached];
    for (const arn of [...managedPolicyArns, ...role.attachedManaged]) {
      const document = managedPolicies.get(arn);
      if (document !== undefined) named.push([arn, document]);
      else if (!waivedManagedPolicies.has(arn)) {
        throw new UnsupportedPolicyError(
          `The role ${name} has the managed policy ${arn}, which the local IAM does not hold. ` +
            'Grant what is needed in a policy of the stack.',
        );
      }
    }
    role.statements = named.flatMap(([policyName, document]) =>
      compilePolicy(document, `${name}/${policyName}`),
    );
    role.allowed = new Map();
  }

  function save(role: Role): void {
    const stored: StoredRole = {
      definition: role.definition,
      attached: Object.fromEntries(role.attached),
      attachedManaged: [...role.attachedManaged],
    };
    store.put('iam.roles', role.definition.name, stored);
  }

  function role(name: string): Role {
    const found = roles.get(roleArn(name));
    if (found === undefined) throw noSuchRole(name);
    return found;
  }

  function change(name: string, edit: (role: Role) => void): void {
    const found = role(name);
    edit(found);
    compile(found);
    save(found);
  }

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
    const found = roles.get(arn);
    if (found === undefined) throw refusal(permission, userArn(arn), 'because the role does not exist');
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
      throw refusal(permission, userArn(arn), 'with an explicit deny in an identity-based policy');
    }
    if (holding(ofResource, false).length > 0) {
      throw refusal(permission, userArn(arn), 'with an explicit deny in a resource-based policy');
    }
    // Within one account either kind of policy is enough to allow.
    const allowing = [...holding(identity, true), ...holding(ofResource, true)];
    if (allowing.length === 0) {
      throw refusal(permission, userArn(arn), `because no identity-based policy allows the ${action} action`);
    }
    found.usage.record(action, resource, allowing);
    // A condition on what only this call brings with it must be judged again at the next one.
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
      // The older name of the same, which the policy of a new SNS topic tests. Roles do not have it: on AWS too a
      // role without a policy of its own is refused by a topic that has its first policy.
      ['aws:sourceowner', sourceAccount],
      ['aws:principalisawsservice', 'true'],
    ]);
    const holding = statementsOf(policy, permission, {
      kind: 'service',
      service: caller.service,
    }).filter((statement) => statement.holds(context));
    const who = `${caller.service} (for ${caller.sourceArn})`;
    if (holding.some((statement) => !statement.allows)) {
      throw refusal(permission, who, 'with an explicit deny in a resource-based policy');
    }
    if (holding.length === 0) {
      throw refusal(
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
      // On AWS every call of the SDK goes over TLS; here it does not leave the process or the machine.
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
    return `User: arn:aws:sts::${account}:assumed-role/${name}/${sessions.get(arn) ?? name}`;
  }

  return {
    authorize,
    putRole(definition) {
      const previous = roles.get(roleArn(definition.name));
      place(definition, previous?.attached ?? new Map(), previous?.attachedManaged ?? new Set());
      save(role(definition.name));
    },
    deleteRole(name) {
      roles.delete(roleArn(name));
      store.delete('iam.roles', name);
    },
    attachPolicy: (roleName, policyName, document) =>
      change(roleName, (found) => void found.attached.set(policyName, document)),
    detachPolicy: (roleName, policyName) =>
      change(roleName, (found) => void found.attached.delete(policyName)),
    putManagedPolicy({ arn, document }) {
      compilePolicy(document, arn);
      managedPolicies.set(arn, document);
      store.put('iam.managed-policies', arn, document);
      for (const found of roles.values()) compile(found);
    },
    deleteManagedPolicy(arn) {
      for (const { definition, attachedManaged } of roles.values()) {
        if (definition.managedPolicyArns.includes(arn) || attachedManaged.has(arn)) {
          throw new AwsError(
            'DeleteConflict',
            `The policy ${arn} is attached to the role ${definition.name}.`,
            {
              status: 409,
            },
          );
        }
      }
      managedPolicies.delete(arn);
      store.delete('iam.managed-policies', arn);
    },
    attachManagedPolicy: (roleName, arn) => change(roleName, (found) => void found.attachedManaged.add(arn)),
    detachManagedPolicy: (roleName, arn) =>
      change(roleName, (found) => void found.attachedManaged.delete(arn)),
    assertTrusts(arn, service, sourceArn) {
      const found = roles.get(arn);
      if (found === undefined) throw noSuchRole(arn);
      const permission = { action: 'sts:AssumeRole', resource: arn };
      const context = requestContext(permission, [
        ['aws:sourcearn', sourceArn],
        ['aws:sourceaccount', account],
      ]);
      const holding = found.trust.filter(
        (statement) =>
          statement.appliesTo(permission.action, arn) &&
          statement.covers({ kind: 'service', service }) &&
          statement.holds(context),
      );
      if (holding.length === 0 || holding.some((statement) => !statement.allows)) {
        throw new AwsError(
          'InvalidParameterValueException',
          `The role ${arn} cannot be assumed by ${service} for ${sourceArn}: its trust policy does not allow it.`,
        );
      }
    },
    nameSession: (arn, sessionName) => void sessions.set(arn, sessionName),
    usage: () =>
      [...roles.values()].map((found) => found.usage.report(found.definition.name, found.statements)),
  };
}

function noSuchRole(nameOrArn: string): AwsError {
  return new AwsError('NoSuchEntity', `The role with name ${nameOrArn} cannot be found.`, { status: 404 });
}

/** AWS names the same refusal differently in its services. */
const refusalCodes: Readonly<Record<string, string>> = { sqs: 'AccessDenied', sns: 'AuthorizationError' };

function refusal({ action, resource }: Permission, who: string, reason: string): AwsError {
  const service = action.slice(0, action.indexOf(':'));
  return new AwsError(
    refusalCodes[service] ?? 'AccessDeniedException',
    `${who} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
    { status: 403 },
  );
}
