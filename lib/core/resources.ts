import type { Filter } from './filter.ts';
import { filterScope } from './filter.ts';
import { mappingConcurrency, type Planned } from './lane-plan.ts';
import { aws, bus } from './limits.ts';
import { mayDeliver } from './validation.ts';

/**
 * What AWS holds for a topic, a receiver and a subscription, as plain data: names and attributes in AWS's own
 * words. The CDK renders it for what busbar.config.ts declares and the admin calls for what the API creates, so
 * that both are the same.
 */

/** Where a bus lives. `prefix` starts every name, so that roles can be granted by it. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly prefix: string;
}

/** `ordered` is a FIFO queue, made when the receiver is first subscribed to an ordered topic. */
export type Lane = 'online' | 'offline' | 'ordered';
/** `ordered-dead-letters` takes only what SQS and SNS themselves give up: for a FIFO queue that must be FIFO, too. */
export type QueueRole = Lane | 'dead-letters' | 'ordered-dead-letters';

/** Names of FIFO queues end so (SQS API reference, CreateQueue), and no name of a team has a dot. */
export const queueEndings: Readonly<Record<QueueRole, string>> = {
  online: '-online',
  offline: '-offline',
  ordered: '-ordered.fifo',
  'dead-letters': '-dead-letters',
  'ordered-dead-letters': '-dead.fifo',
};

export const topicName = (prefix: string, topic: string, isOrdered = false) =>
  `${prefix}-${topic}${isOrdered ? '.fifo' : ''}`;
export const queueName = (prefix: string, receiver: string, role: QueueRole) =>
  `${prefix}-${receiver}${queueEndings[role]}`;

/** The queue of the redrives that are under way; no receiver's queue ends so. */
export const redriveQueueName = (prefix: string) => `${prefix}-redrive`;
/** The queue of the timers of open transactions. */
export const transactionQueueName = (prefix: string) => `${prefix}-transactions`;

export const topicArn = (place: Place, topic: string, isOrdered = false) =>
  `arn:${place.partition}:sns:${place.region}:${place.account}:${topicName(place.prefix, topic, isOrdered)}`;
export const queueArn = (place: Place, receiver: string, role: QueueRole) =>
  `arn:${place.partition}:sqs:${place.region}:${place.account}:${queueName(place.prefix, receiver, role)}`;

/** Which receiver and lane a queue belongs to, read from its ARN; undefined for any other queue. */
export function queueOwner(
  prefix: string,
  arn: string,
): { readonly receiver: string; readonly role: QueueRole } | undefined {
  const name = arn.slice(arn.lastIndexOf(':') + 1);
  if (!name.startsWith(`${prefix}-`)) return undefined;
  for (const role of Object.keys(queueEndings) as QueueRole[]) {
    if (name.endsWith(queueEndings[role])) {
      return { receiver: name.slice(prefix.length + 1, -queueEndings[role].length), role };
    }
  }
  return undefined;
}

type Policy = { readonly Version: string; readonly Statement: readonly Record<string, unknown>[] };

