import type { Target } from '../../core/event/target.ts';
import type { Row, Table } from '../aws/table/table.ts';

/**
 * Where what waits for a target is found: a row for each delayed event and each open transaction, beside the row that
 * decides. It may be outdated, so a reader looks at that row. It expires by itself: deleting it would cost a write.
 */
export interface WaitingStore {
  /** Entries behind a place, in the order in which they were stored; `last` is where to go on, if there may be more. */
  page(
    target: Target,
    state: 'delayed' | 'open',
    after: string,
    limit: number,
  ): Promise<{ entries: readonly WaitingEntry[]; last: string | undefined }>;
}

export interface WaitingEntry {
  readonly place: string;
  /** The key of the row that decides. */
  readonly row: { readonly pk: string; readonly sk: string };
}

/** A target is spread over so many partitions, each of which takes 1,000 write units a second. */
const shards = [0, 1, 2, 3] as const;

const partition = (target: Target, shard: number) =>
  'topic' in target
    ? `waiting#topic#${target.topic}#${shard}`
    : `waiting#receiver#${target.receiver}#${shard}`;

/** The row by which a list finds another one. */
export function waitingRow(
  target: Target,
  state: 'delayed' | 'open',
  atMs: number,
  row: WaitingEntry['row'],
  expiresAtSeconds: number,
): Row {
  const identity = `${row.pk}${row.sk}`;
  const shard = [...identity].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
  return {
    pk: partition(target, shard % shards.length),
    sk: `${state}#${new Date(atMs).toISOString()}#${row.pk.slice(row.pk.indexOf('#') + 1)}${row.sk.slice(-22)}`,
    document: row,
    expiresAtSeconds,
  };
}

export function createWaitingStore(table: Table): WaitingStore {
  return {
    async page(target, state, after, limit) {
      const pages = await Promise.all(
        shards.map((shard) => table.page(partition(target, shard), after, limit, `${state}#`)),
      );
      // Behind the end of a page that has more, there may be rows of its partition before those of another.
      const ends = pages.flatMap(({ last }) => (last === undefined ? [] : [last]));
      const end = ends.length === 0 ? undefined : ends.reduce((least, one) => (one < least ? one : least));
      const rows = pages
        .flatMap((page) => page.rows)
        .filter(({ sk }) => end === undefined || sk <= end)
        .sort((one, other) => (one.sk < other.sk ? -1 : 1));
      const entries = rows.map(({ sk, document }) => ({ place: sk, row: document as WaitingEntry['row'] }));
      return { entries, last: end };
    },
  };
}
