import type { Operation } from '../../engine.ts';
import { readInput } from '../input.ts';
import { page } from '../paging.ts';
import type { Sns } from '../sns.ts';
import type { Subscription } from '../state.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html */
export function listSubscriptions({ host, state }: Sns): Operation {
  return {
    permissions: () => [{ action: 'sns:ListSubscriptions', resource: '*' }],
    handle(input) {
      const members = readInput('ListSubscriptions', input);
      members.only('NextToken');
      return subscriptionPage(state.subscriptions(), members.string('NextToken'), host.account);
    },
  };
}

/** A page of subscriptions in the form that both lists share. */
export function subscriptionPage(
  subscriptions: Iterable<Subscription>,
  token: string | undefined,
  account: string,
) {
  const { items, NextToken } = page(subscriptions, ({ row }) => row.arn, token);
  return {
    Subscriptions: items.map(({ row }) => ({
      SubscriptionArn: row.arn,
      Owner: account,
      Protocol: 'sqs',
      Endpoint: row.endpoint,
      TopicArn: row.topicArn,
    })),
    NextToken,
  };
}
