import { z } from 'zod';
import { policyDocument, resourceType, unlessGone, waived } from '../resource.ts';

const properties = z.strictObject({
  ManagedPolicyName: z.string().optional(),
  PolicyDocument: policyDocument,
  /** Names of roles; users and groups do not exist here. */
  Roles: z.array(z.string()).optional(),
  Path: z.literal('/').optional(),
  Description: waived('A description has no effect.'),
});

/** A policy that roles refer to by its ARN, which is the physical id. */
export const iamManagedPolicy = resourceType<z.infer<typeof properties>>({
  type: 'AWS::IAM::ManagedPolicy',
  properties,
  replacedBy: ['ManagedPolicyName'],
  nameProperty: 'ManagedPolicyName',
  async create(wanted, { account, name }) {
    const arn = `arn:aws:iam::${account.account}:policy/${wanted.ManagedPolicyName ?? name({ maxLength: 128 })}`;
    account.iam.putManagedPolicy({ arn, document: wanted.PolicyDocument });
    for (const role of wanted.Roles ?? []) account.iam.attachManagedPolicy(role, arn);
    return { physicalId: arn };
  },
  async update(placed, wanted, before, { account }) {
    const arn = placed.physicalId;
    account.iam.putManagedPolicy({ arn, document: wanted.PolicyDocument });
    for (const role of before.Roles ?? []) {
      if (wanted.Roles?.includes(role) === true) continue;
      await unlessGone(() => account.iam.detachManagedPolicy(role, arn), ['NoSuchEntity']);
    }
    for (const role of wanted.Roles ?? []) account.iam.attachManagedPolicy(role, arn);
    return placed;
  },
  async delete(placed, properties, { account }) {
    for (const role of properties.Roles ?? []) {
      await unlessGone(() => account.iam.detachManagedPolicy(role, placed.physicalId), ['NoSuchEntity']);
    }
    account.iam.deleteManagedPolicy(placed.physicalId);
  },
  values: async (placed) => ({
    ref: placed.physicalId,
    attributes: { PolicyArn: placed.physicalId },
  }),
});
