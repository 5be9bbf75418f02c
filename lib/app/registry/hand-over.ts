import type { EndedSubscription } from '../../core/registry/owned.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Subscription } from '../../core/registry/subscription.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { orderAttribute } from '../../core/routing/order.ts';
import type { Parts } from '../../runtime/tools.ts';
import { mayStay } from '../grant/may-use.ts';
import type { AdminTools } from './admin.ts';

export type HandOverTools = AdminTools & Parts<'grants' | 'applications'>;

/** What was written, and the subscriptions that ended with its former owner's rights. */
export interface Settled<Document> {
  readonly document: Document;
  readonly ended: readonly EndedSubscription[];
}

/**
 * Ends the subscriptions of a topic that its new owner's rights do not carry. Until that is completed the topic is marked,
 * and `deliver` checks what comes by them; putting the topic again completes it.
 */
export async function settleTopic(tools: HandOverTools, topic: Topic): Promise<Settled<Topic>> {
  if (topic.handedOverAt === undefined) return { document: topic, ended: [] };
  const ended = await endUncarried(tools, await tools.registry.subscriptions(topic.topic));
  const { now } = await tools.registry.changeTopic(topic.topic, (is) => unmarked(is ?? topic, topic));
  return { document: now, ended };
}

/** The same for the subscriptions of a receiver. */
export async function settleReceiver(tools: HandOverTools, receiver: Receiver): Promise<Settled<Receiver>> {
  if (receiver.handedOverAt === undefined) return { document: receiver, ended: [] };
  const all = await tools.registry.subscriptions();
  const ended = await endUncarried(
    tools,
    all.filter((each) => each.receiver === receiver.receiver),
  );
  const { now } = await tools.registry.changeReceiver(receiver.receiver, (is) =>
    unmarked(is ?? receiver, receiver),
  );
  return { document: now, ended };
}

/** Without its mark, unless it went to yet another application meanwhile. */
function unmarked<Document extends Topic | Receiver>(is: Document, settled: Document): Document {
  if (is.owner !== settled.owner || is.incarnation !== settled.incarnation) return is;
  const { handedOverAt: _, ...rest } = is;
  return rest as Document;
}

async function endUncarried(
  tools: HandOverTools,
  subscriptions: readonly Subscription[],
): Promise<EndedSubscription[]> {
  const ended: EndedSubscription[] = [];
  for (const subscription of subscriptions) {
    if (!(await endIfUncarried(tools, subscription))) continue;
    const { topic, receiver } = subscription;
    tools.log('info', 'A subscription ended with the rights of a former owner', { topic, receiver });
    ended.push({ topic, receiver });
  }
  return ended;
}

/** Thrown when a subscription stays, so that its row is not deleted. */
class Stays extends Error {}

async function endIfUncarried(tools: HandOverTools, { topic, receiver }: Subscription): Promise<boolean> {
  let rounds = 0;
  let isThere = false;
  try {
    await tools.registry.deleteSubscription(topic, receiver, async ({ filter, declared }) => {
      rounds += 1;
      isThere = true;
      const [source, sink] = await Promise.all([
        tools.registry.topic(topic),
        tools.registry.receiver(receiver),
      ]);
      // Who deletes an end removes its subscriptions.
      if (declared || source === undefined || sink === undefined) throw new Stays();
      const isOrdered = orderAttribute(source) !== undefined;
      if (!(await mayStay(tools, source, sink, filter))) {
        return await tools.provision.deleteSubscription(topic, receiver, isOrdered);
      }
      // It was approved after an earlier round had ended it at SNS.
      if (rounds > 1) await tools.provision.putSubscription(topic, receiver, { filter, isOrdered }, sink);
      throw new Stays();
    });
    return isThere;
  } catch (error) {
    if (error instanceof Stays) return false;
    throw error;
  }
}
