import { lifetimeOf } from '../access/acting.ts';
import { bucketOf, type Sketch } from './sketch.ts';

/** What statistics are kept of. */
export type Thing =
  /** `lifetime` keeps what an earlier thing of the same name did apart. */
  | {
      readonly kind: 'receiver' | 'topic';
      readonly name: string;
      readonly lifetime: string;
      readonly isDeclared?: boolean;
    }
  | { readonly kind: 'application'; readonly name: string }
  /** Minutes of an application, or of the whole bus, for the overview (decision 177). */
  | { readonly kind: 'overview'; readonly of: string }
  /** That a receiver fails now. */
  | { readonly kind: 'failing'; readonly owner: string; readonly name: string };

/** The whole bus, in the place of an application: no application has this name. */
export const wholeBus = '*';

/** What is told for a look at the bus: about right, and in single writes that cost half of what transactions do. */
export const isForOverview = ({ kind }: Thing): boolean => kind === 'overview' || kind === 'failing';

type Lived = Parameters<typeof lifetimeOf>[0] & { readonly declared: boolean };

export const receiverThing = (receiver: Lived & { readonly receiver: string }) =>
  ({
    kind: 'receiver',
    name: receiver.receiver,
    lifetime: lifetimeOf(receiver),
    isDeclared: receiver.declared,
  }) as const;

export const topicThing = (topic: Lived & { readonly topic: string }) =>
  ({
    kind: 'topic',
    name: topic.topic,
    lifetime: lifetimeOf(topic),
    isDeclared: topic.declared,
  }) as const;

/** Counters by name. Those of latencies have the number of their bucket behind an `l`, those of waits behind a `w` or `r`. */
export type Counts = Readonly<Record<string, number>>;

export function plusCounts(one: Counts, other: Counts): Counts {
  const sum: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** The counters that are not 0. */
export const nonZero = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

/** The counters of latencies in milliseconds. */
export const latencyCounts = (latenciesMs: readonly number[]): Counts => bucketCounts('l', latenciesMs);

/** The counters of how long events had waited whose attempt failed, in seconds. */
export const waitedCounts = (waitsSeconds: readonly number[]): Counts => bucketCounts('w', waitsSeconds);

/** A shorter wait for the first attempt is not counted: rows of receivers that keep up stay as small as they are. */
const reachedSecondsMin = 5;

/** The counter of the longest wait for a first attempt in a batch, in seconds. */
export function reachedCounts(firstWaitsSeconds: readonly number[]): Counts {
  const longest = Math.max(0, ...firstWaitsSeconds);
  return longest < reachedSecondsMin ? {} : bucketCounts('r', [longest]);
}

/** Whether a counter only tells how it is now, and is of no use to hours and days. */
export const isOfNow = (name: string): boolean => /^[wr]\d+$/.test(name);

function bucketCounts(letter: string, values: readonly number[]): Counts {
  const counts: Record<string, number> = {};
  for (const value of values) {
    const name = `${letter}${bucketOf(value)}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** The sketch among counters. */
export function sketchOf(counts: Counts): Sketch {
  const buckets = Object.entries(counts).filter(([name]) => /^l\d+$/.test(name));
  return new Map(buckets.map(([name, count]) => [Number(name.slice(1)), count]));
}
