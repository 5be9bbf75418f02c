import { createHash } from 'node:crypto';
import type { Place } from '../kernel/place.ts';
import type { Target } from './target.ts';

/**
 * Where an event has been. A bus that sends to a broker and receives from it must not send an event round in a circle. The chain lists places, not bridges: a bridge that does not bring an event to where it has already been stops
 * it before anyone there gets it twice, and two topics may mirror each other.
 */

/** The CloudEvents extension attribute that carries the chain, over the bus and as a property of messages. */
export const hopsAttribute = 'busbarhops';

/**
 * An event that has been in more places goes round in a circle that the chain does not show, or its chain is forged.
 */
export const hopsMax = 16;

/** Identifies a bus without revealing its account. */
export function busId({ partition, account, region, prefix }: Place): string {
  const hash = createHash('sha256').update(JSON.stringify([partition, account, region, prefix]));
  return `${prefix}-${hash.digest('hex').slice(0, 10)}`;
}

/** A topic of a bus; the receiver for an invoked event. */
export function busHop(bus: string, target: Target): string {
  return 'topic' in target ? `bus:${bus}/topics/${target.topic}` : `bus:${bus}/receivers/${target.receiver}`;
}

/** The chain in an event's attribute, the oldest place first; empty for a value that is not a string. */
export function readHops(value: unknown): readonly string[] {
  return typeof value === 'string' ? value.split(' ').filter((hop) => hop !== '') : [];
}

/** The log line that a metric counts, with the number of events in `count`. */
export const loopsStopped = 'Events that go round in a circle were stopped';

export const writeHops = (hops: readonly string[]): string => hops.join(' ');

/** Whether an event may go to another place, and the chain that it carries there. */
export type Passage =
  | { readonly kind: 'goes'; readonly hops: readonly string[] }
  | { readonly kind: 'stopped'; readonly cause: StopCause; readonly detail: string };

export type StopCause = 'loop' | 'too-many-hops';

/**
 * Decides whether an event goes on.
 * @param hops where it has been.
 * @param from where it is now; the chain may end with it already.
 * @param to where it would go.
 */
export function passOn(hops: readonly string[], from: string, to: string): Passage {
  const taken = hops.at(-1) === from ? hops : [...hops, from];
  if (taken.includes(to)) {
    return {
      kind: 'stopped',
      cause: 'loop',
      detail: `The event has already been in ${to}: ${taken.join(', ')}.`,
    };
  }
  if (taken.length > hopsMax) {
    return {
      kind: 'stopped',
      cause: 'too-many-hops',
      detail: `The event has been in ${taken.length} places; at most ${hopsMax} are allowed. The last are ${taken.slice(-3).join(', ')}.`,
    };
  }
  return { kind: 'goes', hops: taken };
}
