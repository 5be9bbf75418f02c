import { CfnParameter, CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { CfnEventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSubscription, CfnTopic, CfnTopicPolicy } from 'aws-cdk-lib/aws-sns';
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { sinks } from '../connectors/index.ts';
import {
  type Declaration as Declared,
  endpointParametersMetadata,
  isOrderedTopic,
  orderedReceivers,
  ownerDefault,
} from '../core/declaration/declaration.ts';
import { endpointParameterSchema } from '../core/kernel/endpoint-parameter.ts';
import {
  orderedResources,
  type ReceiverResources,
  receiverResources,
  subscriptionResource,
  topicResources,
} from '../core/registry/resources.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';
import { reasons } from './nag.ts';

/** Each receiver takes a few calls, and AWS allows fifteen changes of mappings a second: for as many as a stack can have. */
const declareSecondsMax = 600;

/** CloudFormation would wait an hour for a function that died; Lambda invokes it once more meanwhile. */
const declarationAnswerSecondsMax = 900;

interface DeclarationProps extends BusPartProps {
  readonly declaration: Declared;
  /** The functions that consume lanes, by their names. */
  readonly senders: Readonly<Record<string, LambdaFunction>>;
  /** How long batches wait for more messages. */
  readonly batchingSeconds: number;
}

/**
 * What busbar.config.ts declares: its topics, queues, mappings and subscriptions as resources of the stack, rendered
 * from the same description that the API uses, and a custom resource that writes the declaration into the registry.
 */
export class Declaration extends Construct {
  /** Writes the declaration into the registry. */
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
      this.addResources(
        receiver,
        receiverResources(props.place, receiver, owned(spec), sinks.of(spec).deliveredBy),
      );
    }
    for (const receiver of orderedReceivers(declaration)) {
      const spec = declaration.receivers[receiver];
      if (spec === undefined) continue;
      this.addResources(
        receiver,
        orderedResources(props.place, receiver, owned(spec), sinks.of(spec).deliveredBy),
      );
    }
    for (const [topic, receivers] of Object.entries(declaration.subscriptions)) {
      for (const receiver of Object.keys(receivers)) this.addSubscription(topic, receiver);
    }
    this.declare = this.addRegistry();
  }

  private addTopic(topic: string): void {
    const isOrdered = isOrderedTopic(this.props.declaration, topic);
    const { owner = ownerDefault } = this.props.declaration.topics[topic] ?? {};
    const { name, attributes, policy, tags } = topicResources(this.props.place, topic, isOrdered, owner);
    const resource = new CfnTopic(this, `Topic-${topic}`, {
      topicName: name,
      displayName: attributes.DisplayName,
      tags: tagList(tags),
      ...(attributes.FifoTopic && { fifoTopic: true, fifoThroughputScope: attributes.FifoThroughputScope }),
    });
    this.topics.set(topic, resource);
    new CfnTopicPolicy(this, `TopicPolicy-${topic}`, { topics: [resource.ref], policyDocument: policy });
  }

  private addResources(receiver: string, { queues, mappings }: ReceiverResources): void {
    const created: CfnQueue[] = [];
    for (const { role, name, attributes, policy, tags } of queues) {
      const queue = new CfnQueue(this, `Queue-${receiver}-${role}`, {
        queueName: name,
        tags: tagList(tags),
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
      // The policies name their queues as text, so CloudFormation does not see the dependency.
      for (const earlier of created) queue.addResourceDependency(earlier);
      created.push(queue);
      new CfnQueuePolicy(this, `QueuePolicy-${receiver}-${role}`, {
        queues: [queue.ref],
        policyDocument: policy,
      });
    }
    this.queues.set(receiver, [...(this.queues.get(receiver) ?? []), ...created]);
    for (const mapping of mappings) {
      const sender = this.props.senders[mapping.sender];
      if (sender === undefined) throw new Error(`No function ${mapping.sender} is deployed.`);
      const resource = new CfnEventSourceMapping(this, `Mapping-${receiver}-${mapping.lane}`, {
        functionName: sender.functionArn,
        eventSourceArn: mapping.eventSourceArn,
        batchSize: mapping.batchSize,
        functionResponseTypes: [...mapping.functionResponseTypes],
        scalingConfig: { maximumConcurrency: mapping.maximumConcurrency },
        enabled: mapping.enabled,
        ...(mapping.mayWait && { maximumBatchingWindowInSeconds: this.props.batchingSeconds }),
      });
      this.mappings.push(resource);
      for (const queue of created) resource.addResourceDependency(queue);
      // Lambda checks that the role of the function may read the queue.
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

  private addRegistry(): BusFunction {
    const { place, environment, tableArn, declaration } = this.props;
    const declare = new BusFunction(this, 'Declare', {
      name: 'declare',
      prefix: place.prefix,
      description: 'Writes what busbar.config.ts declares into the registry',
      timeoutSeconds: declareSecondsMax,
      environment,
    });
    declare.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:Query',
        'dynamodb:BatchGetItem',
      ],
      [tableArn],
    );
    // What waits for a receiver that is no longer declared would go with its queues.
    declare.grantByPattern(['sqs:GetQueueAttributes'], [anyQueue(place, '*')], reasons.madeAtRunTime);
    grantMappings(declare, place);
    const receivers = Object.fromEntries(
      Object.entries(declaration.receivers).map(([name, spec]) => [
        name,
        Object.fromEntries(
          Object.entries(spec).map(([field, value]) => [field, this.valueOfField(name, value)]),
        ),
      ]),
    );
    // Bridges are functions; the registry does not know them.
    const { bridges: _bridges, oidc: _oidc, ...registered } = declaration;
    const resource = new CustomResource(this, 'Registry', {
      serviceToken: declare.function.functionArn,
      resourceType: 'Custom::BusbarDeclaration',
      serviceTimeout: Duration.seconds(declarationAnswerSecondsMax),
      // As one string, because CloudFormation turns every number and boolean of a property into a string.
      properties: { Declaration: Stack.of(this).toJsonString({ ...registered, receivers }) },
    });
    resource.node.addDependency(declare.role);
    // A resource must exist before the registry knows it.
    for (const topic of this.topics.values()) resource.node.addDependency(topic);
    for (const queue of [...this.queues.values()].flat()) resource.node.addDependency(queue);
    // The function starts and stops the mappings according to the registry.
    for (const mapping of this.mappings) resource.node.addDependency(mapping);
    return declare;
  }

  /** A field of a receiver; for an endpoint that differs between stages, its parameter. */
  private valueOfField(receiver: string, value: unknown): unknown {
    const { success, data: endpoint } = endpointParameterSchema.safeParse(value);
    if (!success) return value;
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

const owned = <Spec extends { readonly owner?: string | undefined }>(spec: Spec) => ({
  ...spec,
  owner: spec.owner ?? ownerDefault,
});

const tagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));
