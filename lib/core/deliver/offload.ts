import { bus } from '../kernel/limits.ts';
import { fairGroup, type Message } from '../routing/routing.ts';
import { offlinePosts, type Planned, totalPosts } from './lane-plan.ts';

/**
 * Hot types of one receiver: they are delivered on the offline lane, apart, so that they do not hold the online lane.
 * There is none kept of a receiver whose offline lane is closed. Times are epoch milliseconds.
 */
export interface Offload {
  readonly hot: Readonly<Record<string, HotType>>;
  /** Since when nothing has waited in the offline lane while types are hot. */
  readonly calmSinceMs?: number | undefined;
  /** Since when the offline lane has been empty while none is. */
  readonly emptySinceMs?: number | undefined;
  /** The offline lane is being closed. */
  readonly closing?: true;
}

export interface HotType {
  readonly sinceMs: number;
  /** When it is no longer hot; undefined while that is not in sight. */
  readonly untilMs?: number | undefined;
}

export type OffloadEvent =
  /** A batch of the online lane has seen that a type takes more than its share. */
  | { readonly kind: 'flooded'; readonly type: string }
  /** What the offline lane holds: ready to be received, and in all. */
  | { readonly kind: 'counted'; readonly ready: number; readonly inAll: number };

/** How long it takes until every function knows what was written of a receiver, with some clock skew. */
const knownAfterMs = (bus.offloadCacheSeconds + 1) * 1000;
/** A post that began may be under way for so long. */
const tailMs = bus.endpointTimeoutSecondsMax * 1000;
const calmMs = bus.offloadCalmSeconds * 1000;

/** The hot types after an event: the very same ones where it changes nothing. */
export function reduceOffload(
  offload: Offload | undefined,
  event: OffloadEvent,
  nowMs: number,
): Offload | undefined {
  return event.kind === 'flooded' ? flood(offload, event.type, nowMs) : count(offload, event, nowMs);
}

function flood(offload: Offload | undefined, type: string, nowMs: number): Offload | undefined {
  const known = offload?.hot[type];
  if (known !== undefined && isHot(known, nowMs)) return offload;
  const hot = Object.entries(offload?.hot ?? {}).filter(([, each]) => isHot(each, nowMs));
  // So many types that are each more than their share can only come one after the other, within a minute or two.
  if (hot.length >= bus.hotTypesMax) return offload;
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
    // The lane keeps up: its share is enough for what comes in.
    const isCalm = ready <= bus.offloadCalmMessages;
    if (!isCalm) return offload.calmSinceMs === undefined ? offload : { hot: Object.fromEntries(hot) };
    if (offload.calmSinceMs === undefined) return { hot: Object.fromEntries(hot), calmSinceMs: nowMs };
    if (nowMs - offload.calmSinceMs < calmMs) return offload;
    const untilMs = nowMs + knownAfterMs + tailMs;
    return { hot: Object.fromEntries(hot.map(([type, each]) => [type, { untilMs, ...each }])) };
  }
  if (hot.length > 0) return offload;
  // What AWS counts is a minute old at worst: a lane is empty that was so twice.
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

/** What is done with a message of a type in the lane where it is. */
export type Placing =
  | { readonly kind: 'stays' }
  | { readonly kind: 'moves'; readonly to: 'online' | 'offline' }
  | { readonly kind: 'waits'; readonly waitSeconds: number };

/**
 * The online lane hands a hot type over as soon as it knows. The offline lane begins when every batch of the online
 * lane knows, and ends a post's time before the online lane begins again: together they stay within the limits.
 */
export function placeOf(
  offload: Offload | undefined,
  lane: 'online' | 'offline',
  type: string,
  nowMs: number,
): Placing {
  const known = offload?.hot[type];
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

/** What one instance has seen of a receiver's online lane: the batches of the last seconds in which events waited. */
export interface Observed {
  readonly batches: readonly ObservedBatch[];
  /** When each type was seen last. */
  readonly seen: ReadonlyMap<string, number>;
}

export interface ObservedBatch {
  readonly endedMs: number;
  readonly durationMs: number;
  /** For how long posts of each type were under way, added up. */
  readonly busyMs: ReadonlyMap<string, number>;
}

export const nothingObserved: Observed = { batches: [], seen: new Map() };

/**
 * What was seen, with one more batch.
 * @param batch the messages that it had, and for how long the one that waited longest had been in the lane.
 */
export function observe(
  observed: Observed,
  batch: ObservedBatch & { readonly messages: number; readonly waitedMs: number },
): Observed {
  const { endedMs: nowMs } = batch;
  const seen = new Map(
    [...observed.seen, ...[...batch.busyMs.keys()].map((type) => [type, nowMs] as const)]
      .filter(([, atMs]) => nowMs - atMs < bus.hotOthersSeconds * 1000)
      .slice(-bus.hotTypesMax),
  );
  const recent = observed.batches.filter(({ endedMs }) => nowMs - endedMs < bus.hotWindowSeconds * 1000);
  // In a lane that keeps up there is nothing to take from others.
  const waits = batch.messages >= bus.hotBatchMessagesMin && batch.waitedMs >= bus.hotWaitSeconds * 1000;
  return { batches: waits ? [...recent, batch].slice(-bus.hotBatchesMax) : recent, seen };
}

/**
 * The type that takes more than its share of the posts while others wait with it; undefined when there is none. The
 * share is what `limits.perType` leaves a type of the concurrency, else four fifths.
 */
export function floodingType({ batches, seen }: Observed, receiver: Planned): string | undefined {
  const durationMs = batches.reduce((sum, batch) => sum + batch.durationMs, 0);
  if (durationMs < bus.hotEvidenceSeconds * 1000) return undefined;
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
  return perType === undefined ? bus.hotShareDefault : Math.min(1, perType / totalPosts(receiver));
}

/** What the API shows of a receiver's hot types: RFC 3339 times, and the posts that are left to them. */
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

/** On a message that went from one lane to the other: when it entered its first one, and whether it was received before. */
const movedAttribute = 'busbar-moved';

/** When a message entered its receiver's queues: a move from lane to lane is no new entry. */
export function enteredAtMs({ attributes, sentAtMs }: Received): number {
  const moved = attributes[movedAttribute];
  return moved === undefined ? sentAtMs : Number(moved.split(' ')[0]);
}

/** Whether a message was received before, in the one lane or the other. */
export function wasReceivedBefore({ attributes, receives }: Received): boolean {
  return receives > 1 || attributes[movedAttribute]?.endsWith(' again') === true;
}

/** The message that is put into the other lane. */
export function movedMessage(message: Received): Message {
  const again = wasReceivedBefore(message) ? 'again' : 'first';
  const attributes = { ...message.attributes, [movedAttribute]: `${enteredAtMs(message)} ${again}` };
  const type = message.attributes.type;
  return { body: message.body, attributes, ...(type !== undefined && { group: fairGroup(type) }) };
}
