import type { Portion } from '../../core/list/portion.ts';
import { type AttemptedRow, textsOf } from '../../core/why/attempted.ts';
import { traceSeconds } from '../../core/why/limits.ts';
import type { TraceRow } from '../../core/why/trace.ts';
import type { Search, SearchPosition, Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';

/** How long a search for an event may take: the API gives up after 30 s. */
const traceSearchSeconds = 15;

/**
 * How many full reads of 1 MB a search may make, of everybody's traces: each costs 128 read units, so a search costs at
 * most a fifth of a cent. The partitions of a bus with little traffic take no full read.
 */
const traceFullReadsMax = 64;

/** The packed traces of events (see docs/decisions/030-traces.md). */
export interface TraceStore {
  put(rows: readonly TraceRow[]): Promise<void>;
  /**
   * The rows that may tell of an event, the newest day first, from `untilMs` back to `sinceMs`, or until its time or its
   * reads are used up: `searchedSinceMs` says how far it came.
   */
  find(
    eventId: string,
    period: { readonly sinceMs: number; readonly untilMs: number },
  ): Promise<{ rows: TraceRow[]; searchedSinceMs: number }>;
  /**
   * Rows of attempts of one day, the newest first, by the sort keys of all its partitions; `last` is where to go on
   * before, if there may be more. Eight reads, each of at most 1 MB.
   * @param before a sort key; empty for the newest.
   * @param holding only rows whose JSON contains all of these texts.
   */
  attempts(
    period: { readonly sinceMs: number; readonly untilMs: number | undefined },
    before: string,
    rowsPerRead: number,
    holding: readonly string[],
  ): Promise<Portion<AttemptedRow>>;
}

/** A day is spread over so many partitions, each of which takes 1,000 write units a second. */
const shards = 8;
/** So many partitions are searched at once. */
const daysAtOnce = 3;
const dayMs = 24 * 3600 * 1000;

/** What a search may still use. */
interface Budget {
  /** Epoch milliseconds. */
  readonly untilMs: number;
  fullReads: number;
}

/** The clock of another machine may be ahead by so much. */
const aheadMs = 60_000;
/** `2026-01-31T12:00:00.000Z`. */
const isoLength = 24;
/** What the JSON of every row of attempts contains. */
const rowMark = '"kind":"attempted"';

const isoOf = (ms: number) => new Date(ms).toISOString();
const partition = (day: string, shard: number) => `trace#${day}#${shard}`;

export function createTraceStore(
  table: Table,
  world: { readonly clock: Clock; readonly random: Random },
): TraceStore {
  /** The pages of one partition, the newest first, until the budget is used up: `reachedMs` is how far it came. */
  async function searchPart(
    search: Search,
    budget: Budget,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  ): Promise<{ rows: TraceRow[]; reachedMs: number }> {
    const rows: TraceRow[] = [];
    let next: SearchPosition | undefined;
    let reachedMs = fromMs;
    do {
      if (world.clock.now() > budget.untilMs || budget.fullReads <= 0) return { rows, reachedMs };
      const page = await table.search(search, next);
      rows.push(...page.rows.map((row) => row.document as TraceRow));
      next = page.next;
      if (next !== undefined) {
        budget.fullReads -= 1;
        reachedMs = Date.parse(next.sk?.S?.split('#')[0] ?? '');
      }
    } while (next !== undefined);
    return { rows, reachedMs: toMs };
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

    async find(eventId, { sinceMs, untilMs }) {
      const nowMs = world.clock.now();
      const budget: Budget = { untilMs: nowMs + traceSearchSeconds * 1000, fullReads: traceFullReadsMax };
      const found: TraceRow[] = [];
      // Clocks of machines differ by little, but a row may be of a moment that has not come here.
      const fromMs = Math.min(nowMs + aheadMs, untilMs);
      let day = Math.floor(fromMs / dayMs);
      const lastDay = Math.floor(sinceMs / dayMs);
      let searchedSinceMs = Math.min(nowMs, fromMs);
      while (day >= lastDay) {
        const days = Array.from(
          { length: Math.min(daysAtOnce, day - lastDay + 1) },
          (_, index) => day - index,
        );
        const results = await Promise.all(
          days.map((one) =>
            Promise.all(
              Array.from({ length: shards }, (_, shard) =>
                searchPart(
                  {
                    pk: partition(isoOf(one * dayMs).slice(0, 10), shard),
                    skFrom: isoOf(sinceMs),
                    // Above every time, which begins with a digit.
                    skTo: untilMs < nowMs ? isoOf(Math.max(sinceMs, untilMs)) : ':',
                    holding: textsOf(eventId),
                  },
                  budget,
                  { fromMs: searchedSinceMs, toMs: Math.max(sinceMs, one * dayMs) },
                ),
              ),
            ),
          ),
        );
        found.push(...results.flat().flatMap(({ rows }) => rows));
        for (const [at, parts] of results.entries()) {
          const wholeMs = Math.max(sinceMs, (day - at) * dayMs);
          searchedSinceMs = Math.max(wholeMs, ...parts.map(({ reachedMs }) => reachedMs));
          if (searchedSinceMs > wholeMs) return { rows: found, searchedSinceMs };
        }
        day -= days.length;
      }
      return { rows: found, searchedSinceMs };
    },

    async attempts({ sinceMs, untilMs }, before, rowsPerRead, holding) {
      const newestMs = Math.min(untilMs ?? Number.POSITIVE_INFINITY, world.clock.now() + aheadMs);
      const end = before === '' ? isoOf(newestMs) : before;
      // The end of a day belongs to the day before.
      const dayStartMs =
        Math.floor((Date.parse(end.slice(0, isoLength)) - (end.length > isoLength ? 0 : 1)) / dayMs) * dayMs;
      const fromMs = Math.max(sinceMs, dayStartMs);
      const pages = await Promise.all(
        Array.from({ length: shards }, (_, shard) =>
          table.latest(partition(isoOf(dayStartMs).slice(0, 10), shard), isoOf(fromMs), end, rowsPerRead, [
            rowMark,
            ...holding,
          ]),
        ),
      );
      // Below the place that every partition was read down to, an unread row of one may come before a read one of another.
      const reached = pages.reduce((most, { last }) => (last !== undefined && last > most ? last : most), '');
      const items = pages
        .flatMap(({ rows }) => rows)
        .filter(({ sk }) => sk >= reached)
        .sort((one, other) => (one.sk < other.sk ? 1 : -1))
        .map(({ sk, document }) => ({ key: sk, item: document as AttemptedRow }));
      if (reached !== '') return { items, last: reached };
      return { items, last: dayStartMs > sinceMs ? isoOf(dayStartMs) : undefined };
    },
  };
}
