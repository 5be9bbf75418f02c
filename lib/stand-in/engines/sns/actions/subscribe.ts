import { AwsError, type Caller, type Operation } from '../../engine.ts';
import { isFifo, queueUrlOf } from '../arn.ts';
import { invalidParameter, notImplemented } from '../errors.ts';
import { readInput, textOf } from '../input.ts';
import { snsLimits } from '../limits.ts';
import { existingTopic, type Sns } from '../sns.ts';
import type { Subscription, SubscriptionRow, Topic } from '../state.ts';
import {
  checkFilterPolicy,
  describeSubscription,
  setSubscriptionAttribute,
} from '../subscription-attributes.ts';

const prefix = 'Attributes Reason: ';
const otherProtocols = ['http', 'https', 'email', 'email-json', 'sms', 'application', 'lambda', 'firehose'];

/**
 * Subscribes a queue, or returns its subscription if the request asks for no different attributes. A queue of the
 * same account needs no confirmation.
 * https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
 */
export function subscribe(sns: Sns): Operation {
  const { host, state } = sns;
  return {
    permissions: (input) => [
      {
        action: 'sns:Subscribe',
        resource: textOf(input, 'TopicArn'),
        context: { 'sns:Protocol': textOf(input, 'Protocol'), 'sns:Endpoint': textOf(input, 'Endpoint') },
      },
    ],
    handle(input, caller) {
      const members = readInput('Subscribe', input, { Attributes: 'map' });
      members.only('TopicArn', 'Protocol', 'Endpoint', 'Attributes', 'ReturnSubscriptionArn');
      const topic = existingTopic(sns, members.string('TopicArn'));
      checkProtocol(members.string('Protocol') ?? '');
      const endpoint = members.string('Endpoint') ?? '';
      if (queueUrlOf(host, endpoint) === undefined) throw invalidParameter('SQS endpoint ARN');
      if (isFifo(endpoint) && !topic.fifo) {
        throw invalidParameter(
          'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
        );
      }
      const row: SubscriptionRow = {
        arn: `${topic.arn}:${host.random.uuid()}`,
        topicArn: topic.arn,
        endpoint,
        principal: principalOf(caller, host.account),
        rawMessageDelivery: false,
        filterPolicyScope: 'MessageAttributes',
      };
      const attributes = members.stringMap('Attributes') ?? {};
      for (const [name, value] of Object.entries(attributes)) {
        setSubscriptionAttribute(host, row, name, value, prefix);
      }
      if (row.filterPolicy !== undefined) checkFilterPolicy(row.filterPolicy, row.filterPolicyScope, prefix);

      const existing = existingFor(sns, topic, endpoint);
      if (existing !== undefined) {
        const has = describeSubscription(host, existing.row);
        const wants = describeSubscription(host, row);
        if (Object.keys(attributes).some((name) => has.get(name) !== wants.get(name))) {
          throw invalidParameter(`${prefix}Subscription already exists with different attributes`);
        }
        return { SubscriptionArn: existing.row.arn };
      }
      if (row.filterPolicy !== undefined) checkFilterPolicyCount(sns, topic.arn);
      state.putSubscription(row);
      return { SubscriptionArn: row.arn };
    },
  };
}

function checkProtocol(protocol: string): void {
  if (otherProtocols.includes(protocol)) throw notImplemented(`subscriptions of the protocol ${protocol}`);
  if (protocol !== 'sqs') {
    throw invalidParameter(`Amazon SNS does not support this protocol string: ${protocol}`);
  }
}

function existingFor({ state }: Sns, topic: Topic, endpoint: string): Subscription | undefined {
  for (const subscription of state.subscriptionsOf(topic.arn)) {
    if (subscription.row.endpoint === endpoint) return subscription;
  }
  return undefined;
}

function principalOf(caller: Caller, account: string): string {
  switch (caller.kind) {
    case 'role':
      return caller.roleArn;
    case 'service':
      return caller.sourceArn;
    case 'root':
      return `arn:aws:iam::${account}:root`;
  }
}

/** Rejects a filter policy beyond the quota of the topic or the account. */
export function checkFilterPolicyCount({ state }: Sns, topicArn: string): void {
  const filtered = (subscriptions: Iterable<Subscription>) =>
    [...subscriptions].filter(({ filter }) => filter !== undefined).length;
  if (
    filtered(state.subscriptionsOf(topicArn)) >= snsLimits.filterPoliciesOfTopic ||
    filtered(state.subscriptions()) >= snsLimits.filterPoliciesOfAccount
  ) {
    throw new AwsError(
      'FilterLimitExceeded',
      'The number of filter polices in your AWS account exceeds the limit.',
      { status: 403 },
    );
  }
}
