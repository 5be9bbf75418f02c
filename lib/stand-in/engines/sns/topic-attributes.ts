import type { Host, PolicyDocument } from '../engine.ts';
import { isObject } from '../members.ts';
import { invalidParameter, notImplemented } from './errors.ts';
import { snsLimits } from './limits.ts';
import type { State, Topic } from './state.ts';

type Check = (value: string, prefix: string) => void;

const oneOf =
  (name: string, ...values: readonly string[]): Check =>
  (value, prefix) => {
    if (!values.includes(value)) throw invalidParameter(`${prefix}${name}`);
  };

/** The attributes of a topic that can be set, each with its validation. */
const checks = new Map<string, Check>([
  ['FifoTopic', oneOf('FifoTopic', 'true', 'false')],
  ['ContentBasedDeduplication', oneOf('ContentBasedDeduplication', 'true', 'false')],
  ['FifoThroughputScope', oneOf('FifoThroughputScope', 'Topic', 'MessageGroup')],
  ['SignatureVersion', oneOf('SignatureVersion', '1', '2')],
  ['Policy', (value) => void parsePolicy(value)],
  [
    'DisplayName',
    (value, prefix) => {
      if (value.length > snsLimits.displayNameLength) throw invalidParameter(`${prefix}DisplayName`);
    },
  ],
  [
    'TracingConfig',
    (value) => {
      if (value !== 'PassThrough') throw notImplemented(`TracingConfig ${value}`);
    },
  ],
]);

/** What AWS knows besides: encryption, delivery over HTTP, archives, and delivery logs. */
const unsupported =
  /^(KmsMasterKeyId|DeliveryPolicy|ArchivePolicy|DataProtectionPolicy|BeginningArchiveTime)$|Feedback/;
const onlyFifo = new Set(['ContentBasedDeduplication', 'FifoThroughputScope']);

/**
 * Validates one attribute to be set. Throws `InvalidParameter` for an unknown attribute or an invalid value, and
 * `NotImplemented` for one that this engine does not model.
 */
export function checkTopicAttribute(
  name: string,
  value: string,
  fifo: boolean,
  call: 'CreateTopic' | 'SetTopicAttributes',
): void {
  const prefix = call === 'CreateTopic' ? 'Attributes Reason: ' : '';
  if (unsupported.test(name)) throw notImplemented(`the topic attribute ${name}`);
  const check = checks.get(name);
  const settable = call === 'CreateTopic' || name !== 'FifoTopic';
  if (check === undefined || !settable || (onlyFifo.has(name) && !fifo)) {
    throw invalidParameter(
      call === 'CreateTopic' ? `Attributes Reason: Unknown attribute ${name}` : 'AttributeName',
    );
  }
  check(value, prefix);
}

/**
 * The actions that a topic policy may name. A wildcard such as `sns:*` is rejected like any other name.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
 */
const policyActions = new Set(
  [
    'AddPermission',
    'DeleteTopic',
    'GetDataProtectionPolicy',
    'GetTopicAttributes',
    'ListSubscriptionsByTopic',
    'ListTagsForResource',
    'Publish',
    'PutDataProtectionPolicy',
    'Receive',
    'RemovePermission',
    'SetTopicAttributes',
    'Subscribe',
  ].map((action) => `sns:${action}`.toLowerCase()),
);

/** Reads a policy document. Throws `InvalidParameter`. */
function parsePolicy(text: string): PolicyDocument {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw invalidParameter('Policy Error: null');
  }
  const statements = isObject(policy) ? [policy.Statement].flat() : [];
  if (statements.length === 0) throw invalidParameter('Policy Error: null');
  for (const statement of statements) {
    if (!isObject(statement) || (statement.Effect !== 'Allow' && statement.Effect !== 'Deny')) {
      throw invalidParameter('Policy Error: null');
    }
    for (const action of [statement.Action ?? []].flat()) {
      if (!policyActions.has(String(action).toLowerCase())) {
        throw invalidParameter('Policy statement action out of service scope!');
      }
    }
  }
  return { ...(policy as PolicyDocument), Statement: statements as PolicyDocument['Statement'] };
}

/** The policies of topics as documents: the one that was set, or SNS's default. */
export interface Policies {
  of(topic: Topic): PolicyDocument;
}

/** Every publish needs the policy, so it is parsed again only after a change. */
export function createPolicies(host: Host): Policies {
  const read = new Map<string, { readonly text: string | undefined; readonly document: PolicyDocument }>();
  return {
    of(topic) {
      const text = topic.attributes.Policy;
      const known = read.get(topic.arn);
      if (known !== undefined && known.text === text) return known.document;
      const document = parsePolicy(text ?? JSON.stringify(defaultPolicy(host.account, topic.arn)));
      read.set(topic.arn, { text, document });
      return document;
    },
  };
}

/** The policy of a new topic, which allows its owner: a topic always has one. */
export const defaultPolicy = (account: string, topicArn: string) => ({
  Version: '2008-10-17',
  Id: '__default_policy_ID',
  Statement: [
    {
      Sid: '__default_statement_ID',
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: [
        'SNS:GetTopicAttributes',
        'SNS:SetTopicAttributes',
        'SNS:AddPermission',
        'SNS:RemovePermission',
        'SNS:DeleteTopic',
        'SNS:Subscribe',
        'SNS:ListSubscriptionsByTopic',
        'SNS:Publish',
      ],
      Resource: topicArn,
      Condition: { StringEquals: { 'AWS:SourceOwner': account } },
    },
  ],
});

/** The default retries for delivery over HTTP; they appear in the attributes of every topic. */
const effectiveDeliveryPolicy = JSON.stringify({
  http: {
    defaultHealthyRetryPolicy: {
      minDelayTarget: 20,
      maxDelayTarget: 20,
      numRetries: 3,
      numMaxDelayRetries: 0,
      numNoDelayRetries: 0,
      numMinDelayRetries: 0,
      backoffFunction: 'linear',
    },
    disableSubscriptionOverrides: false,
    defaultRequestPolicy: { headerContentType: 'text/plain; charset=UTF-8' },
  },
});

/** All attributes of a topic, as GetTopicAttributes returns them. */
export function describeTopic(host: Host, state: State, topic: Topic): Map<string, string> {
  return new Map([
    ...Object.entries({
      TopicArn: topic.arn,
      Owner: host.account,
      DisplayName: '',
      Policy: JSON.stringify(defaultPolicy(host.account, topic.arn)),
      SubscriptionsConfirmed: String(state.subscriptionCount(topic.arn)),
      SubscriptionsPending: '0',
      SubscriptionsDeleted: String(topic.subscriptionsDeleted),
      EffectiveDeliveryPolicy: effectiveDeliveryPolicy,
    }),
    ...(topic.fifo ? [['FifoTopic', 'true'] as const, ['ContentBasedDeduplication', 'false'] as const] : []),
    ...Object.entries(topic.attributes),
  ]);
}
