import { prices } from '../bill/bill.ts';
import type { Target } from '../event/target.ts';
import type { Filter } from '../filter/filter.ts';
import { filterable, matches } from '../filter/match.ts';
import { trustSeconds } from '../kernel/trust.ts';
import { batchLimits, type Message, type Sized } from './routing.ts';

/** The messages that go to the queue of one receiver, by their places. */
export interface Copies {
  readonly receiver: string;
  readonly places: readonly number[];
}

/**
 * How messages reach their target. `straight`: the publisher matches the filters itself and writes to the queue of each
 * receiver, in batches. `fan-out`: SNS matches the filters, and copies each message to the queues one by one.
 */
export type Route =
  | { readonly kind: 'straight'; readonly copies: readonly Copies[] }
  | { readonly kind: 'fan-out'; readonly topic: string };

/** A subscription, as far as it decides a route. */
export interface Subscriber {
  readonly receiver: string;
  readonly filter?: Filter | undefined;
  /** RFC 3339. */
  readonly updatedAt: string;
}

/** A publisher writes to at most this many queues itself: they are called at the same time, and the slowest one counts. */
export const straightReceiversMax = 20;

/** The same while SNS would still filter by what the subscriptions were. */
export const settlingReceiversMax = 100;

/** SNS may use an earlier filter for this long (SNS developer guide, "Subscription filter policies"). */
export const fanOutSettlesSeconds = 15 * 60;

/**
 * The longest that a publisher trusts the subscriptions it read: of a few receivers, and of more. A change of the few takes
 * effect within five seconds, of which reading them may take one.
 */
const cacheSecondsMax = { few: 4, many: 5 };

/** How long it takes at most until every event goes by a change of a subscription, in seconds. */
export function settlesSeconds(topic: { readonly isOrdered: boolean }, subscribers: number): number {
  if (topic.isOrdered || subscribers > settlingReceiversMax) return fanOutSettlesSeconds;
  return subscribers > straightReceiversMax ? cacheSecondsMax.many : cacheSecondsMax.few;
}

/**
 * How long a publisher may use the subscriptions of a topic as it read them. While they are new and change often, a
 * change shall count at once; those that have stood for long are read every four seconds, however busy the topic is.
 * Where there are too many to write to, SNS decides, and they serve to explain what it did.
 * @returns seconds, 0.05 to 5.
 */
export function subscriptionsCacheSeconds(subscribers: readonly Subscriber[], nowMs: number): number {
  if (subscribers.length > straightReceiversMax) return cacheSecondsMax.many;
  if (subscribers.length === 0) return 0.05;
  const latestMs = Math.max(...subscribers.map(({ updatedAt }) => Date.parse(updatedAt)));
  return trustSeconds(latestMs, nowMs, { minSeconds: 0.05, maxSeconds: cacheSecondsMax.few });
}

/**
 * What a call of a publisher costs beside its price: the CPU time to make it, some 1.5 ms of a core, of which a function
 * of 512 MB has the third part (docs/bench.md).
 */
const callDollars = 0.00000003;

/**
 * The cheaper of the two routes, by the list prices. An ordered topic always fans out: a straight event would overtake
 * one that SNS still has. So does a topic with a filter that takes more work than a publisher does for it. A topic whose
 * subscriptions have changed lately goes straight, since SNS may still filter by what they were.
 * @param subscribers those of the topic; not looked at for a receiver, and for ordered messages.
 */
export function chooseRoute(
  target: Target,
  messages: readonly (Message & Sized)[],
  subscribers: readonly Subscriber[],
  nowMs: number,
): Route {
  if (!('topic' in target)) {
    return { kind: 'straight', copies: [{ receiver: target.receiver, places: [...messages.keys()] }] };
  }
  const fanOut = { kind: 'fan-out', topic: target.topic } as const;
  // To a topic without subscribers SNS is the witness that the topic is still there.
  if (subscribers.length === 0) return fanOut;
  const settledMs = nowMs - fanOutSettlesSeconds * 1000;
  const isSettling = subscribers.some(({ updatedAt }) => Date.parse(updatedAt) > settledMs);
  if (subscribers.length > (isSettling ? settlingReceiversMax : straightReceiversMax)) return fanOut;
  if (isOrdered(messages)) return fanOut;
  const copies = copiesOf(messages, subscribers);
  if (copies === undefined) return fanOut;
  const straight = { kind: 'straight', copies } as const;
  if (isSettling) return straight;
  return straightDollars(messages, copies) <= fanOutDollars(messages, copies) ? straight : fanOut;
}

/** Whether messages are of an ordered topic. */
export const isOrdered = (messages: readonly Message[]): boolean =>
  messages.some(({ order }) => order !== undefined);

/** Whose filter matches which messages; undefined when that cannot be told for one of them. */
function copiesOf(messages: readonly Message[], subscribers: readonly Subscriber[]): Copies[] | undefined {
  const readable = messages.map(filterable);
  const copies: Copies[] = [];
  for (const { receiver, filter } of subscribers) {
    const places: number[] = [];
    for (const [place, message] of readable.entries()) {
      const isMatch = filter === undefined || matches(filter, message);
      if (isMatch === undefined) return undefined;
      if (isMatch) places.push(place);
    }
    if (places.length > 0) copies.push({ receiver, places });
  }
  return copies;
}

const requestBytes = 64 * 1024;

/** The price of a request with so many bytes, which counts once for each started 64 KB. */
const requestDollars = (unit: keyof typeof prices, bytes: number) =>
  (Math.max(1, Math.ceil(bytes / requestBytes)) * prices[unit].dollars) / prices[unit].per;

/** As SQS bills a request; a group on a standard queue costs more. */
const queueDollars = (unit: 'sqs.requests' | 'sqs.requests-from-sns', isFair: boolean, bytes: number) =>
  requestDollars(unit, bytes) + (isFair ? requestDollars('sqs.fair-requests', bytes) : 0);

/** At most: where a receiver gets one type alone, its messages have no group in the end. */
function straightDollars(messages: readonly (Message & Sized)[], copies: readonly Copies[]): number {
  let dollars = 0;
  for (const { places } of copies) {
    for (let from = 0; from < places.length; from += batchLimits.queue.entriesMax) {
      const batch = places.slice(from, from + batchLimits.queue.entriesMax);
      const isFair = batch.some((place) => messages[place]?.group !== undefined);
      dollars += queueDollars('sqs.requests', isFair, bytesOf(messages, batch)) + callDollars;
    }
  }
  return dollars;
}

function fanOutDollars(messages: readonly (Message & Sized)[], copies: readonly Copies[]): number {
  const calls = Math.ceil(messages.length / batchLimits.topic.entriesMax);
  const bytes = bytesOf(messages, [...messages.keys()]);
  let dollars = calls * (requestDollars('sns.requests', bytes / calls) + callDollars);
  for (const place of copies.flatMap(({ places }) => places)) {
    const message = messages[place];
    dollars += queueDollars('sqs.requests-from-sns', message?.group !== undefined, message?.bytes ?? 0);
  }
  return dollars;
}

const bytesOf = (messages: readonly Sized[], places: readonly number[]) =>
  places.reduce((sum, place) => sum + (messages[place]?.bytes ?? 0), 0);
