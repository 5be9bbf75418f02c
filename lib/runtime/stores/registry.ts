import { bus } from '../../core/limits.ts';
import type { Receiver, Subscription, Topic } from '../../core/registry.ts';
import type { Clock } from '../clock.ts';
import type { Table } from '../table.ts';

/** The topics, receivers and subscriptions that the bus knows. */
export interface RegistryStore {
  /** What is a few seconds old will do: for the hot path. */
  cachedTopic(topic: string): Promise<Topic | undefined>;
  cachedReceiver(receiver: string): Promise<Receiver | undefined>;
  cachedSubscriptions(topic: string): Promise<Subscription[]>;
  topic(topic: string): Promise<Topic | undefined>;
  receiver(receiver: string): Promise<Receiver | undefined>;
  subscription(topic: string, receiver: string): Promise<Subscription | undefined>;
  topics(): Promise<Topic[]>;
  receivers(): Promise<Receiver[]>;
  /** Of one topic, or of all. */
  subscriptions(topic?: string): Promise<Subscription[]>;
  putTopic(topic: Topic): Promise<void>;
  putReceiver(receiver: Receiver): Promise<void>;
  putSubscription(subscription: Subscription): Promise<void>;
  deleteTopic(topic: string): Promise<void>;
  deleteReceiver(receiver: string): Promise<void>;
  deleteSubscription(topic: string, receiver: string): Promise<void>;
}

const topicKey = (topic: string) => ({ pk: 'registry#topic', sk: topic });
const receiverKey = (receiver: string) => ({ pk: 'registry#receiver', sk: receiver });
/** A `#` stands in no name, so that the prefix of one topic is not that of another. */
const subscriptionKey = (topic: string, receiver: string) => ({
  pk: 'registry#subscription',
  sk: `${topic}#${receiver}`,
});

export function createRegistryStore(table: Table, clock: Clock): RegistryStore {
  const read = async <Document>(key: { pk: string; sk: string }) =>
    (await table.get(key, { consistent: true }))?.document as Document | undefined;
  const all = async <Document>(pk: string, prefix?: string) =>
    (await table.query(pk, prefix)).map((row) => row.document as Document);

  const cache = new Map<string, { untilMs: number; document: Promise<unknown> }>();
  /** Only what was found is remembered: a name that is made right now must be found at once. */
  const cached = <Document>(key: { pk: string; sk: string }): Promise<Document | undefined> =>
    remembered(`${key.pk}/${key.sk}`, () => read<Document>(key));
  const remembered = <Document>(name: string, load: () => Promise<Document>): Promise<Document> => {
    const kept = cache.get(name);
    if (kept !== undefined && kept.untilMs > clock.now()) return kept.document as Promise<Document>;
    const document = load();
    cache.set(name, { untilMs: clock.now() + bus.registryCacheSeconds * 1000, document });
    document.then(
      (found) => found === undefined && cache.delete(name),
      () => cache.delete(name),
    );
    return document;
  };
  const put = async (key: { pk: string; sk: string }, document: unknown) => {
    cache.delete(`${key.pk}/${key.sk}`);
    await table.put({ ...key, document });
  };
  const remove = async (key: { pk: string; sk: string }) => {
    cache.delete(`${key.pk}/${key.sk}`);
    await table.delete(key);
  };

  return {
    cachedTopic: (topic) => cached<Topic>(topicKey(topic)),
    cachedReceiver: (receiver) => cached<Receiver>(receiverKey(receiver)),
    cachedSubscriptions: (topic) =>
      remembered(`subscriptions of ${topic}`, () => all<Subscription>('registry#subscription', `${topic}#`)),
    topic: (topic) => read<Topic>(topicKey(topic)),
    receiver: (receiver) => read<Receiver>(receiverKey(receiver)),
    subscription: (topic, receiver) => read<Subscription>(subscriptionKey(topic, receiver)),
    topics: () => all<Topic>('registry#topic'),
    receivers: () => all<Receiver>('registry#receiver'),
    subscriptions: (topic) =>
      all<Subscription>('registry#subscription', topic === undefined ? '' : `${topic}#`),
    putTopic: (topic) => put(topicKey(topic.topic), topic),
    putReceiver: (receiver) => put(receiverKey(receiver.receiver), receiver),
    putSubscription: (subscription) =>
      put(subscriptionKey(subscription.topic, subscription.receiver), subscription),
    deleteTopic: (topic) => remove(topicKey(topic)),
    deleteReceiver: (receiver) => remove(receiverKey(receiver)),
    deleteSubscription: (topic, receiver) => remove(subscriptionKey(topic, receiver)),
  };
}
