import { CfnParameter, CustomResource, Stack } from 'aws-cdk-lib';
import { CfnEventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSubscription, CfnTopic, CfnTopicPolicy } from 'aws-cdk-lib/aws-sns';
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  type Declaration as Declared,
  type DeclaredReceiver,
  endpointParametersMetadata,
  isOrderedTopic,
  orderedReceivers,
} from '../core/declaration/declaration.ts';
import type { Sender } from '../core/kernel/place.ts';
import {
  orderedResources,
  type ReceiverResources,
  receiverResources,
  subscriptionResource,
  topicResources,
} from '../core/registry/resources.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';

interface DeclarationProps extends BusPartProps {
  readonly declaration: Declared;
  readonly tableArn: string;
  /** The functions that consume lanes, by their names. */
  readonly senders: Readonly<Record<Sender, LambdaFunction>>;
}

/**
 * What busbar.config.ts declares: its topics, queues, mappings and subscriptions as resources of the stack, from
 * the same description that the API uses, and a custom resource that tells the registry.
 */
export class Declaration extends Construct {
  /** Writes what is declared into the registry. */
  readonly declare: BusFunction;
  private readonly props: DeclarationProps;
  private readonly topics = new Map<string, CfnTopic>();
  private readonly queues = new Map<string, CfnQueue[]>();
  private readonly mappings: CfnEventSourceMapping[] = [];

  constructor(scope: Construct, id: string, props: DeclarationProps) {
    super(scope, id);
    this.props = props;
    const { declaration } = props;
    for (const topic of Object.keys(declaration.topics)) this.addTopic(topic);
    for (const [receiver, spec] of Object.entries(declaration.receivers)) {
      this.addResources(receiver, receiverResources(props.place, receiver, spec));
    }
    for (const receiver of orderedReceivers(declaration)) {
      this.addResources(
        receiver,
        orderedResources(props.place, receiver, declaration.receivers[receiver] ?? {}),
      );
    }
    for (const [topic, receivers] of Object.entries(declaration.subscriptions)) {
      for (const receiver of Object.keys(receivers)) this.addSubscription(topic, receiver);
    }
    this.declare = this.tellRegistry();
  }

  private addTopic(topic: string): void {
    const isOrdered = isOrderedTopic(this.props.declaration, topic);
    const { name, attributes, policy } = topicResources(this.props.place, topic, isOrdered);
    const resource = new CfnTopic(this, `Topic-${topic}`, {
      topicName: name,
      displayName: attributes.DisplayName,
      ...(attributes.FifoTopic && { fifoTopic: true, fifoThroughputScope: attributes.FifoThroughputScope }),
    });
    this.topics.set(topic, resource);
    new CfnTopicPolicy(this, `TopicPolicy-${topic}`, { topics: [resource.ref], policyDocument: policy });
  }

  private addResources(receiver: string, { queues, mappings }: ReceiverResources): void {
    const made: CfnQueue[] = [];
    for (const { role, name, attributes, policy } of queues) {
      const queue = new CfnQueue(this, `Queue-${receiver}-${role}`, {
        queueName: name,
        visibilityTimeout: attributes.VisibilityTimeout,
        messageRetentionPeriod: attributes.MessageRetentionPeriod,
        sqsManagedSseEnabled: attributes.SqsManagedSseEnabled,
        redrivePolicy: attributes.RedrivePolicy,
        redriveAllowPolicy: attributes.RedriveAllowPolicy,
        ...(attributes.FifoQueue && {
          fifoQueue: true,
          deduplicationScope: attributes.DeduplicationScope,
          fifoThroughputLimit: attributes.FifoThroughputLimit,
        }),
      });
      // The policies name their queues as text, so that CloudFormation cannot see the order by itself.
      for (const earlier of made) queue.addResourceDependency(earlier);
      made.push(queue);
      new CfnQueuePolicy(this, `QueuePolicy-${receiver}-${role}`, {
        queues: [queue.ref],
        policyDocument: policy,
      });
    }
    this.queues.set(receiver, [...(this.queues.get(receiver) ?? []), ...made]);
    for (const mapping of mappings) {
      const sender = this.props.senders[mapping.sender];
      const resource = new CfnEventSourceMapping(this, `Mapping-${receiver}-${mapping.lane}`, {
        functionName: sender.functionArn,
        eventSourceArn: mapping.eventSourceArn,
        batchSize: mapping.batchSize,
        functionResponseTypes: [...mapping.functionResponseTypes],
        scalingConfig: { maximumConcurrency: mapping.maximumConcurrency },
        enabled: mapping.enabled,
      });
      this.mappings.push(resource);
      for (const queue of made) resource.addResourceDependency(queue);
      // Lambda checks that the function's role may read the queue.
      if (sender.role) resource.node.addDependency(sender.role);
    }
  }

