import { breakerOf, type ShownBreaker, showBreaker } from '../../core/breaker/breaker.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Subscription } from '../../core/registry/subscription.ts';
import type { Topic } from '../../core/registry/topic.ts';
import type { Names } from '../../core/why/occurrence.ts';
import type { Tools } from '../../runtime/tools.ts';

/** What the registry says about the topics and receivers that an event has to do with; nothing else of it is read. */
export interface Known {
  readonly nowMs: number;
  readonly topics: ReadonlyMap<string, Topic>;
  /** Of each of the topics. */
  readonly subscriptions: ReadonlyMap<string, readonly Subscription[]>;
  /** Those that are named, and the subscribed ones. */
  readonly receivers: ReadonlyMap<string, Receiver>;
}

export async function readKnown(tools: Tools<'registry'>, names: Names): Promise<Known> {
  const { registry } = tools;
  const topics = (await Promise.all([...names.topics].map((name) => registry.topic(name)))).filter(
    (topic) => topic !== undefined,
  );
  const subscriptions = await Promise.all(topics.map(({ topic }) => registry.subscriptions(topic)));
  const subscribed = subscriptions.flat().map(({ receiver }) => receiver);
  return {
    nowMs: tools.clock.now(),
    topics: new Map(topics.map((topic) => [topic.topic, topic])),
    subscriptions: new Map(topics.map(({ topic }, at) => [topic, subscriptions[at] ?? []])),
    receivers: await registry.receiversNamed([...names.receivers, ...subscribed]),
  };
}

export async function breakersOf(
  tools: Tools<'breakers'>,
  receivers: readonly Receiver[],
): Promise<ReadonlyMap<string, ShownBreaker>> {
  const shown = await Promise.all(
    receivers.map(async ({ receiver, endpoint }) => {
      const kept = await tools.breakers.read(receiver);
      return [receiver, showBreaker(breakerOf(kept, endpoint), tools.clock.now())] as const;
    }),
  );
  return new Map(shown);
}
