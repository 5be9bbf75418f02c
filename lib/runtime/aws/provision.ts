import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  NotFoundException,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  QueueDeletedRecently,
  QueueDoesNotExist,
  QueueNameExists,
  SetQueueAttributesCommand,
  TagQueueCommand,
} from '@aws-sdk/client-sqs';
import { BusbarError } from '../../core/kernel/errors.ts';
import { queueArn, topicArn } from '../../core/kernel/place.ts';
import {
  allResources,
  type MappingResource,
  orderedResources,
  type QueueResource,
  type ReceiverResources,
  type ReceiverSettings,
  receiverResources,
  type SubscriptionSettings,
  subscriptionResource,
  topicResources,
} from '../../core/registry/resources.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import type { World } from '../open.ts';
import * as clients from './clients.ts';
import { changeMapping, findMapping } from './mappings.ts';

/**
 * Makes and unmakes what AWS holds for the registry, from the same description that the stack renders. Every
 * call may be repeated: it brings about a state, whatever stood before.
 */
export interface Provision {
  /** @param owner the application that owns it, by which AWS allocates its costs. */
  putTopic(topic: string, isOrdered: boolean, owner: string): Promise<void>;
  deleteTopic(topic: string, isOrdered: boolean): Promise<void>;
  /** Brings its ordered lane along where it has one. */
  putReceiver(receiver: string, spec: ReceiverSettings): Promise<void>;
  deleteReceiver(receiver: string): Promise<void>;
  /** Makes the receiver's ordered lane first where the topic is ordered. */
  putSubscription(
    topic: string,
    receiver: string,
    settings: SubscriptionSettings,
    spec: ReceiverSettings,
  ): Promise<void>;
  deleteSubscription(topic: string, receiver: string, isOrdered: boolean): Promise<void>;
}

