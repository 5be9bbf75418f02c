import type { Operation } from '../../engine.ts';
import { readInput } from '../input.ts';
import { existingSubscription, type Sns } from '../sns.ts';
import { describeSubscription } from '../subscription-attributes.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html */
export function getSubscriptionAttributes(sns: Sns): Operation {
  return {
    permissions: () => [{ action: 'sns:GetSubscriptionAttributes', resource: '*' }],
    handle(input) {
      const members = readInput('GetSubscriptionAttributes', input);
      members.only('SubscriptionArn');
      const { row } = existingSubscription(sns, members.string('SubscriptionArn'));
      return { Attributes: describeSubscription(sns.host, row) };
    },
  };
}
