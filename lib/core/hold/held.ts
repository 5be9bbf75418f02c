import type { Acting } from '../access/acting.ts';
import type { ClaimRef } from '../publish/duplicate.ts';
import type { RoutableEvent } from '../routing/routing.ts';
import { heldShards } from './limits.ts';

/** An event that a topic on hold has stored. */
export interface HeldEvent extends RoutableEvent {
  readonly id: string;
  /** For whom it acts when it is released; absent for one from before this was recorded. */
  readonly acting?: Acting | undefined;
  /** The claim by which it was accepted, which is freed when it is dropped. */
  readonly claim?: ClaimRef | undefined;
}

/** The position of a held event: its place in the order of the topic, and its partition, chosen at random. */
export interface HeldPlace {
  readonly shard: number;
  readonly sk: string;
}

export interface Kept extends HeldPlace {
  readonly event: HeldEvent;
}

/** The partitions of a hold. */
export const shards: readonly number[] = Array.from({ length: heldShards }, (_, shard) => shard);

/** The last place that an instance assigned. */
export interface LastPlace {
  readonly ms: number;
  readonly sequence: number;
}

/**
 * The next places in the order of a topic: by time, and strictly increasing within an instance, even when its clock is
 * set back. `tail` tells instances apart.
 */
export function nextPlaces(
  last: LastPlace,
  nowMs: number,
  count: number,
  tail: string,
): { readonly sks: readonly string[]; readonly last: LastPlace } {
  const ms = Math.max(last.ms, nowMs);
  const start = ms === last.ms ? last.sequence + 1 : 0;
  const sks = Array.from({ length: count }, (_, at) => skOf(ms, start + at, tail));
  return { sks, last: { ms, sequence: start + count - 1 } };
}

const skOf = (ms: number, sequence: number, tail: string) =>
  `${String(ms).padStart(14, '0')}-${String(sequence).padStart(7, '0')}-${tail}`;

export const storedAtMs = (sk: string) => Number(sk.slice(0, 14));

/** The id by which a held event is sent or dropped; it encodes its position. */
export const heldIdOf = ({ shard, sk }: HeldPlace) => `${shard.toString(36)}-${sk}`;

export function placeOf(heldId: string): HeldPlace | undefined {
  const match = /^([0-9a-z])-(\d{14}-\d{7}-[0-9a-z]+)$/.exec(heldId);
  const shard = Number.parseInt(match?.[1] ?? '', 36);
  return match?.[2] !== undefined && shard < heldShards ? { shard, sk: match[2] } : undefined;
}

/** A held event as lists show it. */
export interface HeldHead extends HeldPlace {
  readonly event: Omit<HeldEvent, 'body'>;
}

/** The first rows of one partition; `hasMore` when there are more. */
export interface HeldPage<Row extends HeldPlace = Kept> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}

/**
 * The first events that may be released, in the order of the topic, out of the first rows of each partition.
 *
 * An event after the last row of a page that has more is not released, because an event that was not read may come
 * before it. Nor is an event that was stored after `beforeMs`, a moment before the pages were read. So an event that
 * was acknowledged before another one was stored is in one of the pages, whatever the order in which they were read.
 */
export function inOrder<Row extends HeldPlace>(
  pages: readonly HeldPage<Row>[],
  beforeMs: number,
  most: number,
): { readonly rows: readonly Row[]; readonly left: boolean } {
  const known = pages
    .flatMap(({ rows, hasMore }) => (hasMore ? [rows.at(-1)?.sk ?? ''] : []))
    .reduce<string | undefined>((least, sk) => (least === undefined || sk < least ? sk : least), undefined);
  const [old, young] = parted(
    pages.flatMap(({ rows }) => rows),
    ({ sk }) => storedAtMs(sk) < beforeMs,
  );
  const ready = old.filter(({ sk }) => known === undefined || sk <= known).sort(bySk);
  // The few that came just now are sent at the end of the release.
  const left = pages.some(({ hasMore }) => hasMore) || ready.length > most || young.length > most;
  return { rows: ready.slice(0, most), left };
}

function parted<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): readonly [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

const bySk = (one: HeldPlace, other: HeldPlace) => (one.sk < other.sk ? -1 : one.sk > other.sk ? 1 : 0);

/**
 * Splits events into lanes that are sent at the same time. The events of one key of an ordered topic, otherwise of one
 * subject, are in one lane, in their order.
 */
export function lanesOf(rows: readonly Kept[], lanes: number): Kept[][] {
  const parted = Array.from({ length: lanes }, (): Kept[] => []);
  for (const row of rows) parted[laneOf(row.event, lanes)]?.push(row);
  return parted.filter((lane) => lane.length > 0);
}

/** Events with neither key nor subject also keep their order: they are in the first lane. */
function laneOf({ order, subject }: HeldEvent, lanes: number): number {
  const key = order?.group ?? subject;
  if (key === undefined) return 0;
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) >>> 0;
  return hash % lanes;
}
