import type { Operation } from '../../engine.ts';
import { readInput, textOf } from '../input.ts';
import { existingTopic, type Sns } from '../sns.ts';
import { subscriptionPage } from './list-subscriptions.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html */
export function listSubscriptionsByTopic(sns: Sns): Operation {
  return {
    permissions: (input) => [{ action: 'sns:ListSubscriptionsByTopic', resource: textOf(input, 'TopicArn') }],
    handle(input) {
      const members = readInput('ListSubscriptionsByTopic', input);
      members.only('TopicArn', 'NextToken');
      const topic = existingTopic(sns, members.string('TopicArn'));
      return subscriptionPage(
        sns.state.subscriptionsOf(topic.arn),
        members.string('NextToken'),
        sns.host.account,
      );
    },
  };
}
