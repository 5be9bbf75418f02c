import { bus } from '../kernel/limits.ts';
import { fairGroup } from '../routing/fair.ts';
import type { Message } from '../routing/routing.ts';
import { offlinePosts, type Planned, totalPosts } from './lane-plan.ts';
import { offloadCacheSeconds } from './limits.ts';

/** A type is hot that takes more than this part of the posts, where the receiver sets no `perType`. */
const hotShareDefault = 0.8;
/** Only what was seen of a lane within this time counts. */
const hotWindowSeconds = 10;
/** A lane lags behind whose batches have so many messages, one of which waited for so long. */
const hotBatchMessagesMin = 5;
const hotWaitSeconds = 1;
/** Less time in batches is no evidence: a short burst is over before AWS polls the offline lane, up to a minute later. */
const hotEvidenceSeconds = 3;
/** How many batches an instance remembers. */
const hotBatchesMax = 100;
/** Other types count as present that were seen within this time. */
const hotOthersSeconds = 300;
/** A row of hot types stays small. */
export const hotTypesMax = 50;

/**
 * The hot types of one receiver. They are delivered from the offline lane, where they do not hold up the online lane. A
 * receiver whose offline lane is closed has no such row. Times are epoch milliseconds.
 */
export interface Offload {
  readonly hot: Readonly<Record<string, HotType>>;
  /** Since when nothing has waited in the offline lane, while types are hot. */
  readonly calmSinceMs?: number | undefined;
  /** Since when the offline lane has been empty, while no type is hot. */
  readonly emptySinceMs?: number | undefined;
  /** The offline lane is being closed. */
  readonly closing?: true;
}

export interface HotType {
  readonly sinceMs: number;
  /** When the type is no longer hot; undefined while no end is in sight. */
  readonly untilMs?: number | undefined;
}

export type OffloadEvent =
  /** A batch of the online lane has seen that a type takes more than its share. */
  | { readonly kind: 'flooded'; readonly type: string }
  /** How many messages the offline lane holds: ready to be received, and in total. */
  | { readonly kind: 'counted'; readonly ready: number; readonly inAll: number };

/** How long it takes until every function knows what was written, with some clock skew. */
const knownAfterMs = (offloadCacheSeconds + 1) * 1000;
/** How long a post may be under way. */
const tailMs = bus.endpointTimeoutSecondsMax * 1000;
/** Between two looks, less what a schedule may come early: what held at both held in between. */
const calmMs = 50 * 1000;
/** An offline lane keeps up while no more than a batch waits in it. */
const calmMessages = 10;

/** The hot types after an event; the same object where the event changes nothing. */
export function reduceOffload(
  offload: Offload | undefined,
  event: OffloadEvent,
  nowMs: number,
): Offload | undefined {
  return event.kind === 'flooded' ? flood(offload, event.type, nowMs) : count(offload, event, nowMs);
}

/** What is known of a type; a type may be named like a member that every object has, such as `constructor`. */
export function hotTypeOf(offload: Offload | undefined, type: string): Offload['hot'][string] | undefined {
  return offload !== undefined && Object.hasOwn(offload.hot, type) ? offload.hot[type] : undefined;
}

function flood(offload: Offload | undefined, type: string, nowMs: number): Offload | undefined {
  const known = hotTypeOf(offload, type);
  if (known !== undefined && isHot(known, nowMs)) return offload;
  const hot = Object.entries(offload?.hot ?? {}).filter(([, each]) => isHot(each, nowMs));
  // Types that each take more than their share can become that many only one after another, within a minute or two.
  if (hot.length >= hotTypesMax) return offload;
  return { hot: { ...Object.fromEntries(hot), [type]: { sinceMs: nowMs } } };
}

