import type { Authorize } from '../aws.ts';
import { AwsError, type PolicyDocument, type Store } from '../engines/engine.ts';
import { UnsupportedPolicyError } from './conditions.ts';
import { type AllowedCalls, createJudge } from './judge.ts';
import { compilePolicy, type Statement } from './policy.ts';
import { type RoleUsage, type Use, usageRecorder } from './usage.ts';

interface RoleDefinition {
  readonly name: string;
  /** Who may assume the role. */
  readonly trust: PolicyDocument;
  readonly inlinePolicies: Readonly<Record<string, PolicyDocument>>;
  readonly managedPolicyArns: readonly string[];
}

interface ManagedPolicyDefinition {
  readonly arn: string;
  readonly document: PolicyDocument;
}

/** The roles and policies of the account, and the judge of every call. */
export interface Iam {
  /** Throws AWS's error when a permission is missing. An explicit deny wins over every allow. */
  readonly authorize: Authorize;
  putRole(role: RoleDefinition): void;
  deleteRole(name: string): void;
  /** Attaches another policy to a role (`AWS::IAM::Policy`). */
  attachPolicy(roleName: string, policyName: string, document: PolicyDocument): void;
  detachPolicy(roleName: string, policyName: string): void;
  putManagedPolicy(policy: ManagedPolicyDefinition): void;
  deleteManagedPolicy(arn: string): void;
  attachManagedPolicy(roleName: string, arn: string): void;
  detachManagedPolicy(roleName: string, arn: string): void;
  /** Throws when the role does not exist, or does not let the service assume it for the resource `sourceArn`. */
  assertTrusts(roleArn: string, service: string, sourceArn: string): void;
  /** The name of a role in errors; for a Lambda function, the name of the function. */
  nameSession(roleArn: string, sessionName: string): void;
  usage(): RoleUsage[];
}

/**
 * Policies that AWS manages and that mean nothing here, because what they allow has no engine: logs go to standard
 * output and traces nowhere.
 */
const waivedManagedPolicies = new Set([
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
  'arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess',
]);

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
  /** The resource policy of a resource, from the engine that the prefix of the action names. */
  resourcePolicy(service: string, resourceArn: string): PolicyDocument | undefined;
  /** Called when one of its grants allows a role an action for the first time. */
  onUse?(role: string, use: Use): void;
}): Iam {
  const { account, region, store } = options;
  const roles = new Map<string, Role>();
  const managedPolicies = new Map<string, PolicyDocument>();
  const sessions = new Map<string, string>();
  const judge = createJudge({
    account,
    region,
    roleOf: (arn) => roles.get(arn),
    sessionOf: (arn) => sessions.get(arn),
    resourcePolicy: options.resourcePolicy,
  });

  const recorderOf = (name: string) => usageRecorder((use) => options.onUse?.(name, use));
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
      usage: roles.get(roleArn(definition.name))?.usage ?? recorderOf(definition.name),
    };
    compile(role);
    roles.set(roleArn(definition.name), role);
  }

  function compile(role: Role): void {
    const { name, trust, inlinePolicies, managedPolicyArns } = role.definition;
    // A trust policy belongs to its role, so its statements name no resource.
    const onRole = trust.Statement.map((statement) => ({ ...statement, Resource: '*' }));
    role.trust = compilePolicy({ ...trust, Statement: onRole }, `${name}/trust`);
    const named = [...Object.entries(inlinePolicies), ...role.attached];
    for (const arn of [...managedPolicyArns, ...role.attachedManaged]) {
      const document = managedPolicies.get(arn);
      if (document !== undefined) named.push([arn, document]);
      else if (!waivedManagedPolicies.has(arn)) {
        throw new UnsupportedPolicyError(
          `The role ${name} has the managed policy ${arn}, which the local IAM does not have. ` +
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

  return {
    authorize: judge.authorize,
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
      if (!judge.trusts(found.trust, arn, service, sourceArn)) {
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