/** @param senderOf the function that consumes the lanes of a receiver, without the prefix of the bus. */
export function createProvision(world: World, senderOf: (receiver: ReceiverSettings) => string): Provision {
  const { config } = world;
  const sns = world.use(clients.sns);
  const sqs = world.use(clients.sqs);
  const lambda = world.use(clients.lambda);
  const functionOf = ({ sender }: MappingResource) => `${config.prefix}-${sender}`;
  const urlOf = (queue: QueueResource) => `${config.queueUrlBase}/${queue.name}`;

  async function putQueue(queue: QueueResource): Promise<void> {
    const attributes: Record<string, string> = {
      ...textAttributes(queue.attributes),
      Policy: JSON.stringify(queue.policy),
    };
    try {
      await sqs.send(new CreateQueueCommand({ QueueName: queue.name, Attributes: attributes }));
    } catch (error) {
      if (error instanceof QueueDeletedRecently) {
        throw new BusbarError(
          'conflict',
          `The queue ${queue.name} was deleted less than a minute ago, and AWS makes it again only after that.`,
          { cause: error, retryAfterSeconds: 60 },
        );
      }
      if (!(error instanceof QueueNameExists)) throw error;
      // Whether a queue is FIFO is decided when it is made, and is no attribute to be set.
      const { FifoQueue: _, ...settable } = attributes;
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl: urlOf(queue), Attributes: settable }));
    }
    // Not with the queue: one that is there already keeps the tags that it has.
    await sqs.send(new TagQueueCommand({ QueueUrl: urlOf(queue), Tags: { ...queue.tags } }));
  }

  async function putResources({ queues, mappings }: ReceiverResources): Promise<void> {
    // One after the other: the lanes name the dead letters, and a mapping its queue.
    for (const queue of queues) await putQueue(queue);
    for (const mapping of mappings) await putMapping(mapping);
  }

  async function putMapping(mapping: MappingResource): Promise<void> {
    const existing = await findMapping(lambda, mapping.eventSourceArn);
    const windowSeconds = mapping.mayWait ? config.deliveryBatchingSeconds : 0;
    const settings = {
      FunctionName: functionOf(mapping),
      BatchSize: mapping.batchSize,
      FunctionResponseTypes: [...mapping.functionResponseTypes],
      ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency },
      MaximumBatchingWindowInSeconds: windowSeconds,
    };
    const { enabled: Enabled, eventSourceArn: EventSourceArn } = mapping;
    const create = () =>
      lambda.send(new CreateEventSourceMappingCommand({ ...settings, Enabled, EventSourceArn }));
    if (existing?.UUID === undefined) return void (await create());
    const isEnabled =
      existing.State === 'Enabled' || existing.State === 'Enabling' || existing.State === 'Creating';
    // Whether the offline lane is polled is up to its hot types.
    const wanted = mapping.lane === 'offline' ? isEnabled : mapping.enabled;
    // One that is being deleted looks as it should, and is gone in a moment.
    const same =
      existing.State !== 'Deleting' &&
      existing.ScalingConfig?.MaximumConcurrency === mapping.maximumConcurrency &&
      (existing.MaximumBatchingWindowInSeconds ?? 0) === windowSeconds &&
      existing.FunctionArn?.split(':').at(-1) === functionOf(mapping) &&
      isEnabled === wanted;
    // The control plane allows few calls a second, so that none is made for nothing.
    if (same) return;
    const { UUID } = existing;
    const isThere = await changeMapping(world, lambda, existing, () =>
      lambda.send(new UpdateEventSourceMappingCommand({ ...settings, Enabled: wanted, UUID })),
    );
    // It was being deleted, with the receiver that had the name before.
    if (!isThere) await create();
  }

  /** The mapping is made last and deleted first, so that with it everything is there. */
  async function hasOrderedLane(receiver: string): Promise<boolean> {
    const found = await findMapping(lambda, queueArn(config, receiver, 'ordered'));
    return found !== undefined && found.State !== 'Deleting';
  }

  async function findSubscription(TopicArn: string, endpoint: string): Promise<string | undefined> {
    let token: string | undefined;
    do {
      const page = await sns.send(
        new ListSubscriptionsByTopicCommand({
          TopicArn,
          ...(token !== undefined && { NextToken: token }),
        }),
      );
      const found = page.Subscriptions?.find((subscription) => subscription.Endpoint === endpoint);
      if (found !== undefined) return found.SubscriptionArn;
      token = page.NextToken;
    } while (token !== undefined);
    return undefined;
  }

  async function attributesOf(SubscriptionArn: string): Promise<Readonly<Record<string, string>>> {
    const { Attributes = {} } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    return Attributes;
  }

  return {
    async putTopic(topic, isOrdered, owner) {
      const resources = topicResources(config, topic, isOrdered, owner);
      await sns.send(
        new CreateTopicCommand({ Name: resources.name, Attributes: textAttributes(resources.attributes) }),
      );
      await sns.send(
        new SetTopicAttributesCommand({
          TopicArn: resources.arn,
          AttributeName: 'Policy',
          AttributeValue: JSON.stringify(resources.policy),
        }),
      );
      const Tags = Object.entries(resources.tags).map(([Key, Value]) => ({ Key, Value }));
      await sns.send(new TagResourceCommand({ ResourceArn: resources.arn, Tags }));
    },

    async deleteTopic(topic, isOrdered) {
      await sns.send(new DeleteTopicCommand({ TopicArn: topicArn(config, topic, isOrdered) }));
    },

    async putReceiver(receiver, spec) {
      await putResources(receiverResources(config, receiver, spec, senderOf(spec)));
      if (await hasOrderedLane(receiver))
        await putResources(orderedResources(config, receiver, spec, senderOf(spec)));
    },

    async deleteReceiver(receiver) {
      const { queues, mappings } = allResources(config, receiver);
      for (const mapping of mappings) {
        const existing = await findMapping(lambda, mapping.eventSourceArn);
        if (existing?.UUID === undefined || existing.State === 'Deleting') continue;
        const { UUID } = existing;
        await changeMapping(world, lambda, existing, () =>
          lambda.send(new DeleteEventSourceMappingCommand({ UUID })),
        );
      }
      for (const queue of queues) {
        try {
          await sqs.send(new DeleteQueueCommand({ QueueUrl: urlOf(queue) }));
        } catch (error) {
          if (!(error instanceof QueueDoesNotExist)) throw error;
        }
      }
    },

    async putSubscription(topic, receiver, settings, spec) {
      if (topic === systemTopicName) return;
      // One that is there is left as it is: its mapping may stand still for a breaker.
      if (settings.isOrdered && !(await hasOrderedLane(receiver))) {
        await putResources(orderedResources(config, receiver, spec, senderOf(spec)));
      }
      const resource = subscriptionResource(config, topic, receiver, settings);
      const attributes = textAttributes(resource.attributes);
      const existing = await findSubscription(resource.topicArn, resource.endpoint);
      if (existing === undefined) {
        await sns.send(
          new SubscribeCommand({
            TopicArn: resource.topicArn,
            Protocol: 'sqs',
            Endpoint: resource.endpoint,
            Attributes: attributes,
            ReturnSubscriptionArn: true,
          }),
        );
        return;
      }
      const steps = filterSteps(await attributesOf(existing), attributes);
      for (const [AttributeName, AttributeValue] of steps) {
        await sns.send(
          new SetSubscriptionAttributesCommand({ SubscriptionArn: existing, AttributeName, AttributeValue }),
        );
      }
    },

    async deleteSubscription(topic, receiver, isOrdered) {
      if (topic === systemTopicName) return;
      const { topicArn, endpoint } = subscriptionResource(config, topic, receiver, {
        filter: undefined,
        isOrdered,
      });
      try {
        const existing = await findSubscription(topicArn, endpoint);
        if (existing !== undefined) await sns.send(new UnsubscribeCommand({ SubscriptionArn: existing }));
      } catch (error) {
        // The topic was deleted meanwhile, and its subscriptions with it.
        if (!(error instanceof NotFoundException)) throw error;
      }
    },
  };
}

/**
 * The changes that lead from one filter to another. Within a scope one change does it. A policy is checked against the
 * scope that stands, so that from one scope to the other the old policy goes first: for a moment nothing is filtered,
 * since the other way round events would be lost.
 */
function filterSteps(
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>>,
): [name: string, value: string][] {
  const noPolicy = '{}';
  const { FilterPolicy: policy = noPolicy, FilterPolicyScope: scope } = to;
  if (policy === noPolicy || scope === undefined) return [['FilterPolicy', noPolicy]];
  if ((from.FilterPolicyScope ?? 'MessageAttributes') === scope) return [['FilterPolicy', policy]];
  const clear: [string, string][] =
    (from.FilterPolicy ?? noPolicy) === noPolicy ? [] : [['FilterPolicy', noPolicy]];
  return [...clear, ['FilterPolicyScope', scope], ['FilterPolicy', policy]];
}

/** The APIs take every attribute as text; structures as JSON. */
function textAttributes(attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}