function count(
  offload: Offload | undefined,
  { ready, inAll }: { readonly ready: number; readonly inAll: number },
  nowMs: number,
): Offload | undefined {
  if (offload === undefined) return undefined;
  const hot = Object.entries(offload.hot).filter(([, each]) => isHot(each, nowMs));
  const lasting = hot.filter(([, { untilMs }]) => untilMs === undefined);
  if (lasting.length > 0) {
    // A calm lane keeps up: its share is enough for what comes in.
    const isCalm = ready <= calmMessages;
    if (!isCalm) return offload.calmSinceMs === undefined ? offload : { hot: Object.fromEntries(hot) };
    if (offload.calmSinceMs === undefined) return { hot: Object.fromEntries(hot), calmSinceMs: nowMs };
    if (nowMs - offload.calmSinceMs < calmMs) return offload;
    const untilMs = nowMs + knownAfterMs + tailMs;
    return { hot: Object.fromEntries(hot.map(([type, each]) => [type, { untilMs, ...each }])) };
  }
  if (hot.length > 0) return offload;
  // What AWS counts is up to a minute old: a lane counts as empty when it was empty twice.
  const { emptySinceMs, closing = false } = offload;
  if (inAll > 0) {
    const isSaid = emptySinceMs === undefined && !closing && Object.keys(offload.hot).length === 0;
    return isSaid ? offload : { hot: {} };
  }
  if (closing) return offload;
  if (emptySinceMs === undefined) return { hot: {}, emptySinceMs: nowMs };
  return nowMs - emptySinceMs < calmMs ? offload : { hot: {}, closing: true };
}

const isHot = ({ untilMs }: HotType, nowMs: number) => untilMs === undefined || nowMs < untilMs;

/** Whether the lanes share the receiver's concurrency now. */
export function isSplit(offload: Offload | undefined, nowMs: number): boolean {
  return Object.values(offload?.hot ?? {}).some((each) => isHot(each, nowMs));
}

/** Where a message of a type belongs, seen from the lane that it is in. */
export type Placing =
  | { readonly kind: 'stays' }
  | { readonly kind: 'moves'; readonly to: 'online' | 'offline' }
  | { readonly kind: 'waits'; readonly waitSeconds: number };

/**
 * The online lane hands a hot type over as soon as it knows of it. The offline lane starts once every batch of the online
 * lane knows, and stops one post's time before the online lane starts again: together they stay within the limits.
 */
export function placeOf(
  offload: Offload | undefined,
  lane: 'online' | 'offline',
  type: string,
  nowMs: number,
): Placing {
  const known = hotTypeOf(offload, type);
  const hot = known !== undefined && isHot(known, nowMs) ? known : undefined;
  if (lane === 'online') return hot === undefined ? { kind: 'stays' } : { kind: 'moves', to: 'offline' };
  if (hot === undefined) return { kind: 'moves', to: 'online' };
  const begins = hot.sinceMs + knownAfterMs;
  if (nowMs < begins) return { kind: 'waits', waitSeconds: (begins - nowMs) / 1000 };
  if (hot.untilMs !== undefined && nowMs > hot.untilMs - tailMs) {
    return { kind: 'waits', waitSeconds: (hot.untilMs - nowMs) / 1000 };
  }
  return { kind: 'stays' };
}

/** What one instance has seen of a receiver's online lane: recent batches in which events waited. */
export interface Observed {
  readonly batches: readonly ObservedBatch[];
  /** When each type was last seen. */
  readonly seen: ReadonlyMap<string, number>;
}

export interface ObservedBatch {
  readonly endedMs: number;
  readonly durationMs: number;
  /** How long posts of each type were under way, added up. */
  readonly busyMs: ReadonlyMap<string, number>;
}

export const nothingObserved: Observed = { batches: [], seen: new Map() };

/**
 * Adds one batch to what was seen.
 * @param batch how many messages it had, and how long the one that waited longest had been in the lane.
 */
