import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, ListQueueTagsCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { defineBus } from '../../lib/connectors/declaration.ts';
import { isOrderedTopic, ownerDefault } from '../../lib/core/declaration/declaration.ts';
import { open } from '../../lib/runtime/open.ts';
import { provision } from '../../lib/runtime/stores.ts';
import { environment, type TestBus, testBus } from '../app/bus.ts';
import { type Json, type JsonObject, resolved, resourcesOf, synthesize } from './synth.ts';

const long = 'a'.repeat(48);
const journal = 'j'.repeat(48);
const endpoint = 'https://example.com/events';
const declaration = defineBus({
  topics: { orders: { description: 'x' }, [long]: {}, [journal]: { ordered: { by: 'account' } } },
  receivers: {
    shop: { endpoint },
    crm: { endpoint, limits: { concurrency: 200 } },
    [long]: { endpoint, limits: { concurrency: 1 } },
  },
  subscriptions: {
    orders: {
      shop: {},
      crm: { filter: { type: [{ prefix: 'order.' }] } },
      [long]: { filter: { data: { amount: [{ numeric: ['>', 10] }] } } },
    },
    [journal]: { shop: {}, [long]: { filter: { type: ['a'] } } },
    [long]: { [long]: { filter: { $or: [{ type: ['a'] }, { subject: ['b "quoted"'] }] } } },
  },
});
const { template } = synthesize(declaration);

/** The resources of a type with their references resolved. */
const declared = (type: string): JsonObject[] =>
  resourcesOf(template, type).map(([, { Properties }]) => resolved(template, Properties) as JsonObject);

/** Whether the declaration makes a resource with this name; only the stack makes the rest of the bus. */
const isDeclared = (name: Json | undefined) =>
  !/^busbar-(delay|delay-failed|redrive|transactions)$|StreamArn>$/.test(String(name));

/** Everything in the declaration, created through the API. */
async function created(): Promise<TestBus> {
  const bus = await testBus();
  const { provision } = bus.tools;
  for (const topic of Object.keys(declaration.topics)) {
    const { owner = ownerDefault } = declaration.topics[topic] ?? {};
    await provision.putTopic(topic, isOrderedTopic(declaration, topic), owner);
  }
  for (const [receiver, spec] of Object.entries(declaration.receivers))
    await provision.putReceiver(receiver, { owner: ownerDefault, ...spec });
  for (const [topic, receivers] of Object.entries(declaration.subscriptions)) {
    for (const [receiver, { filter }] of Object.entries(receivers)) {
      const settings = { filter, isOrdered: isOrderedTopic(declaration, topic) };
      const sink = { owner: ownerDefault, ...declaration.receivers[receiver] };
      await provision.putSubscription(topic, receiver, settings, sink);
    }
  }
  return bus;
}

/** Attributes as AWS returns them, with JSON parsed so that its formatting does not matter. */
const said = (attributes: Readonly<Record<string, Json | undefined>>) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'string' && value.startsWith('{')
        ? JSON.parse(value)
        : typeof value === 'object'
          ? value
          : String(value),
    ]),
  );

/** Drops what AWS adds: counts, times, names and attributes that nobody set. */
const without = (attributes: Readonly<Record<string, Json | undefined>>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));

const policyOf = (type: string, key: string, of: string): Json | undefined =>
  declared(type).find((policy) => (policy[key] as Json[]).includes(of))?.PolicyDocument;

