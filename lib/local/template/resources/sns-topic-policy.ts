import { z } from 'zod';
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

/** The policy of a new topic, which lets its owner in: a topic cannot be without one. */
const defaultPolicy = (account: Account, topicArn: string) => ({
  Version: '2008-10-17',
  Id: '__default_policy_ID',
  Statement: [
    {
      Sid: '__default_statement_ID',
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: [
        'SNS:GetTopicAttributes',
        'SNS:SetTopicAttributes',
        'SNS:AddPermission',
        'SNS:RemovePermission',
        'SNS:DeleteTopic',
        'SNS:Subscribe',
        'SNS:ListSubscriptionsByTopic',
        'SNS:Publish',
      ],
      Resource: topicArn,
      Condition: { StringEquals: { 'AWS:SourceOwner': account.account } },
    },
  ],
});

async function reset(account: Account, topicArns: readonly string[]): Promise<void> {
  for (const topicArn of topicArns) {
    await unlessGone(
      () => setPolicy(account, topicArn, defaultPolicy(account, topicArn)),
      ['NotFound', 'NotFoundException'],
    );
  }
}

/** Sets the policy of the topics; a topic that leaves the list goes back to the policy of a new one. */
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
