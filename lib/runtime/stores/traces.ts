import { eventHash } from '../../core/event/hash.ts';
import { traceSeconds } from '../../core/why/limits.ts';
import type { TraceRow } from '../../core/why/trace.ts';
import type { Search, SearchPosition, Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';

/** How long a search for an event may take: the API gives up after 30 s. */
const traceSearchSeconds = 15;

/** The packed traces of events (see docs/decisions/030-traces.md). */
export interface TraceStore {
  put(rows: readonly TraceRow[]): Promise<void>;
  /**
   * The rows that may tell of an event, the newest day first, back to `sinceMs` or until its time is used up:
   * `searchedSinceMs` says how far it came.
   */
  find(eventId: string, sinceMs: number): Promise<{ rows: TraceRow[]; searchedSinceMs: number }>;
}

/** A day is spread over so many partitions, each of which takes 1,000 write units a second. */
const shards = 8;
/** So many partitions are searched at once. */
const daysAtOnce = 3;
const dayMs = 24 * 3600 * 1000;

const isoOf = (ms: number) => new Date(ms).toISOString();
const partition = (day: string, shard: number) => `trace#${day}#${shard}`;

export function createTraceStore(
  table: Table,
  world: { readonly clock: Clock; readonly random: Random },
): TraceStore {
  /** All pages of one partition, unless the time is used up before. */
  async function searchAll(search: Search, untilMs: number): Promise<TraceRow[] | undefined> {
    const rows: TraceRow[] = [];
    let next: SearchPosition | undefined;
    do {
      if (world.clock.now() > untilMs) return undefined;
      const page = await table.search(search, next);
      rows.push(...page.rows.map((row) => row.document as TraceRow));
      next = page.next;
    } while (next !== undefined);
    return rows;
  }

  return {
    async put(rows) {
      await Promise.all(
        rows.map((row) => {
          const at = isoOf(row.atMs);
          const shard = Math.floor(world.random.next() * shards);
          // The tail keeps rows of one millisecond apart.
          const tail = world.random.next().toString(36).slice(2, 10);
          return table.put({
            pk: partition(at.slice(0, 10), shard),
            sk: `${at}#${tail}`,
            document: row,
            expiresAtSeconds: Math.ceil(row.atMs / 1000) + traceSeconds,
          });
        }),
      );
    },

    async find(eventId, sinceMs) {
      const nowMs = world.clock.now();
      const untilMs = nowMs + traceSearchSeconds * 1000;
      const found: TraceRow[] = [];
      // Clocks of machines differ by little, but a row may be of a moment that has not come here.
      let day = Math.floor((nowMs + 60_000) / dayMs);
      const lastDay = Math.floor(sinceMs / dayMs);
      let searchedSinceMs = nowMs;
      while (day >= lastDay) {
        const days = Array.from(
          { length: Math.min(daysAtOnce, day - lastDay + 1) },
          (_, index) => day - index,
        );
        const searches = days.flatMap((one) =>
          Array.from({ length: shards }, (_, shard) => ({
            pk: partition(isoOf(one * dayMs).slice(0, 10), shard),
            skFrom: isoOf(sinceMs),
            // Above every time: they begin with a digit.
            skTo: ':',
            holding: eventHash(eventId),
          })),
        );
        const results = await Promise.all(searches.map((search) => searchAll(search, untilMs)));
        found.push(...results.flatMap((rows) => rows ?? []));
        if (results.includes(undefined)) return { rows: found, searchedSinceMs };
        day -= days.length;
        searchedSinceMs = Math.max(sinceMs, (day + 1) * dayMs);
      }
      return { rows: found, searchedSinceMs };
    },
  };
}
