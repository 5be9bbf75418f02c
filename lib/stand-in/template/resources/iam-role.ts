import { z } from 'zod';
import { policyDocument, resourceType, waived } from '../resource.ts';

const properties = z.strictObject({
  RoleName: z.string().optional(),
  AssumeRolePolicyDocument: policyDocument,
  Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: policyDocument })).optional(),
  ManagedPolicyArns: z.array(z.string()).optional(),
  Path: z.literal('/').optional(),
  Description: waived('A description has no effect.'),
  MaxSessionDuration: waived('Sessions do not expire here: a function keeps its role while it exists.'),
  Tags: waived('No supported policy reads the tags of a role.'),
});

export const iamRole = resourceType<z.infer<typeof properties>>({
  type: 'AWS::IAM::Role',
  properties,
  replacedBy: ['RoleName'],
  nameProperty: 'RoleName',
  async create(wanted, { account, name }) {
    const roleName = wanted.RoleName ?? name({ maxLength: 64 });
    account.iam.putRole(definition(roleName, wanted));
    return { physicalId: roleName };
  },
  async update(placed, wanted, _before, { account }) {
    account.iam.putRole(definition(placed.physicalId, wanted));
    return placed;
  },
  async delete(placed, _properties, { account }) {
    account.iam.deleteRole(placed.physicalId);
  },
  values: async (placed, _properties, { account }) => ({
    ref: placed.physicalId,
    attributes: {
      Arn: `arn:aws:iam::${account.account}:role/${placed.physicalId}`,
      RoleId: placed.physicalId,
    },
  }),
});

function definition(name: string, wanted: z.infer<typeof properties>) {
  return {
    name,
    trust: wanted.AssumeRolePolicyDocument,
    inlinePolicies: Object.fromEntries(
      (wanted.Policies ?? []).map(({ PolicyName, PolicyDocument }) => [PolicyName, PolicyDocument]),
    ),
    managedPolicyArns: wanted.ManagedPolicyArns ?? [],
  };
}