  private addSubscription(topic: string, receiver: string): void {
    const filter = this.props.declaration.subscriptions[topic]?.[receiver]?.filter;
    const isOrdered = isOrderedTopic(this.props.declaration, topic);
    const { endpoint, attributes } = subscriptionResource(this.props.place, topic, receiver, {
      filter,
      isOrdered,
    });
    const source = this.topics.get(topic);
    if (source === undefined) throw new Error(`The topic ${topic} is not declared.`);
    const subscription = new CfnSubscription(this, `Subscription-${topic}-${receiver}`, {
      topicArn: source.ref,
      protocol: 'sqs',
      endpoint,
      rawMessageDelivery: attributes.RawMessageDelivery,
      redrivePolicy: attributes.RedrivePolicy,
      ...(attributes.FilterPolicy !== undefined && {
        filterPolicy: attributes.FilterPolicy,
        filterPolicyScope: attributes.FilterPolicyScope ?? 'MessageAttributes',
      }),
    });
    for (const queue of this.queues.get(receiver) ?? []) subscription.addResourceDependency(queue);
  }

  private tellRegistry(): BusFunction {
    const { place, environment, tableArn, declaration } = this.props;
    const declare = new BusFunction(this, 'Declare', {
      name: 'declare',
      prefix: place.prefix,
      description: 'Writes what busbar.config.ts declares into the registry',
      timeoutSeconds: 60,
      memoryMb: 256,
      environment,
    });
    declare.grant(
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
      [tableArn],
    );
    grantMappings(declare, place);
    const receivers = Object.fromEntries(
      Object.entries(declaration.receivers).map(([name, spec]) => [
        name,
        spec.endpoint === undefined ? spec : { ...spec, endpoint: this.endpointOf(name, spec.endpoint) },
      ]),
    );
    // A bridge is a function, and nothing of it is in the registry.
    const { bridges: _, ...registered } = declaration;
    const resource = new CustomResource(this, 'Registry', {
      serviceToken: declare.function.functionArn,
      resourceType: 'Custom::BusbarDeclaration',
      // One text, because CloudFormation turns every number and boolean of a property into text.
      properties: { Declaration: Stack.of(this).toJsonString({ ...registered, receivers }) },
    });
    resource.node.addDependency(declare.role);
    // Nothing is in the registry before it is there.
    for (const topic of this.topics.values()) resource.node.addDependency(topic);
    for (const queue of [...this.queues.values()].flat()) resource.node.addDependency(queue);
    // It starts and stops mappings, as the registry says.
    for (const mapping of this.mappings) resource.node.addDependency(mapping);
    return declare;
  }

  private endpointOf(receiver: string, endpoint: NonNullable<DeclaredReceiver['endpoint']>): string {
    if (typeof endpoint === 'string') return endpoint;
    const { templateOptions } = Stack.of(this);
    const listed: readonly string[] = templateOptions.metadata?.[endpointParametersMetadata] ?? [];
    templateOptions.metadata = {
      ...templateOptions.metadata,
      [endpointParametersMetadata]: [...listed, endpoint.parameter],
    };
    return new CfnParameter(Stack.of(this), endpoint.parameter, {
      type: 'String',
      default: endpoint.default,
      description: `The endpoint of the receiver ${receiver}`,
    }).valueAsString;
  }
}
