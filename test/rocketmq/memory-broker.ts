import type {
  ConsumerOptions,
  RocketMq,
  RocketMqAccess,
  RocketMqConsumer,
  RocketMqMessage,
  RocketMqOutgoing,
  RocketMqProducer,
} from '../../lib/connectors/rocketmq/client.ts';
import {
  type RocketMqFailure,
  type RocketMqFailureKind,
  rocketMqFailure,
} from '../../lib/connectors/rocketmq/failure.ts';
import type { Clock } from '../../lib/runtime/clock.ts';

export type TopicType = 'normal' | 'delay' | 'fifo';

/** What a stand-in may be told to do wrong: at which operation, and how. */
export interface BrokerFault {
  readonly operation: 'open' | 'receive' | 'ack' | 'changeInvisible' | 'send';
  readonly failure: RocketMqFailureKind;
  /** Whether the broker does what was asked, and only its answer is lost. */
  readonly done?: boolean;
}

interface Stored extends Omit<RocketMqMessage, 'attempt'> {
  readonly storedAtMs: number;
}

/** How far a consumer group is with one message. */
interface Progress {
  attempt: number;
  visibleAtMs: number;
  /** Names the delivery that may acknowledge it. */
  receipt: number;
  done: boolean;
}

interface Group {
  readonly orderly: boolean;
  /** By message id. */
  readonly progress: Map<string, Progress>;
}

/**
 * A RocketMQ cluster in memory, under the clock of the test: topics with their types, groups that each get every
 * message, invisibility, redelivery, delay, order in message groups, credentials. The contract suite holds it to the
 * real broker; what that does not cover it does not model (SQL filters, broadcasting, transactions).
 */
export class MemoryBroker implements RocketMq {
  readonly #clock: Clock;
  readonly #topics = new Map<string, { type: TopicType; messages: Stored[] }>();
  readonly #groups = new Map<string, Group>();
  readonly #waiting = new Set<() => void>();
  readonly #faults: BrokerFault[] = [];
  /** Access key to secret key; none lets everybody in. */
  readonly #credentials = new Map<string, string>();
  #up = true;
  #counter = 0;
  /** How many consumers and producers are open, so that a test sees that all were closed. */
  open = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  createTopic(name: string, type: TopicType = 'normal'): void {
    this.#topics.set(name, { type, messages: [] });
  }

  createGroup(name: string, options: { orderly?: boolean } = {}): void {
    this.#groups.set(name, { orderly: options.orderly === true, progress: new Map() });
  }

  requireCredentials(accessKey: string, secretKey: string): void {
    this.#credentials.set(accessKey, secretKey);
  }

  /** What it has stays; whoever asks meanwhile is told that it cannot be reached. */
  stop(): void {
    this.#up = false;
    this.#wake();
  }

  start(): void {
    this.#up = true;
  }

  /** The next operation of the kind fails; given twice, so do the next two. */
  failNext(fault: BrokerFault): void {
    this.#faults.push(fault);
  }

