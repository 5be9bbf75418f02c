import { mappingConcurrency, type Planned } from '../deliver/lane-plan.ts';
import { poisonReceivesMax } from '../deliver/receives.ts';
import type { Filter } from '../filter/filter.ts';
import { filterScope } from '../filter/filter.ts';
import { aws, bus } from '../kernel/limits.ts';
import type { Lane, Place, QueueRole } from '../kernel/place.ts';
import { queueArn, queueName, topicArn, topicName } from '../kernel/place.ts';
import { mayDeliver } from './validation.ts';

/**
 * The AWS resources of a topic, a receiver and a subscription, as plain data: names and attributes in AWS's terms. The
 * CDK renders it for what busbar.config.ts declares, and the admin calls for what the API creates, so both are the
 * same.
 */

type Policy = { readonly Version: string; readonly Statement: readonly Record<string, unknown>[] };

/** Denies every call that is not encrypted in transit (AWS Foundational Security Best Practices, SQS and SNS). */
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

/** Tags by which AWS allocates costs: the application that owns a resource, and the topic or receiver it is for. */
export type Tags = Readonly<Record<string, string>>;

export interface TopicResources {
  readonly name: string;
  readonly arn: string;
  readonly tags: Tags;
  readonly attributes: {
    readonly DisplayName: string;
    readonly FifoTopic?: true;
    readonly FifoThroughputScope?: 'MessageGroup';
  };
  readonly policy: Policy;
}

/** @param isOrdered whether its events have an order: a FIFO topic, which counts duplicates and throughput by group. */
export function topicResources(
  place: Place,
  topic: string,
  isOrdered: boolean,
  owner: string,
): TopicResources {
  const arn = topicArn(place, topic, isOrdered);
  return {
    name: topicName(place.prefix, topic, isOrdered),
    arn,
    tags: { application: owner, topic },
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
  readonly tags: Tags;
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

export interface MappingResource {
  readonly lane: Lane;
  /** The function that consumes the lane, without the prefix of the bus. */
  readonly sender: string;
  readonly eventSourceArn: string;
  readonly batchSize: number;
  readonly functionResponseTypes: readonly ['ReportBatchItemFailures'];
  readonly maximumConcurrency: number;
  /** Whether a batch may wait for more messages; not at a FIFO queue, where Lambda takes no window. */
  readonly mayWait: boolean;
  readonly enabled: boolean;
}

export interface ReceiverResources {
  /** The dead-letter queue first: the others refer to it. */
  readonly queues: readonly QueueResource[];
  readonly mappings: readonly MappingResource[];
}

/** The parts of a receiver that determine its resources. */
export type ReceiverSettings = Planned & {
  readonly owner?: string | undefined;
  readonly state?: string;
} & Parameters<typeof mayDeliver>[0];

function receiverQueue(
  place: Place,
  receiver: string,
  { owner }: ReceiverSettings,
  role: QueueRole,
  more: Partial<QueueResource['attributes']>,
): QueueResource {
  const arn = queueArn(place, receiver, role);
  return {
    role,
    name: queueName(place.prefix, receiver, role),
    arn,
    tags: { ...(owner !== undefined && { application: owner }), receiver },
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
        // By name prefix, so a new subscription needs no new policy. The dead-letter queue takes what SNS could not
        // hand over to the lane.
        allowTopics(place, arn),
      ],
    },
  };
}

/** The bus counts attempts itself; see core/deliver/receives. */
const backstop = (deadLetterTargetArn: string) => ({
  RedrivePolicy: { deadLetterTargetArn, maxReceiveCount: poisonReceivesMax },
});

const deadLettersOf = (...sourceQueueArns: string[]) => ({
  RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns },
});

/**
 * What every receiver has.
 * @param sender the function that consumes its lanes.
 */
export function receiverResources(
  place: Place,
  receiver: string,
  spec: ReceiverSettings,
  sender: string,
): ReceiverResources {
  const arn = (role: QueueRole) => queueArn(place, receiver, role);
  const queue = (role: QueueRole, more: Partial<QueueResource['attributes']>) =>
    receiverQueue(place, receiver, spec, role, more);
  return {
    queues: [
      queue('dead-letters', deadLettersOf(arn('online'), arn('offline'))),
      queue('online', backstop(arn('dead-letters'))),
      queue('offline', backstop(arn('dead-letters'))),
    ],
    mappings: [
      mapping(
        'online',
        sender,
        arn('online'),
        mappingConcurrency(spec, 'online'),
        spec.state !== 'paused' && mayDeliver(spec),
      ),
      // Polled only while a type is hot: a mapping that polls is paid for by the hour.
      mapping('offline', sender, arn('offline'), mappingConcurrency(spec, 'offline'), false),
    ],
  };
}

/**
 * What a receiver has in addition once it is subscribed to an ordered topic: a high-throughput FIFO queue, where no
 * message group waits for another, and a mapping that polls it, which costs money by the hour.
 */
export function orderedResources(
  place: Place,
  receiver: string,
  spec: ReceiverSettings,
  sender: string,
): ReceiverResources {
  const lane = queueArn(place, receiver, 'ordered');
  const deadLetters = queueArn(place, receiver, 'ordered-dead-letters');
  const fifo = {
    FifoQueue: true,
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
  } as const;
  return {
    queues: [
      receiverQueue(place, receiver, spec, 'ordered-dead-letters', { ...fifo, ...deadLettersOf(lane) }),
      receiverQueue(place, receiver, spec, 'ordered', { ...fifo, ...backstop(deadLetters) }),
    ],
    mappings: [
      mapping(
        'ordered',
        sender,
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
  sender: string,
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
    mayWait: lane !== 'ordered',
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
  /** Whether its topic is ordered. */
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
      // What SNS cannot hand over (because of a wrong queue policy) is kept where the operator looks.
      RedrivePolicy: {
        deadLetterTargetArn: queueArn(place, receiver, isOrdered ? 'ordered-dead-letters' : 'dead-letters'),
      },
    },
  };
}

/** Whatever a receiver may have: what is not there is nothing to count or to delete. */
export function allResources(place: Place, receiver: string): ReceiverResources {
  // Their names do not depend on who consumes them.
  const always = receiverResources(place, receiver, {}, '');
  const ordered = orderedResources(place, receiver, {}, '');
  return {
    queues: [...always.queues, ...ordered.queues],
    mappings: [...always.mappings, ...ordered.mappings],
  };
}
