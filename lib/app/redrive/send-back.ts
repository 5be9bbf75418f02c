import { traceAttribute } from '../../core/event/trace-mode.ts';
import { anew, lifetimeOf, type Redrive } from '../../core/redrive/redrive.ts';
import { type Order, orderAttribute, orderOf, redriveDeduplicationId } from '../../core/routing/order.ts';
import {
  batchLimits,
  incarnationAttribute,
  type Message,
  messageBytes,
  redriveAttribute,
  type Sized,
  topicAttribute,
} from '../../core/routing/routing.ts';
import type { KeptDeadLetter } from '../../runtime/stores/dead-letters.ts';
import type { Tools } from '../../runtime/tools.ts';
import { sendAll } from '../routing/send-all.ts';

export type SendBackTools = Tools<'registry' | 'deadLetters' | 'deliveries' | 'queues'>;

/**
 * Sends up to ten dead letters to the lane of their receiver without losing one: a letter is deleted only when the lane
 * has it. After a crash in between it is sent again under the same delivery id, unless its record says that it was
 * delivered meanwhile.
 */
export async function sendBack(
  tools: SendBackTools,
  run: Redrive,
  letters: readonly KeptDeadLetter[],
): Promise<{ sent: number; settledBefore: number; failure: string | undefined }> {
  const { receiver } = run;
  const ids = letters.map(({ letter }) => letter.id);
  const contents = await tools.deadLetters.contents(run, ids);
  const records = await tools.deliveries.find(ids, lifetimeOf(run));
  const alreadyDelivered: KeptDeadLetter[] = [];
  const outgoing: (KeptDeadLetter & Message & Sized)[] = [];
  for (const kept of letters) {
    const content = contents.get(kept.letter.id);
    if (content === undefined || records.get(kept.letter.id)?.state === 'delivered') {
      alreadyDelivered.push(kept);
      continue;
    }
    const attributes = {
      [redriveAttribute]: run.id,
      ...(run.incarnation !== undefined && { [incarnationAttribute]: run.incarnation }),
      ...(content.topic !== undefined && { [topicAttribute]: content.topic }),
      ...(content.trace !== undefined && { [traceAttribute]: content.trace }),
    };
    const order = await orderAnew(tools, run, kept.letter.id, content);
    const message = { body: content.body, attributes, ...(order !== undefined && { order }) };
    outgoing.push({ ...kept, ...message, bytes: messageBytes(message) });
  }
  // The record first: with the old one, a crashed attempt would be followed by the last attempt of the policy.
  if (outgoing.length > 0) {
    const nowMs = tools.clock.now();
    await tools.deliveries.put(
      outgoing.map(({ letter }) => anew(run, letter, records.get(letter.id), nowMs)),
    );
  }
  const gone = [...alreadyDelivered];
  let failure: string | undefined;
  for (const role of ['online', 'ordered'] as const) {
    const ofLane = outgoing.filter(({ order }) => (order === undefined) === (role === 'online'));
    const failures = await sendAll(ofLane, batchLimits.queue, (batch) =>
      tools.queues.send({ receiver, role }, batch),
    );
    for (const [index, kept] of ofLane.entries()) {
      const failed = failures[index];
      if (failed === undefined) gone.push(kept);
      else failure = failed.reason;
    }
  }
  if (gone.length > 0) await tools.deadLetters.remove(run, gone);
  if (failure !== undefined) {
    tools.log('error', 'A dead letter could not be redriven yet', { receiver, reason: failure });
  }
  return { sent: gone.length - alreadyDelivered.length, settledBefore: alreadyDelivered.length, failure };
}

/**
 * The order of a dead letter when it goes back: at the end of its key, for an event of an ordered topic to which its
 * receiver is still subscribed; otherwise none, and it goes to the online lane.
 */
async function orderAnew(
  tools: SendBackTools,
  run: Redrive,
  deliveryId: string,
  content: { readonly topic?: string | undefined; readonly body: string },
): Promise<Order | undefined> {
  if (content.topic === undefined) return undefined;
  const topic = await tools.registry.cachedTopic(content.topic);
  if (topic === undefined || orderAttribute(topic) === undefined) return undefined;
  const subscriptions = await tools.registry.cachedSubscriptions(topic.topic);
  if (!subscriptions.some(({ receiver }) => receiver === run.receiver)) return undefined;
  const order = orderOf(topic, { ...JSON.parse(content.body), body: content.body });
  // Sent again after a crash, it is the same message; sent by a later redrive, it is another.
  return order && { ...order, deduplicationId: redriveDeduplicationId(run.id, deliveryId) };
}