/** Refuses every call that is not encrypted in transit (AWS Foundational Security Best Practices, SQS and SNS). */
function refusePlainHttp(service: 'sqs' | 'sns', arn: string): Record<string, unknown> {
  return {
    Sid: 'RefusePlainHttp',
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: service === 'sqs' ? 'sqs:*' : ['sns:Publish', 'sns:Subscribe'],
    Resource: arn,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}

export interface TopicResources {
  readonly name: string;
  readonly arn: string;
  readonly attributes: {
    readonly DisplayName: string;
    readonly FifoTopic?: true;
    readonly FifoThroughputScope?: 'MessageGroup';
  };
  readonly policy: Policy;
}

/** @param isOrdered whether its events have an order: a FIFO topic, which counts duplicates and throughput by group. */
export function topicResources(place: Place, topic: string, isOrdered: boolean): TopicResources {
  const arn = topicArn(place, topic, isOrdered);
  return {
    name: topicName(place.prefix, topic, isOrdered),
    arn,
    attributes: {
      DisplayName: topic,
      ...(isOrdered && { FifoTopic: true, FifoThroughputScope: 'MessageGroup' }),
    },
    policy: { Version: '2012-10-17', Statement: [refusePlainHttp('sns', arn)] },
  };
}

export interface QueueResource {
  readonly role: QueueRole;
  readonly name: string;
  readonly arn: string;
  readonly attributes: {
    readonly VisibilityTimeout: number;
    readonly MessageRetentionPeriod: number;
    readonly SqsManagedSseEnabled: boolean;
    readonly FifoQueue?: true;
    readonly DeduplicationScope?: 'messageGroup';
    readonly FifoThroughputLimit?: 'perMessageGroupId';
    readonly RedrivePolicy?: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number };
    readonly RedriveAllowPolicy?: {
      readonly redrivePermission: string;
      readonly sourceQueueArns: readonly string[];
    };
  };
  readonly policy: Policy;
}

/** Who consumes a receiver's lanes: the function of this name. */
export type Sender = 'deliver' | 'deliver-rocketmq';

export const senderOf = ({ rocketmq }: { readonly rocketmq?: unknown }): Sender =>
  rocketmq === undefined ? 'deliver' : 'deliver-rocketmq';

export const functionArn = ({ partition, region, account, prefix }: Place, name: Sender | Watcher) =>
  `arn:${partition}:lambda:${region}:${account}:function:${prefix}-${name}`;

export interface MappingResource {
  readonly lane: Lane;
  readonly sender: Sender;
  readonly eventSourceArn: string;
  readonly batchSize: number;
  readonly functionResponseTypes: readonly ['ReportBatchItemFailures'];
  readonly maximumConcurrency: number;
  readonly enabled: boolean;
}

/** The schedule that has a recurring schedule looked at every hour; timers have other names. */
export const guardName = (schedule: string) => `every-${schedule}`;

export interface ReceiverResources {
  /** The dead letters first: the others name it. */
  readonly queues: readonly QueueResource[];
  readonly mappings: readonly MappingResource[];
}

/** The parts of a receiver that its resources go by. */
export type ReceiverSettings = Planned & {
  readonly state?: string;
  readonly rocketmq?: unknown;
} & Parameters<typeof mayDeliver>[0];

function receiverQueue(
  place: Place,
  receiver: string,
  role: QueueRole,
  more: Partial<QueueResource['attributes']>,
): QueueResource {
  const arn = queueArn(place, receiver, role);
  return {
    role,
    name: queueName(place.prefix, receiver, role),
    arn,
    attributes: {
      VisibilityTimeout: bus.deliverTimeoutSeconds * aws.lambda.visibilityToTimeoutRatio,
      MessageRetentionPeriod: aws.sqs.retentionSecondsMax,
      SqsManagedSseEnabled: true,
      ...more,
    },
    policy: {
      Version: '2012-10-17',
      Statement: [
        refusePlainHttp('sqs', arn),
        // By name prefix, so that a new subscription needs no new policy; the dead letters take what SNS
        // could not hand over to the lane.
        allowTopics(place, arn),
      ],
    },
  };
}

const backstop = (deadLetterTargetArn: string) => ({
  RedrivePolicy: { deadLetterTargetArn, maxReceiveCount: bus.poisonReceivesMax },
});

const deadLettersOf = (...sourceQueueArns: string[]) => ({
  RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns },
});

/** What every receiver has. */
export function receiverResources(place: Place, receiver: string, spec: ReceiverSettings): ReceiverResources {
  const arn = (role: QueueRole) => queueArn(place, receiver, role);
  const queue = (role: QueueRole, more: Partial<QueueResource['attributes']>) =>
    receiverQueue(place, receiver, role, more);
  return {
    queues: [
      queue('dead-letters', deadLettersOf(arn('online'), arn('offline'))),
      queue('online', backstop(arn('dead-letters'))),
      queue('offline', backstop(arn('dead-letters'))),
    ],
    mappings: [
      mapping(
        'online',
        senderOf(spec),
        arn('online'),
        mappingConcurrency(spec, 'online'),
        spec.state !== 'paused' && mayDeliver(spec),
      ),
      // Polled only while a type is hot: a mapping that polls is paid for by the hour.
      mapping('offline', senderOf(spec), arn('offline'), mappingConcurrency(spec, 'offline'), false),
    ],
  };
}

