import { createHash } from 'node:crypto';
import type { Place } from '../kernel/place.ts';
import type { Target } from './target.ts';

/**
 * Where an event has been: a bus that gives to RocketMQ and takes from there must not send it round in a circle. What
 * is remembered is places and not bridges: a bridge that refuses to bring an event to where it has been stops it before
 * anybody there gets it twice, and two topics may mirror each other.
 */

/** The CloudEvents extension attribute that carries the chain, over the bus and as a property of messages. */
export const hopsAttribute = 'busbarhops';

/** An event that has been in so many places goes in a circle that nobody can see, or its chain was made up. */
export const hopsMax = 16;

/** What tells a bus from all others, without giving the account away. */
export function busId({ partition, account, region, prefix }: Place): string {
  const hash = createHash('sha256').update(JSON.stringify([partition, account, region, prefix]));
  return `${prefix}-${hash.digest('hex').slice(0, 10)}`;
}

/** A topic of a bus; for an event that was invoked, the receiver. */
export function busHop(bus: string, target: Target): string {
  return 'topic' in target ? `bus:${bus}/topics/${target.topic}` : `bus:${bus}/receivers/${target.receiver}`;
}

/**
 * A topic of a RocketMQ cluster, by the endpoint under which the bus knows it. A cluster that is reached by two names
 * is taken for two: an event then goes round once more, until it comes to a topic of the bus again.
 */
export const rocketMqHop = (endpoint: string, topic: string): string =>
  `rocketmq:${encode(endpoint.toLowerCase())}/${encode(topic)}`;

const encode = (text: string) =>
  text.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));

/** The chain in an event's attribute, the oldest place first; whatever is no text is none. */
export function readHops(value: unknown): readonly string[] {
  return typeof value === 'string' ? value.split(' ').filter((hop) => hop !== '') : [];
}

/** The log line that a metric counts, with the number of events in `count`. */
export const loopsStopped = 'Events that go round in a circle were stopped';

export const writeHops = (hops: readonly string[]): string => hops.join(' ');

/** Whether an event may go to another place, and the chain that it takes along. */
export type Passage =
  | { readonly kind: 'goes'; readonly hops: readonly string[] }
  | { readonly kind: 'stopped'; readonly cause: StopCause; readonly detail: string };

export type StopCause = 'loop' | 'too-many-hops';

/**
 * Decides whether an event goes on.
 * @param hops where it has been.
 * @param from where it is now; it may stand in the chain already.
 * @param to where it would go.
 */
export function passOn(hops: readonly string[], from: string, to: string): Passage {
  const taken = hops.at(-1) === from ? hops : [...hops, from];
  if (taken.includes(to)) {
    return { kind: 'stopped', cause: 'loop', detail: `It has been in ${to} before: ${taken.join(', ')}.` };
  }
  if (taken.length > hopsMax) {
    return {
      kind: 'stopped',
      cause: 'too-many-hops',
      detail: `It has been in ${taken.length} places, and ${hopsMax} are the most: ${taken.slice(-3).join(', ')}.`,
    };
  }
  return { kind: 'goes', hops: taken };
}
