import { z } from 'zod';
import { policyDocument, resourceType, unlessGone } from '../resource.ts';

const properties = z.strictObject({
  PolicyName: z.string(),
  PolicyDocument: policyDocument,
  /** Names of roles; users and groups do not exist here. */
  Roles: z.array(z.string()).min(1),
});

/** An inline policy, attached to each of its roles. */
export const iamPolicy = resourceType<z.infer<typeof properties>>({
  type: 'AWS::IAM::Policy',
  properties,
  replacedBy: [],
  async create(wanted, { account, name }) {
    for (const role of wanted.Roles) account.iam.attachPolicy(role, wanted.PolicyName, wanted.PolicyDocument);
    return { physicalId: name({ maxLength: 128 }) };
  },
  async update(placed, wanted, before, { account }) {
    for (const role of before.Roles) {
      if (!wanted.Roles.includes(role) || wanted.PolicyName !== before.PolicyName) {
        await unlessGone(() => account.iam.detachPolicy(role, before.PolicyName), ['NoSuchEntity']);
      }
    }
    for (const role of wanted.Roles) account.iam.attachPolicy(role, wanted.PolicyName, wanted.PolicyDocument);
    return placed;
  },
  async delete(_placed, properties, { account }) {
    for (const role of properties.Roles) {
      await unlessGone(() => account.iam.detachPolicy(role, properties.PolicyName), ['NoSuchEntity']);
    }
  },
  values: async (placed) => ({ ref: placed.physicalId, attributes: { Id: placed.physicalId } }),
});
