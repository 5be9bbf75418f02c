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

export type Lane = 'online' | 'offline';
export type QueueRole = Lane | 'dead-letters';

const queueEndings: Readonly<Record<QueueRole, string>> = {
  online: '-online',
  offline: '-offline',
  'dead-letters': '-dead-letters',
};

export const topicName = (prefix: string, topic: string) => `${prefix}-${topic}`;
export const queueName = (prefix: string, receiver: string, role: QueueRole) =>
  `${prefix}-${receiver}${queueEndings[role]}`;

/** The queue of the redrives that are under way; no receiver's queue ends so. */
export const redriveQueueName = (prefix: string) => `${prefix}-redrive`;
/** The queue of the timers of open transactions. */
export const transactionQueueName = (prefix: string) => `${prefix}-transactions`;

export const topicArn = (place: Place, topic: string) =>
  `arn:${place.partition}:sns:${place.region}:${place.account}:${topicName(place.prefix, topic)}`;
export const queueArn = (place: Place, receiver: string, role: QueueRole) =>
  `arn:${place.partition}:sqs:${place.region}:${place.account}:${queueName(place.prefix, receiver, role)}`;

/** Which receiver and lane a queue belongs to, read from its ARN; undefined for any other queue. */
export function queueOwner(
  prefix: string,
  arn: string,
): { readonly receiver: string; readonly role: QueueRole } | undefined {
  const name = arn.slice(arn.lastIndexOf(':') + 1);
  if (!name.startsWith(`${prefix}-`)) return undefined;
  for (const role of ['online', 'offline', 'dead-letters'] as const) {
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
  readonly attributes: { readonly DisplayName: string };
  readonly policy: Policy;
}

export function topicResources(place: Place, topic: string): TopicResources {
  const arn = topicArn(place, topic);
  return {
    name: topicName(place.prefix, topic),
    arn,
    attributes: { DisplayName: topic },
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
  readonly eventSourceArn: string;
  readonly batchSize: number;
  readonly functionResponseTypes: readonly ['ReportBatchItemFailures'];
  readonly maximumConcurrency: number;
  readonly enabled: boolean;
}

export interface ReceiverResources {
  /** The dead letters first: the others name it. */
  readonly queues: readonly QueueResource[];
  readonly mappings: readonly MappingResource[];
}

export function receiverResources(
  place: Place,
  receiver: string,
  spec: Planned & { readonly state?: string } & Parameters<typeof mayDeliver>[0],
): ReceiverResources {
  const arn = (role: QueueRole) => queueArn(place, receiver, role);
  const queue = (role: QueueRole, more: Partial<QueueResource['attributes']>): QueueResource => ({
    role,
    name: queueName(place.prefix, receiver, role),
    arn: arn(role),
    attributes: {
      VisibilityTimeout: bus.deliverTimeoutSeconds * aws.lambda.visibilityToTimeoutRatio,
      MessageRetentionPeriod: aws.sqs.retentionSecondsMax,
      SqsManagedSseEnabled: true,
      ...more,
    },
    policy: {
      Version: '2012-10-17',
      Statement: [
        refusePlainHttp('sqs', arn(role)),
        // By name prefix, so that a new subscription needs no new policy; the dead letters take what SNS
        // could not hand over to the lane.
        allowTopics(place, arn(role)),
      ],
    },
  });
  const backstop = {
    RedrivePolicy: { deadLetterTargetArn: arn('dead-letters'), maxReceiveCount: bus.poisonReceivesMax },
  };
  return {
    queues: [
      queue('dead-letters', {
        RedriveAllowPolicy: {
          redrivePermission: 'byQueue',
          sourceQueueArns: [arn('online'), arn('offline')],
        },
      }),
      queue('online', backstop),
      queue('offline', backstop),
    ],
    mappings: [
      mapping(
        'online',
        arn('online'),
        mappingConcurrency(spec, 'online'),
        spec.state !== 'paused' && mayDeliver(spec),
      ),
      // Polled only while a type is hot: a mapping that polls is paid for by the hour.
      mapping('offline', arn('offline'), mappingConcurrency(spec, 'offline'), false),
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
  eventSourceArn: string,
  maximumConcurrency: number,
  enabled: boolean,
): MappingResource {
  return {
    lane,
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

export function subscriptionResource(
  place: Place,
  topic: string,
  receiver: string,
  filter: Filter | undefined,
): SubscriptionResource {
  return {
    topicArn: topicArn(place, topic),
    endpoint: queueArn(place, receiver, 'online'),
    attributes: {
      RawMessageDelivery: true,
      ...(filter !== undefined && { FilterPolicy: filter, FilterPolicyScope: filterScope(filter) }),
      // What SNS cannot hand over (a queue policy gone wrong) is kept where the operator looks.
      RedrivePolicy: { deadLetterTargetArn: queueArn(place, receiver, 'dead-letters') },
    },
  };
}

/** What looks at single receivers every few minutes, while they need it; each is a function of this name. */
export type Watcher = 'probe' | 'offload' | 'validate' | 'pause';

export const watcherArn = (place: Place, watcher: Watcher) =>
  `arn:${place.partition}:lambda:${place.region}:${place.account}:function:${place.prefix}-${watcher}`;

/** No event's schedule is called so: those are hashes. */
export const watchName = (watcher: Watcher, receiver: string) => `${watcher}-${receiver}`;
