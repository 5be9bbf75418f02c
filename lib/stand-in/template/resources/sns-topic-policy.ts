import { z } from 'zod';
import { defaultPolicy } from '../../engines/sns/topic-attributes.ts';
import { type Account, policyDocument, resourceType, unlessGone } from '../resource.ts';

const properties = z.strictObject({
  PolicyDocument: policyDocument,
  /** ARNs of the topics. */
  Topics: z.array(z.string()),
});

const setPolicy = (account: Account, TopicArn: string, policy: unknown) =>
  account.call('sns', 'SetTopicAttributes', {
    TopicArn,
    AttributeName: 'Policy',
    AttributeValue: JSON.stringify(policy),
  });

async function reset(account: Account, topicArns: readonly string[]): Promise<void> {
  for (const topicArn of topicArns) {
    await unlessGone(
      () => setPolicy(account, topicArn, defaultPolicy(account.account, topicArn)),
      ['NotFound', 'NotFoundException'],
    );
  }
}

/** Sets the policy of the topics. A topic that leaves the list returns to the policy of a new one. */
export const snsTopicPolicy = resourceType<z.infer<typeof properties>>({
  type: 'AWS::SNS::TopicPolicy',
  properties,
  replacedBy: [],
  async create(wanted, { account, name }) {
    for (const topicArn of wanted.Topics) await setPolicy(account, topicArn, wanted.PolicyDocument);
    return { physicalId: name({ maxLength: 128 }) };
  },
  async update(placed, wanted, before, { account }) {
    await reset(
      account,
      before.Topics.filter((topicArn) => !wanted.Topics.includes(topicArn)),
    );
    for (const topicArn of wanted.Topics) await setPolicy(account, topicArn, wanted.PolicyDocument);
    return placed;
  },
  delete: (_placed, properties, { account }) => reset(account, properties.Topics),
  values: async (placed) => ({ ref: placed.physicalId, attributes: { Id: placed.physicalId } }),
});