/**
 * What a receiver has besides once it is subscribed to an ordered topic: a FIFO queue in high throughput, where one
 * message group waits for no other, and a mapping that polls it and is paid for by the hour.
 */
export function orderedResources(place: Place, receiver: string, spec: ReceiverSettings): ReceiverResources {
  const lane = queueArn(place, receiver, 'ordered');
  const deadLetters = queueArn(place, receiver, 'ordered-dead-letters');
  const fifo = {
    FifoQueue: true,
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
  } as const;
  return {
    queues: [
      receiverQueue(place, receiver, 'ordered-dead-letters', { ...fifo, ...deadLettersOf(lane) }),
      receiverQueue(place, receiver, 'ordered', { ...fifo, ...backstop(deadLetters) }),
    ],
    mappings: [
      mapping(
        'ordered',
        senderOf(spec),
        lane,
        mappingConcurrency(spec, 'ordered'),
        (spec.state === undefined || spec.state === 'active') && mayDeliver(spec),
      ),
    ],
  };
}

function allowTopics(place: Place, queue: string): Record<string, unknown> {
  return {
    Sid: 'TopicsOfThisBus',
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queue,
    Condition: {
      ArnLike: {
        'aws:SourceArn': `arn:${place.partition}:sns:${place.region}:${place.account}:${place.prefix}-*`,
      },
    },
  };
}

function mapping(
  lane: Lane,
  sender: Sender,
  eventSourceArn: string,
  maximumConcurrency: number,
  enabled: boolean,
): MappingResource {
  return {
    lane,
    sender,
    eventSourceArn,
    batchSize: aws.sqs.batchEntriesMax,
    functionResponseTypes: ['ReportBatchItemFailures'],
    maximumConcurrency,
    enabled,
  };
}

export interface SubscriptionResource {
  readonly topicArn: string;
  readonly endpoint: string;
  readonly attributes: {
    readonly RawMessageDelivery: boolean;
    readonly FilterPolicy?: Filter;
    readonly FilterPolicyScope?: 'MessageAttributes' | 'MessageBody';
    readonly RedrivePolicy: { readonly deadLetterTargetArn: string };
  };
}

export interface SubscriptionSettings {
  readonly filter: Filter | undefined;
  /** Whether its topic is. */
  readonly isOrdered: boolean;
}

export function subscriptionResource(
  place: Place,
  topic: string,
  receiver: string,
  { filter, isOrdered }: SubscriptionSettings,
): SubscriptionResource {
  return {
    topicArn: topicArn(place, topic, isOrdered),
    endpoint: queueArn(place, receiver, isOrdered ? 'ordered' : 'online'),
    attributes: {
      RawMessageDelivery: true,
      ...(filter !== undefined && { FilterPolicy: filter, FilterPolicyScope: filterScope(filter) }),
      // What SNS cannot hand over (a queue policy gone wrong) is kept where the operator looks.
      RedrivePolicy: {
        deadLetterTargetArn: queueArn(place, receiver, isOrdered ? 'ordered-dead-letters' : 'dead-letters'),
      },
    },
  };
}

/** What looks at single receivers every few minutes, while they need it; each is a function of this name. */
export type Watcher = 'probe' | 'offload' | 'validate' | 'pause' | 'hold';

/** Who finds out whether an outage is over: one that sends as the receiver's lanes are sent. */
export type Prober = 'probe' | 'deliver-rocketmq';

/** No event's schedule is called so: those are hashes. */
export const watchName = (watcher: Watcher, watched: string) => `${watcher}-${watched}`;
