import { aws, bus } from '../kernel/limits.ts';
import type { Lane } from '../kernel/place.ts';

/** How many posts may be under way at a receiver that sets no limit. */
const concurrencyDefault = 100;
/** Retries run in at most this part of a receiver's concurrent batches; the rest is free for first attempts. */
const retryBatchesPart = 0.5;

/**
 * How a receiver's concurrency is shared among the batches that run at once. AWS bounds their number (the mapping's
 * maximum concurrency) and each batch keeps to its own part, so a limit over all invocations costs no call.
 */
export interface LanePlan {
  /** How many batches of the lane run at once. */
  readonly batches: number;
  /** How many posts one batch may have under way. */
  readonly postsPerBatch: number;
  /** How many of these may be of one event type. */
  readonly postsPerType: number;
  /** The batches go one at a time, by a turn of this name: AWS runs at least two at once. */
  readonly turn: string | undefined;
}

/** The parts of a receiver that determine its plan. */
export type Planned = {
  readonly limits?:
    | {
        readonly concurrency?: number | undefined;
        readonly perSecond?: number | undefined;
        readonly perType?: number | undefined;
      }
    | undefined;
  readonly timeoutSeconds?: number | undefined;
};

/** How many posts may be under way at a receiver at once, in both lanes together. */
export function totalPosts({ limits = {}, timeoutSeconds }: Planned): number {
  const { concurrency = concurrencyDefault, perSecond } = limits;
  if (perSecond === undefined) return concurrency;
  // A rate keeps no more posts under way than begin within an endpoint's timeout.
  const underWay = Math.ceil(perSecond * (timeoutSeconds ?? bus.endpointTimeoutSecondsDefault));
  return Math.min(concurrency, Math.max(1, underWay));
}

/** The part of a receiver's concurrency that one event type may take. */
const typePosts = (receiver: Planned): number =>
  Math.min(receiver.limits?.perType ?? Number.POSITIVE_INFINITY, totalPosts(receiver));

/** The offline lane's share of the concurrency while a type is hot: what one type may take, or half. */
export function offlinePosts(receiver: Planned): number {
  const total = totalPosts(receiver);
  const most = receiver.limits?.perType ?? Math.floor(total / 2);
  return Math.max(1, Math.min(most, total - 1));
}

/**
 * Among how many batches a number of posts is best shared. Each batch gets a whole number of posts, and of posts of one
 * type; the remainder is lost. Takes the fewest batches that lose less than a twentieth, or else those that lose least.
 */
function shareOut(posts: number, perType: number): number {
  const most = Math.min(posts, perType, aws.lambda.mappingConcurrencyMax);
  const fewest = Math.min(most, Math.max(aws.lambda.mappingConcurrencyMin, Math.ceil(posts / postsMax)));
  let best = { batches: fewest, kept: 0 };
  for (let batches = fewest; batches <= most; batches++) {
    const ofAll = (batches * Math.min(Math.floor(posts / batches), postsMax)) / posts;
    const ofType = (batches * Math.floor(perType / batches)) / perType;
    const kept = Math.min(ofAll, ofType);
    if (kept > best.kept) best = { batches, kept };
    if (best.kept > 0.95) break;
  }
  return best.batches;
}

/** A batch has at most so many messages. */
const postsMax = aws.sqs.batchEntriesMax;

/** How many batches of a lane AWS should run at once. */
export function mappingConcurrency(receiver: Planned, lane: Lane): number {
  return Math.max(aws.lambda.mappingConcurrencyMin, plannedBatches(receiver, lane));
}

function plannedBatches(receiver: Planned, lane: Lane): number {
  if (lane !== 'offline') return shareOut(totalPosts(receiver), typePosts(receiver));
  const posts = offlinePosts(receiver);
  return shareOut(posts, posts);
}

/**
 * The plan of one batch. While a type is hot (`isSplit`) the lanes share the concurrency: the offline lane has what one
 * type may take, the online lane the rest.
 */
export function lanePlan(receiver: Planned, lane: Lane, isSplit: boolean): LanePlan {
  const total = totalPosts(receiver);
  const posts =
    lane === 'offline'
      ? offlinePosts(receiver)
      : lane === 'online' && isSplit
        ? total - offlinePosts(receiver)
        : total;
  const perType = Math.min(typePosts(receiver), Math.max(1, posts));
  const planned = plannedBatches(receiver, lane);
  const together = planned >= aws.lambda.mappingConcurrencyMin && planned <= Math.min(posts, perType);
  const batches = together ? planned : 1;
  return {
    batches,
    postsPerBatch: Math.min(postsMax, Math.max(1, Math.floor(posts / batches))),
    postsPerType: Math.min(postsMax, Math.max(1, Math.floor(perType / batches))),
    // One post in all is shared by both lanes.
    turn: together ? undefined : total === 1 ? 'any' : lane,
  };
}

/** In how many of a lane's concurrent batches retries may run; the others are only for first attempts. */
export function retrySlots(plan: LanePlan): number {
  return Math.max(1, Math.floor(plan.batches * retryBatchesPart));
}
