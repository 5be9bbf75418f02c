import type { Engine, Host } from '../engine.ts';
import { createTopic } from './actions/create-topic.ts';
import { deleteTopic } from './actions/delete-topic.ts';
import { getSubscriptionAttributes } from './actions/get-subscription-attributes.ts';
import { getTopicAttributes } from './actions/get-topic-attributes.ts';
import { listSubscriptions } from './actions/list-subscriptions.ts';
import { listSubscriptionsByTopic } from './actions/list-subscriptions-by-topic.ts';
import { listTagsForResource } from './actions/list-tags-for-resource.ts';
import { listTopics } from './actions/list-topics.ts';
import { publish } from './actions/publish.ts';
import { publishBatch } from './actions/publish-batch.ts';
import { setSubscriptionAttributes } from './actions/set-subscription-attributes.ts';
import { setTopicAttributes } from './actions/set-topic-attributes.ts';
import { subscribe } from './actions/subscribe.ts';
import { tagResource } from './actions/tag-resource.ts';
import { unsubscribe } from './actions/unsubscribe.ts';
import { untagResource } from './actions/untag-resource.ts';
import { openSns } from './sns.ts';
import { createPolicies } from './topic-attributes.ts';

/**
 * SNS: topics with subscriptions of SQS queues. docs/stand-in/sns.md says what is modelled, what differs from AWS and
 * what is rejected.
 */
export function createSns(host: Host): Engine {
  const sns = openSns(host);
  const policies = createPolicies(host);
  return {
    service: 'sns',
    operations: {
      CreateTopic: createTopic(sns),
      DeleteTopic: deleteTopic(sns),
      GetTopicAttributes: getTopicAttributes(sns),
      SetTopicAttributes: setTopicAttributes(sns),
      ListTopics: listTopics(sns),
      Subscribe: subscribe(sns),
      Unsubscribe: unsubscribe(sns),
      GetSubscriptionAttributes: getSubscriptionAttributes(sns),
      SetSubscriptionAttributes: setSubscriptionAttributes(sns),
      ListSubscriptions: listSubscriptions(sns),
      ListSubscriptionsByTopic: listSubscriptionsByTopic(sns),
      Publish: publish(sns),
      PublishBatch: publishBatch(sns),
      TagResource: tagResource(sns),
      UntagResource: untagResource(sns),
      ListTagsForResource: listTagsForResource(sns),
    },
    resourcePolicy(arn) {
      const topic = sns.state.topic(arn);
      return topic === undefined ? undefined : policies.of(topic);
    },
    resume: () => sns.deliverer.resume(),
    close: () => sns.deliverer.close(),
  };
}
