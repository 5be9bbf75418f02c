import type { Operation } from '../../engine.ts';
import { checkArn } from '../arn.ts';
import { invalidParameter } from '../errors.ts';
import { readInput } from '../input.ts';
import type { Sns } from '../sns.ts';

/**
 * Deletes a subscription. Deleting an unknown one does nothing. The errors are those that LocalStack's tests recorded.
 * https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html
 */
export function unsubscribe({ host, state }: Sns): Operation {
  return {
    // IAM knows no resource for actions on one subscription.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    permissions: () => [{ action: 'sns:Unsubscribe', resource: '*' }],
    handle(input) {
      const members = readInput('Unsubscribe', input);
      members.only('SubscriptionArn');
      const given = members.string('SubscriptionArn');
      if (given === undefined) {
        throw invalidParameter('SubscriptionArn Reason: no value for required parameter');
      }
      const arn = checkArn(host, given, 'SubscriptionArn');
      // The ARN of a topic, say: the id of a subscription comes behind it.
      if (arn.split(':').length === 6) throw invalidParameter('SubscriptionId');
      const subscription = state.subscription(arn);
      if (subscription === undefined) return undefined;
      state.deleteSubscription(subscription);
      const topic = state.topic(subscription.row.topicArn);
      if (topic !== undefined) {
        topic.subscriptionsDeleted += 1;
        state.putTopic(topic);
      }
      return undefined;
    },
  };
}
