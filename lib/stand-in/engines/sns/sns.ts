import type { Host } from '../engine.ts';
import { checkArn } from './arn.ts';
import { createDeduplication, type Deduplication } from './deduplication.ts';
import { createDeliverer, type Deliverer } from './delivery.ts';
import { subscriptionNotFound, topicNotFound } from './errors.ts';
import { createState, type State, type Subscription, type Topic } from './state.ts';

/** What every action of SNS works on. */
export interface Sns {
  readonly host: Host;
  readonly state: State;
  readonly deduplication: Deduplication;
  readonly deliverer: Deliverer;
}

export function openSns(host: Host): Sns {
  const state = createState(host);
  return {
    host,
    state,
    deduplication: createDeduplication(host),
    deliverer: createDeliverer(host, state),
  };
}

/** Throws `InvalidParameter` for text that is not an ARN, and `NotFound` for an unknown topic. */
export function existingTopic({ host, state }: Sns, arn: string | undefined): Topic {
  const topic = state.topic(checkArn(host, arn ?? '', 'TopicArn'));
  if (topic === undefined) throw topicNotFound();
  return topic;
}

/** Throws `InvalidParameter` for text that is not an ARN, and `NotFound` for an unknown subscription. */
export function existingSubscription({ host, state }: Sns, arn: string | undefined): Subscription {
  const subscription = state.subscription(checkArn(host, arn ?? '', 'SubscriptionArn'));
  if (subscription === undefined) throw subscriptionNotFound();
  return subscription;
}