export function observe(
  observed: Observed,
  batch: ObservedBatch & { readonly messages: number; readonly waitedMs: number },
): Observed {
  const { endedMs: nowMs } = batch;
  const seen = new Map(
    [...observed.seen, ...[...batch.busyMs.keys()].map((type) => [type, nowMs] as const)]
      .filter(([, atMs]) => nowMs - atMs < hotOthersSeconds * 1000)
      .slice(-hotTypesMax),
  );
  const recent = observed.batches.filter(({ endedMs }) => nowMs - endedMs < hotWindowSeconds * 1000);
  // In a lane that keeps up, no type takes anything from the others.
  const waits = batch.messages >= hotBatchMessagesMin && batch.waitedMs >= hotWaitSeconds * 1000;
  return { batches: waits ? [...recent, batch].slice(-hotBatchesMax) : recent, seen };
}

/**
 * The type that takes more than its share of the posts while others wait; undefined when there is none. The share is
 * `limits.perType` of the concurrency, or four fifths by default.
 */
export function floodingType({ batches, seen }: Observed, receiver: Planned): string | undefined {
  const durationMs = batches.reduce((sum, batch) => sum + batch.durationMs, 0);
  if (durationMs < hotEvidenceSeconds * 1000) return undefined;
  const busy = new Map<string, number>();
  let allMs = 0;
  for (const batch of batches) {
    for (const [type, busyMs] of batch.busyMs) {
      busy.set(type, (busy.get(type) ?? 0) + busyMs);
      allMs += busyMs;
    }
  }
  const [most] = [...busy].sort(([, left], [, right]) => right - left);
  if (most === undefined || allMs === 0) return undefined;
  const [type, busyMs] = most;
  const others = [...seen.keys()].some((each) => each !== type);
  return others && busyMs / allMs > hotShare(receiver) ? type : undefined;
}

function hotShare(receiver: Planned): number {
  const { perType } = receiver.limits ?? {};
  return perType === undefined ? hotShareDefault : Math.min(1, perType / totalPosts(receiver));
}

/** What the API shows of a receiver's hot types: RFC 3339 times, and the posts that they may have under way. */
export interface ShownOffload {
  readonly hotTypes: readonly { readonly type: string; readonly since: string }[];
  readonly concurrency: number;
}

/** Undefined when no type is hot. */
export function showOffload(
  offload: Offload | undefined,
  receiver: Planned,
  nowMs: number,
): ShownOffload | undefined {
  const hot = Object.entries(offload?.hot ?? {}).filter(([, each]) => isHot(each, nowMs));
  if (hot.length === 0) return undefined;
  return {
    hotTypes: hot.map(([type, { sinceMs }]) => ({ type, since: new Date(sinceMs).toISOString() })),
    concurrency: offlinePosts(receiver),
  };
}

/** A message as a lane hands it out. */
interface Received {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly receives: number;
  readonly sentAtMs: number;
}

/** On a message that moved between lanes: when it entered the first one, and whether it had been received before. */
const movedAttribute = 'busbar-moved';

/** When a message entered its receiver's queues, epoch milliseconds; a move between lanes does not count. */
export function enteredAtMs({ attributes, sentAtMs }: Received): number {
  const moved = attributes[movedAttribute];
  return moved === undefined ? sentAtMs : Number(moved.split(' ')[0]);
}

/** From then on an event counts as old for `busbar.backlog.normal`. */
export const oldSeconds = 7.5 * 60;

export const isOld = (message: Received, nowMs: number): boolean =>
  nowMs - enteredAtMs(message) >= oldSeconds * 1000;

/** Whether a message was received before, in either lane. */
export function wasReceivedBefore({ attributes, receives }: Received): boolean {
  return receives > 1 || attributes[movedAttribute]?.endsWith(' again') === true;
}

/** The message as it is sent to the other lane. */
export function movedMessage(message: Received): Message {
  const again = wasReceivedBefore(message) ? 'again' : 'first';
  const attributes = { ...message.attributes, [movedAttribute]: `${enteredAtMs(message)} ${again}` };
  const type = message.attributes.type;
  return { body: message.body, attributes, ...(type !== undefined && { group: fairGroup(type) }) };
}
