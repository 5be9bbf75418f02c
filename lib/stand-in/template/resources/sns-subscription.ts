import { z } from 'zod';
import { flag, resourceType, textMember, unlessGone } from '../resource.ts';

const properties = z.strictObject({
  TopicArn: z.string(),
  Protocol: z.string(),
  Endpoint: z.string(),
  RawMessageDelivery: flag.optional(),
  FilterPolicy: z.record(z.string(), z.unknown()).optional(),
  FilterPolicyScope: z.string().optional(),
  RedrivePolicy: z.strictObject({ deadLetterTargetArn: z.string() }).optional(),
});
type Properties = z.infer<typeof properties>;

function attributes(wanted: Properties): Record<string, string> {
  const found: Record<string, string> = {};
  // The scope comes before the policy, because it determines how the policy is read.
  if (wanted.FilterPolicyScope !== undefined) found.FilterPolicyScope = wanted.FilterPolicyScope;
  if (wanted.FilterPolicy !== undefined) found.FilterPolicy = JSON.stringify(wanted.FilterPolicy);
  if (wanted.RawMessageDelivery !== undefined) found.RawMessageDelivery = String(wanted.RawMessageDelivery);
  if (wanted.RedrivePolicy !== undefined) found.RedrivePolicy = JSON.stringify(wanted.RedrivePolicy);
  return found;
}

/** The default that an attribute returns to when its property leaves the template. */
const defaults: Readonly<Record<string, string>> = {
  FilterPolicy: '{}',
  FilterPolicyScope: 'MessageAttributes',
  RawMessageDelivery: 'false',
  RedrivePolicy: '',
};

export const snsSubscription = resourceType<Properties>({
  type: 'AWS::SNS::Subscription',
  properties,
  replacedBy: ['TopicArn', 'Protocol', 'Endpoint'],
  async create(wanted, { account }) {
    const created = await account.call('sns', 'Subscribe', {
      TopicArn: wanted.TopicArn,
      Protocol: wanted.Protocol,
      Endpoint: wanted.Endpoint,
      ReturnSubscriptionArn: 'true',
      Attributes: attributes(wanted),
    });
    return { physicalId: textMember(created, 'SubscriptionArn') };
  },
  async update(placed, wanted, before, { account }) {
    const now = attributes(wanted);
    const then = attributes(before);
    for (const name of Object.keys(then)) now[name] ??= defaults[name] ?? '';
    for (const [AttributeName, AttributeValue] of Object.entries(now)) {
      if (then[AttributeName] === AttributeValue) continue;
      await account.call('sns', 'SetSubscriptionAttributes', {
        SubscriptionArn: placed.physicalId,
        AttributeName,
        AttributeValue,
      });
    }
    return placed;
  },
  async delete(placed, _properties, { account }) {
    await unlessGone(
      () => account.call('sns', 'Unsubscribe', { SubscriptionArn: placed.physicalId }),
      ['NotFound', 'NotFoundException'],
    );
  },
  values: async (placed) => ({ ref: placed.physicalId, attributes: { Arn: placed.physicalId } }),
});