describe('a declaration and the API create the same resources on AWS', () => {
  it('for topics', async () => {
    const { sns } = await created();
    // Only the stack makes the topic of the alarms.
    const topics = declared('AWS::SNS::Topic').filter(({ TopicName }) => TopicName !== 'busbar_alarms');
    expect(topics).toHaveLength(3);
    for (const { TopicName, DisplayName, Tags, ...more } of topics) {
      const TopicArn = `arn:aws:sns:us-east-1:000000000000:${TopicName}`;
      const { Attributes = {} } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
      const byAws = [
        'TopicArn',
        'Owner',
        'EffectiveDeliveryPolicy',
        'SubscriptionsConfirmed',
        'SubscriptionsDeleted',
        'SubscriptionsPending',
        'ContentBasedDeduplication',
      ];
      const tagged = await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }));
      expect(tagged.Tags).toEqual(Tags);
      expect(Object.keys(more)).toEqual(DisplayName === journal ? ['FifoThroughputScope', 'FifoTopic'] : []);
      expect(without(said(Attributes), byAws)).toEqual({
        ...said(more),
        DisplayName,
        Policy: policyOf('AWS::SNS::TopicPolicy', 'Topics', TopicArn),
      });
    }
  });

  it('for queues', async () => {
    const { sqs } = await created();
    const attributesOf = async (name: Json | undefined) => {
      const QueueUrl = `http://127.0.0.1:4566/000000000000/${name}`;
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
      );
      return { QueueUrl, attributes: said(Attributes) };
    };
    // The attributes of a queue without settings.
    await sqs.send(new CreateQueueCommand({ QueueName: 'plain' }));
    await sqs.send(new CreateQueueCommand({ QueueName: 'plain.fifo', Attributes: { FifoQueue: 'true' } }));
    const { attributes: plain } = await attributesOf('plain');
    const { attributes: plainFifo } = await attributesOf('plain.fifo');
    const queues = declared('AWS::SQS::Queue').filter(({ QueueName }) => isDeclared(QueueName));
    expect(queues).toHaveLength(13);
    for (const { QueueName, Tags: tags, ...properties } of queues) {
      const { QueueUrl, attributes } = await attributesOf(QueueName);
      const { Tags } = await sqs.send(new ListQueueTagsCommand({ QueueUrl }));
      const wanted = (tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]);
      expect(Tags).toEqual(Object.fromEntries(wanted));
      expect(attributes).toEqual({
        ...(properties.FifoQueue === true ? plainFifo : plain),
        ...said(properties),
        Policy: policyOf('AWS::SQS::QueuePolicy', 'Queues', QueueUrl),
        QueueArn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}`,
      });
    }
  });

  it('for subscriptions', async () => {
    const { sns } = await created();
    const subscriptions = declared('AWS::SNS::Subscription');
    expect(subscriptions).toHaveLength(6);
    for (const { TopicArn, Endpoint, Protocol, ...properties } of subscriptions) {
      const { Subscriptions = [] } = await sns.send(
        new ListSubscriptionsByTopicCommand({ TopicArn: String(TopicArn) }),
      );
      const { SubscriptionArn } = Subscriptions.find((found) => found.Endpoint === Endpoint) ?? {};
      const { Attributes = {} } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
      const byAws = [
        'SubscriptionArn',
        'Owner',
        'ConfirmationWasAuthenticated',
        'PendingConfirmation',
        'SubscriptionPrincipal',
        'EffectiveDeliveryPolicy',
      ];
      expect(without(said(Attributes), byAws)).toEqual({ TopicArn, Endpoint, Protocol, ...said(properties) });
    }
  });

  it('for event source mappings', async () => {
    const { lambda } = await created();
    const mappings = declared('AWS::Lambda::EventSourceMapping').filter(({ EventSourceArn }) =>
      isDeclared(String(EventSourceArn).split(':').at(-1)),
    );
    expect(mappings).toHaveLength(8);
    for (const { EventSourceArn, FunctionName, Enabled, ...properties } of mappings) {
      const { EventSourceMappings = [] } = await lambda.send(
        new ListEventSourceMappingsCommand({ EventSourceArn: String(EventSourceArn) }),
      );
      expect(EventSourceMappings).toHaveLength(1);
      const [mapping] = EventSourceMappings;
      const { MaximumBatchingWindowInSeconds: window, ...settings } = properties;
      expect(mapping).toMatchObject({ EventSourceArn, FunctionArn: FunctionName, ...settings });
      // The parameter, whose default is none; a FIFO queue takes none at all.
      expect(window).toBe(
        String(EventSourceArn).endsWith('.fifo') ? undefined : '<DeliveryBatchingSeconds.Ref>',
      );
      expect(mapping?.MaximumBatchingWindowInSeconds).toBe(0);
      expect(mapping?.State).toMatch(
        Enabled ? /^(Creating|Enabling|Enabled)$/ : /^(Creating|Disabling|Disabled)$/,
      );
    }
  });

  it('and putting a receiver again changes nothing', async () => {
    const { tools, calls } = await created();
    calls.length = 0;
    await tools.provision.putReceiver('crm', { limits: { concurrency: 200 } });
    expect(calls.filter((call) => /Set|Update|lambda\.Create/.test(call))).toEqual([]);
  });
});

it('A changed batching window reaches the standard lanes of a receiver when it is put again', async () => {
  const { tools, lambda, calls } = await created();
  const waiting = open(
    { ...tools, env: { ...environment, BUSBAR_DELIVERY_BATCHING_SECONDS: '5' } },
    { provision },
  );
  for (const name of Object.keys(declaration.receivers)) {
    await waiting.provision.putReceiver(name, declaration.receivers[name] ?? {});
  }
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  const windows = EventSourceMappings.filter(({ EventSourceArn }) =>
    /-(online|offline)$/.test(EventSourceArn ?? ''),
  );
  expect(windows.length).toBeGreaterThan(1);
  for (const { MaximumBatchingWindowInSeconds: window } of windows) expect(window).toBe(5);
  calls.length = 0;
  for (const name of Object.keys(declaration.receivers)) {
    await waiting.provision.putReceiver(name, declaration.receivers[name] ?? {});
  }
  expect(calls.filter((call) => call.startsWith('lambda.Update'))).toEqual([]);
});
