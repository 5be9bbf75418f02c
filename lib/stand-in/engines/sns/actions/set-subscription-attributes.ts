import type { Operation } from '../../engine.ts';
import { readInput } from '../input.ts';
import { existingSubscription, type Sns } from '../sns.ts';
import { checkFilterPolicy, setSubscriptionAttribute } from '../subscription-attributes.ts';
import { checkFilterPolicyCount } from './subscribe.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html */
export function setSubscriptionAttributes(sns: Sns): Operation {
  return {
    permissions: () => [{ action: 'sns:SetSubscriptionAttributes', resource: '*' }],
    handle(input) {
      const members = readInput('SetSubscriptionAttributes', input);
      members.only('SubscriptionArn', 'AttributeName', 'AttributeValue');
      const subscription = existingSubscription(sns, members.string('SubscriptionArn'));
      const row = { ...subscription.row };
      const value = members.string('AttributeValue') ?? '';
      setSubscriptionAttribute(sns.host, row, members.string('AttributeName') ?? '', value, '');
      if (row.filterPolicy !== undefined) {
        checkFilterPolicy(row.filterPolicy, row.filterPolicyScope, '');
        if (subscription.filter === undefined) checkFilterPolicyCount(sns, row.topicArn);
      }
      sns.state.putSubscription(row);
      return undefined;
    },
  };
}
