import type { Host } from '../engine.ts';
import { queueUrlOf } from './arn.ts';
import { compileFilterPolicy, type FilterPolicy, type FilterPolicyScope } from './filter-policy/index.ts';

/** A topic as stored. */
export interface Topic {
  readonly arn: string;
  readonly name: string;
  readonly fifo: boolean;
  /** The attributes that were set; GetTopicAttributes computes the others. */
  attributes: Record<string, string>;
  tags: Record<string, string>;
  /** How many of its subscriptions were deleted. */
  subscriptionsDeleted: number;
}

/** A subscription as stored. */
export interface SubscriptionRow {
  readonly arn: string;
  readonly topicArn: string;
  /** The ARN of the queue. */
  readonly endpoint: string;
  /** The ARN of the subscriber. */
  readonly principal: string;
  rawMessageDelivery: boolean;
  filterPolicy?: string;
  filterPolicyScope: FilterPolicyScope;
  redrivePolicy?: string;
}

/** A subscription with what a delivery needs, computed once. */
export interface Subscription {
  readonly row: Readonly<SubscriptionRow>;
  readonly queueUrl: string;
  readonly filter: FilterPolicy | undefined;
  readonly deadLetterQueueUrl: string | undefined;
}

/** Topics and subscriptions: in memory, written through to the store. */
export interface State {
  topic(arn: string): Topic | undefined;
  topics(): Iterable<Topic>;
  putTopic(topic: Topic): void;
  /** Deletes a topic and its subscriptions. */
  deleteTopic(arn: string): void;
  subscription(arn: string): Subscription | undefined;
  subscriptions(): Iterable<Subscription>;
  subscriptionsOf(topicArn: string): Iterable<Subscription>;
  subscriptionCount(topicArn: string): number;
  /** Stores a subscription under its ARN, new or changed. */
  putSubscription(row: SubscriptionRow): void;
  deleteSubscription(subscription: Subscription): void;
}

const topicTable = 'sns.topics';
const subscriptionTable = 'sns.subscriptions';

export function createState(host: Host): State {
  const topics = new Map<string, Topic>();
  const subscriptions = new Map<string, Subscription>();
  const byTopic = new Map<string, Map<string, Subscription>>();

  function hold(row: SubscriptionRow): void {
    const subscription = prepare(host, row);
    subscriptions.set(row.arn, subscription);
    const siblings = byTopic.get(row.topicArn) ?? new Map<string, Subscription>();
    byTopic.set(row.topicArn, siblings.set(row.arn, subscription));
  }
  function drop({ row }: Subscription): void {
    subscriptions.delete(row.arn);
    byTopic.get(row.topicArn)?.delete(row.arn);
    host.store.delete(subscriptionTable, row.arn);
  }

  for (const [arn, topic] of host.store.load(topicTable)) topics.set(arn, topic as Topic);
  for (const [, row] of host.store.load(subscriptionTable)) hold(row as SubscriptionRow);

  return {
    topic: (arn) => topics.get(arn),
    topics: () => topics.values(),
    putTopic(topic) {
      topics.set(topic.arn, topic);
      host.store.put(topicTable, topic.arn, topic);
    },
    deleteTopic(arn) {
      for (const subscription of [...(byTopic.get(arn)?.values() ?? [])]) drop(subscription);
      byTopic.delete(arn);
      topics.delete(arn);
      host.store.delete(topicTable, arn);
    },
    subscription: (arn) => subscriptions.get(arn),
    subscriptions: () => subscriptions.values(),
    subscriptionsOf: (arn) => byTopic.get(arn)?.values() ?? [],
    subscriptionCount: (arn) => byTopic.get(arn)?.size ?? 0,
    putSubscription(row) {
      hold(row);
      host.store.put(subscriptionTable, row.arn, row);
    },
    deleteSubscription: drop,
  };
}

/** Attributes were validated before they were stored. */
function prepare(host: Host, row: SubscriptionRow): Subscription {
  const queueUrl = queueUrlOf(host, row.endpoint);
  if (queueUrl === undefined) throw new Error(`The subscription ${row.arn} has no queue: ${row.endpoint}.`);
  return {
    row,
    queueUrl,
    filter:
      row.filterPolicy === undefined
        ? undefined
        : compileFilterPolicy(row.filterPolicy, row.filterPolicyScope),
    deadLetterQueueUrl:
      row.redrivePolicy === undefined
        ? undefined
        : queueUrlOf(host, deadLetterTargetOf(row.redrivePolicy) ?? ''),
  };
}

/**
 * The `deadLetterTargetArn` of a redrive policy; undefined when there is none. Throws `SyntaxError` when the text is
 * not JSON.
 */
export function deadLetterTargetOf(redrivePolicy: string): string | undefined {
  const policy: unknown = JSON.parse(redrivePolicy);
  if (typeof policy !== 'object' || policy === null || !('deadLetterTargetArn' in policy)) return undefined;
  return typeof policy.deadLetterTargetArn === 'string' ? policy.deadLetterTargetArn : undefined;
}