  /** All messages of a topic, in the order in which they were stored. */
  messages(topic: string): readonly RocketMqMessage[] {
    return (this.#topics.get(topic)?.messages ?? []).map((message) => ({ ...message, attempt: 0 }));
  }

  /** What a group was not done with yet. */
  unacknowledged(group: string, topic: string): readonly string[] {
    const progress = this.#groups.get(group)?.progress;
    return this.messages(topic)
      .map(({ id }) => id)
      .filter((id) => progress?.get(id)?.done !== true);
  }

  /** Stores a message as a producer's would be, also one that no sound producer sends. */
  put(message: RocketMqOutgoing & Partial<Pick<Stored, 'id' | 'bornAtMs' | 'corrupted'>>): string {
    const now = this.#clock.now();
    this.#counter += 1;
    const id = message.id ?? `01${this.#counter.toString(16).toUpperCase().padStart(32, '0')}`;
    this.#topic(message.topic).messages.push({
      ...message,
      id,
      corrupted: message.corrupted ?? false,
      bornAtMs: message.bornAtMs ?? now,
      bornHost: 'memory',
      storedAtMs: now,
    });
    this.#wake();
    return id;
  }

  async openConsumer(access: RocketMqAccess, { group, topics }: ConsumerOptions) {
    const refused = this.#refusal('open', access) ?? this.#topicRefusal(topics.map(({ topic }) => topic));
    if (refused !== undefined) return refused;
    this.open += 1;
    return { kind: 'open' as const, consumer: this.#consumer(access, group, topics) };
  }

  async openProducer(access: RocketMqAccess, { topics }: { readonly topics: readonly string[] }) {
    const refused =
      this.#refusal('open', access) ?? topics.map((topic) => this.#unknown(topic)).find(Boolean);
    if (refused !== undefined) return refused;
    this.open += 1;
    return { kind: 'open' as const, producer: this.#producer(access) };
  }

  #consumer(access: RocketMqAccess, group: string, topics: ConsumerOptions['topics']): RocketMqConsumer {
    const receipts = new WeakMap<RocketMqMessage, number>();
    let closed = false;
    const settle = (
      operation: 'ack' | 'changeInvisible',
      message: RocketMqMessage,
      change: (progress: Progress) => void,
    ) => {
      const receipt = receipts.get(message);
      if (receipt === undefined)
        throw new Error(`The message ${message.id} was not received by this consumer.`);
      const apply = () => {
        const progress = this.#groups.get(group)?.progress.get(message.id);
        const valid = progress?.receipt === receipt && !progress.done;
        if (valid) change(progress);
        this.#wake();
        return valid ? undefined : rocketMqFailure('expired', 'The receipt expired');
      };
      return this.#refusal(operation, access, apply) ?? apply() ?? { kind: 'done' as const };
    };
    return {
      receive: async ({ topic, max, waitSeconds, invisibleSeconds }) => {
        const subscription = topics.find((other) => other.topic === topic);
        if (subscription === undefined) {
          return rocketMqFailure('refused', `The consumer has no subscription to the topic ${topic}`);
        }
        // A proxy does not wait for less than five seconds, whatever it is told.
        const until = this.#clock.now() + 1000 * Math.max(5, waitSeconds);
        for (;;) {
          if (closed) return rocketMqFailure('broker', 'The consumer is closed');
          let taken: RocketMqMessage[] = [];
          const take = () => {
            taken = this.#take(group, topic, tagsOf(subscription.filter), max, 1000 * invisibleSeconds);
          };
          const refused =
            this.#refusal('receive', access, take) ?? this.#unknown(topic) ?? this.#unknownGroup(group);
          if (refused !== undefined) return refused;
          take();
          for (const message of taken) {
            receipts.set(message, this.#groups.get(group)?.progress.get(message.id)?.receipt ?? 0);
          }
          const now = this.#clock.now();
          if (taken.length > 0 || now >= until) return { kind: 'messages', messages: taken };
          await this.#change(Math.min(until, this.#nextChange(group, topic)) - now);
        }
      },
      ack: async (message) =>
        settle('ack', message, (progress) => {
          progress.done = true;
        }),
      changeInvisible: async (message, seconds) =>
        settle('changeInvisible', message, (progress) => {
          progress.visibleAtMs = this.#clock.now() + 1000 * seconds;
          // The old receipt is no good any more, and the consumer keeps the new one.
          progress.receipt += 1;
          receipts.set(message, progress.receipt);
        }),
      close: async () => {
        if (!closed) this.open -= 1;
        closed = true;
        this.#wake();
      },
    };
  }

  #producer(access: RocketMqAccess): RocketMqProducer {
    let closed = false;
    return {
      send: async (message) => {
        if (closed) return rocketMqFailure('broker', 'The producer is closed');
        const store = () => {
          this.put(message);
        };
        const refused =
          this.#unknown(message.topic) ?? this.#wrongType(message) ?? this.#refusal('send', access, store);
        if (refused !== undefined) return refused;
        return { kind: 'sent', messageId: this.put(message) };
      },
      close: async () => {
        if (!closed) this.open -= 1;
        closed = true;
      },
    };
  }

  #take(group: string, topic: string, tags: readonly string[] | undefined, max: number, invisibleMs: number) {
    const now = this.#clock.now();
    const { orderly, progress } = this.#group(group);
    /** Message groups of which an earlier message is under way with somebody. */
    const blocked = new Set<string>();
    const taken: RocketMqMessage[] = [];
    for (const message of this.#topic(topic).messages) {
      if (taken.length >= max) break;
      if (tags !== undefined && !tags.includes(message.tag ?? '')) continue;
      if ((message.deliverAtMs ?? 0) > now) continue;
      const state = progress.get(message.id) ?? { attempt: 0, visibleAtMs: 0, receipt: 0, done: false };
      if (state.done) continue;
      const waits = state.visibleAtMs > now || (message.group !== undefined && blocked.has(message.group));
      if (waits) {
        if (orderly && message.group !== undefined) blocked.add(message.group);
        continue;
      }
      state.attempt += 1;
      state.visibleAtMs = now + invisibleMs;
      this.#counter += 1;
      state.receipt = this.#counter;
      progress.set(message.id, state);
      const { storedAtMs: _, ...rest } = message;
      taken.push({ ...rest, attempt: state.attempt });
    }
    return taken;
  }

  /** When the next message of the topic becomes visible by itself. */
  #nextChange(group: string, topic: string): number {
    const now = this.#clock.now();
    const { progress } = this.#group(group);
    const times = this.#topic(topic).messages.flatMap((message) => {
      const state = progress.get(message.id);
      return state?.done === true ? [] : [message.deliverAtMs ?? 0, state?.visibleAtMs ?? 0];
    });
    return Math.min(Number.POSITIVE_INFINITY, ...times.filter((time) => time > now));
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel = () => {};
      const wake = () => {
        this.#waiting.delete(wake);
        cancel();
        resolve();
      };
      this.#waiting.add(wake);
      if (Number.isFinite(ms)) cancel = this.#clock.setTimer(Math.max(0, ms), wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #refusal(
    operation: BrokerFault['operation'],
    access: RocketMqAccess,
    apply?: () => unknown,
  ): RocketMqFailure | undefined {
    if (!this.#up) return rocketMqFailure('unreachable', `No connection to ${access.endpoint}`);
    const { credentials } = access;
    if (this.#credentials.size > 0) {
      const secret = credentials && this.#credentials.get(credentials.accessKey);
      if (secret === undefined || secret !== credentials?.secretKey) {
        return rocketMqFailure('unauthorized', 'The credentials were refused');
      }
    }
    const index = this.#faults.findIndex((fault) => fault.operation === operation);
    if (index < 0) return undefined;
    const [fault] = this.#faults.splice(index, 1);
    if (fault === undefined) return undefined;
    if (fault.done === true) apply?.();
    return rocketMqFailure(fault.failure, `As the test asked for (${operation})`);
  }

  #topicRefusal(topics: readonly string[]): RocketMqFailure | undefined {
    const unknown = topics.map((topic) => this.#unknown(topic));
    return unknown.every((refused) => refused !== undefined) ? unknown[0] : undefined;
  }

  #unknown(topic: string): RocketMqFailure | undefined {
    return this.#topics.has(topic) ? undefined : rocketMqFailure('not-found', `No topic ${topic}`);
  }

  #unknownGroup(group: string): RocketMqFailure | undefined {
    return this.#groups.has(group)
      ? undefined
      : rocketMqFailure('broker', `The consumer group ${group} does not exist`);
  }

  #wrongType({ topic, deliverAtMs, group }: RocketMqOutgoing): RocketMqFailure | undefined {
    if (deliverAtMs !== undefined && group !== undefined) {
      return rocketMqFailure('refused', 'A message is either delayed or in a group');
    }
    const type = deliverAtMs !== undefined ? 'delay' : group !== undefined ? 'fifo' : 'normal';
    return this.#topic(topic).type === type
      ? undefined
      : rocketMqFailure('refused', `The topic ${topic} takes no messages of the type ${type}`);
  }

  #topic(name: string) {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new Error(`The stand-in has no topic ${name}`);
    return topic;
  }

  #group(name: string): Group {
    const group = this.#groups.get(name);
    if (group === undefined) throw new Error(`The stand-in has no consumer group ${name}`);
    return group;
  }
}

function tagsOf(filter: ConsumerOptions['topics'][number]['filter']): readonly string[] | undefined {
  if (!('tags' in filter))
    throw new Error('The stand-in knows no SQL: test such a filter with the real broker.');
  return filter.tags === '*' ? undefined : filter.tags.split('||').map((tag) => tag.trim());
}
