import type { Drop, Receiver } from './receiver.ts';

type Dropping = Pick<Receiver, 'drops'>;

/** Nothing waits for so long in a lane: 14 days in each of two queues, and as long in that of its dead letters. */
const dropKeptSeconds = 60 * 24 * 3600;

/** The drop that a message of a topic falls under; undefined for one that is delivered. */
export const dropOf = (
  { drops = [] }: Dropping,
  topic: string | undefined,
  enteredAtMs: number,
): Drop | undefined =>
  drops.find(
    (drop) => drop.topic === topic && (drop.before === undefined || enteredAtMs < Date.parse(drop.before)),
  );

/** The receiver that drops what waits of a topic; repeated for the same revocation, it stays as it is. */
export function withDrop(receiver: Receiver, topic: string, at: string, nowMs: number): Receiver {
  const { drops = [] } = receiver;
  if (drops.some((drop) => drop.topic === topic && drop.at >= at)) return receiver;
  const others = drops.filter(
    (drop) => drop.topic !== topic && Date.parse(drop.at) > nowMs - dropKeptSeconds * 1000,
  );
  return { ...receiver, drops: [...others, { topic, at }] };
}

/**
 * The receiver after it was subscribed again: from then on it gets the events of the topic.
 * @param atMs not later than the subscription by any clock of AWS.
 */
export function subscribedAgain(receiver: Receiver, topic: string, atMs: number): Receiver {
  const { drops = [] } = receiver;
  const isOpen = (drop: Drop) => drop.topic === topic && drop.before === undefined;
  if (!drops.some(isOpen)) return receiver;
  return {
    ...receiver,
    drops: drops.map((drop) => (isOpen(drop) ? { ...drop, before: endOf(drop) } : drop)),
  };

  // What waited when it was revoked stays dropped, however soon it was subscribed again.
  function endOf({ at }: Drop): string {
    return new Date(Math.max(atMs, Date.parse(at))).toISOString();
  }
}

/** The line of the log that says which messages were dropped. */
export const eventsDropped = 'Events were dropped with the subscription that brought them';

/** Why a delivery is dropped. */
export const dropReason = ({ topic, at }: Drop): string =>
  `The owner of the topic ${topic} revoked the subscription at ${at} and dropped what was waiting`;
