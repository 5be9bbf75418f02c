import {
  FilterExpression,
  type MessageView,
  SimpleConsumer,
  SubscriptionLoadBalancer,
} from 'rocketmq-client-nodejs';
import definitions from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import type { Log } from '../../runtime/log.ts';
import type {
  ConsumerOptions,
  RocketMqAccess,
  RocketMqConsumer,
  RocketMqMessage,
  RocketMqSubscription,
} from './client.ts';
import { clientOptions, connected, failureOf, within } from './connection.ts';
import { type RocketMqFailure, rocketMqFailure } from './failure.ts';

/**
 * A proxy waits at least so long (its `grpcClientConsumerMinLongPollingTimeoutMillis`). Who hangs up before gets nothing
 * of what it takes meanwhile, which then is hidden from everybody.
 */
const waitSecondsMin = 5;

/**
 * The client's consumer, asked for one topic at a time: its own `receive` takes the topics in turn, so that an idle
 * one holds up the others for as long as a long poll waits.
 */
class Client extends connected(SimpleConsumer) {
  readonly #subscriptions: ReadonlyMap<string, FilterExpression>;
  readonly #balancers = new Map<string, SubscriptionLoadBalancer>();

  constructor(access: RocketMqAccess, log: Log, group: string, subscriptions: Map<string, FilterExpression>) {
    // The broker is told the wait with each request.
    super({ ...clientOptions(access, log), consumerGroup: group, subscriptions, awaitDuration: 0 });
    this.#subscriptions = subscriptions;
    // With no topics, `startup()` starts the timers and waits for nothing.
    this.topics.clear();
  }

  async findTopic(topic: string): Promise<void> {
    this.#balancers.set(topic, new SubscriptionLoadBalancer(await this.getRouteData(topic)));
  }

  /** Answers undefined for a topic that is not subscribed. */
  async receiveFrom(
    topic: string,
    request: { max: number; waitMs: number; invisibleMs: number },
  ): Promise<MessageView[] | undefined> {
    const filter = this.#subscriptions.get(topic);
    if (filter === undefined) return undefined;
    if (!this.#balancers.has(topic)) await this.findTopic(topic);
    const queue = this.#balancers.get(topic)?.takeMessageQueue();
    if (queue === undefined) return undefined;
    const { max, waitMs, invisibleMs } = request;
    const wrapped = this.wrapReceiveMessageRequest(max, queue, filter, invisibleMs, waitMs);
    return await this.receiveMessage(wrapped, queue, waitMs);
  }
}

export async function openConsumer(
  log: Log,
  access: RocketMqAccess,
  { group, topics }: ConsumerOptions,
): Promise<{ kind: 'open'; consumer: RocketMqConsumer } | RocketMqFailure> {
  let client: Client | undefined;
  try {
    const filters = new Map(topics.map((subscription) => [subscription.topic, filterOf(subscription)]));
    client = new Client(access, log, group, filters);
    // Finding a topic, the settings, and as much again to spare.
    await within(4 * client.requestTimeoutMs, open(client, [...filters.keys()]));
    return { kind: 'open', consumer: consumerOf(client) };
  } catch (error) {
    await client?.connection.close(client, client.requestTimeoutMs);
    return failureOf(error);
  }
}

/** One topic that cannot be had does not keep the others from being read: asking for it tells why. */
async function open(client: Client, topics: readonly string[]): Promise<void> {
  await client.startup();
  const found = await Promise.allSettled(topics.map((topic) => client.findTopic(topic)));
  const failed = found.find((result) => result.status === 'rejected');
  if (failed !== undefined && found.every(({ status }) => status === 'rejected')) throw failed.reason;
  await client.connection.settled;
}

function consumerOf(client: Client): RocketMqConsumer {
  const views = new WeakMap<RocketMqMessage, MessageView>();
  const withView = async (
    message: RocketMqMessage,
    work: (view: MessageView) => Promise<void>,
  ): Promise<{ kind: 'done' } | RocketMqFailure> => {
    const view = views.get(message);
    if (view === undefined) {
      throw new Error(`The message ${message.id} was not received by this consumer.`);
    }
    try {
      await within(2 * client.requestTimeoutMs, work(view));
      return { kind: 'done' };
    } catch (error) {
      return failureOf(error);
    }
  };
  return {
    async receive({ topic, max, waitSeconds, invisibleSeconds }) {
      const waitMs = 1000 * Math.max(waitSecondsMin, waitSeconds);
      try {
        const taken = await within(
          waitMs + 2 * client.requestTimeoutMs,
          client.receiveFrom(topic, { max, waitMs, invisibleMs: 1000 * invisibleSeconds }),
        );
        if (taken === undefined) {
          return rocketMqFailure('refused', `The consumer has no subscription to the topic ${topic}`);
        }
        const messages = taken.map((view) => {
          const message = messageOf(view);
          views.set(message, view);
          return message;
        });
        return { kind: 'messages', messages };
      } catch (error) {
        return failureOf(error);
      }
    },
    ack: (message) => withView(message, (view) => client.ack(view)),
    changeInvisible: (message, seconds) =>
      withView(message, (view) => client.changeInvisibleDuration(view, 1000 * seconds)),
    close: () => client.connection.close(client, client.requestTimeoutMs),
  };
}

function filterOf({ filter }: RocketMqSubscription): FilterExpression {
  return 'tags' in filter
    ? new FilterExpression(filter.tags)
    : new FilterExpression(filter.sql, definitions.FilterType.SQL);
}

function messageOf(view: MessageView): RocketMqMessage {
  return {
    id: view.messageId,
    topic: view.topic,
    // Protocol buffers give an empty string for what was not sent.
    tag: view.tag || undefined,
    keys: view.keys,
    properties: Object.fromEntries(view.properties),
    body: view.body,
    corrupted: view.corrupted === true,
    bornAtMs: view.bornTimestamp?.getTime(),
    bornHost: view.bornHost || undefined,
    deliverAtMs: view.deliveryTimestamp?.getTime(),
    group: view.messageGroup || undefined,
    attempt: view.deliveryAttempt ?? 1,
  };
}
