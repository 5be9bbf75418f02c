import type { Target } from '../../core/event/target.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import { type Copies, chooseRoute, isOrdered } from '../../core/routing/choose-route.ts';
import {
  batchLimits,
  type Message,
  messageBytes,
  messageOf,
  type RoutableEvent,
  type Sized,
} from '../../core/routing/routing.ts';
import type { SendFailure } from '../../runtime/aws/topics.ts';
import type { Tools } from '../../runtime/tools.ts';
import { sendAll } from './send-all.ts';

export type RouteTools = Tools<'topics' | 'queues' | 'registry' | 'laneTypes'>;

type SizedMessage = Message & Sized;
type Failures = (SendFailure | undefined)[];

/** What the queue of one receiver does not take is sent to it again after these pauses. */
const pausesMs = [50, 250, 1000];

/**
 * Sends events to their target in batches as full as AWS allows. Returns, in the order of the events, why one was not
 * stored for each of its receivers, or undefined for one that AWS has.
 */
export async function route(
  tools: RouteTools,
  target: Target,
  events: readonly RoutableEvent[],
): Promise<Failures> {
  const messages = events.map((event) => {
    const message = messageOf(event, target);
    return { ...message, bytes: messageBytes(message) };
  });
  const subscriptions =
    'topic' in target && !isOrdered(messages) ? await tools.registry.cachedSubscriptions(target.topic) : [];
  const chosen = chooseRoute(target, messages, subscriptions, tools.clock.now());
  if (chosen.kind === 'fan-out') {
    return await sendAll(messages, batchLimits.topic, (batch) => tools.topics.send(chosen.topic, batch));
  }
  // A failure for one receiver is tried again for that one alone; where there is only one, the publisher may as well.
  const pauses = chosen.copies.length > 1 ? pausesMs : [];
  const sent = await Promise.all(
    chosen.copies.map((copies) => sendCopies(tools, target, messages, copies, pauses)),
  );
  const failures: Failures = messages.map(() => undefined);
  for (const [position, { places }] of chosen.copies.entries()) {
    for (const [at, place] of places.entries()) failures[place] ??= sent[position]?.[at];
  }
  return failures;
}

/** Sends messages to the queue of one receiver. */
async function sendCopies(
  tools: RouteTools,
  target: Target,
  messages: readonly SizedMessage[],
  { receiver, places }: Copies,
  pauses: readonly number[],
): Promise<Failures> {
  const addressed = places.flatMap((place) => messages[place] ?? []);
  const types = addressed.flatMap(({ group }) => group ?? []);
  const copies = tools.laneTypes.see(receiver, types) ? addressed : addressed.map(withoutGroup);
  const failures: Failures = copies.map(() => undefined);
  let left: readonly number[] = [...copies.keys()];
  for (const pauseMs of [...pauses, undefined]) {
    const sent = await sendAll(
      left.flatMap((at) => copies[at] ?? []),
      batchLimits.queue,
      (batch) => tools.queues.send({ receiver, role: 'online' }, batch),
    );
    for (const [position, at] of left.entries()) failures[at] = sent[position];
    left = left.filter((at) => failures[at]?.retryable === true);
    if (left.length === 0 || pauseMs === undefined) break;
    await sleep(tools.clock, pauseMs);
  }
  const isWanted =
    failures.every((failure) => failure === undefined) || (await isSubscribed(tools, target, receiver));
  // Its queue went with its subscription: as with SNS, it no longer gets anything.
  return isWanted ? failures : copies.map(() => undefined);
}

/** A receiver that gets one type alone needs no fairness, which costs extra. */
function withoutGroup({ group: _, ...message }: SizedMessage): SizedMessage {
  return message;
}

/** Whether the receiver of a copy is still to get it. */
async function isSubscribed(tools: RouteTools, target: Target, receiver: string): Promise<boolean> {
  if (!('topic' in target)) return true;
  return (await tools.registry.subscription(target.topic, receiver)) !== undefined;
}
