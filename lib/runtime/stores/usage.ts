import {
  type Amount,
  endOfCell,
  exceededBy,
  isFar,
  isSmall,
  negative,
  none,
  plus,
  retrySeconds,
  type Stored,
  type StoredQuota,
  sumOf,
  totalOf,
} from '../../core/access/stored.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { createQuotaNews } from './quota-news.ts';

/** What waits for applications, over all instances (see core/access/stored). */
export interface UsageStore {
  /**
   * Counts what is about to be stored, unless it would exceed a limit.
   * @returns which, and in how many seconds to try again; undefined when it is counted.
   */
  take(application: string, stored: readonly Stored[], limits: Amount): Promise<Exceeded | undefined>;
  /** Counts what is stored in any case, or, with negative amounts, what is no longer stored. */
  count(application: string, stored: readonly Stored[], limits: Amount): Promise<void>;
  /** What waits now, as far as instances have told. */
  total(application: string): Promise<Amount>;
  /** Tells that a quota has refused something, at most once a minute. */
  refused(application: string, quota: StoredQuota): Promise<void>;
  /** Empties the cell of a hold that is over. */
  forget(application: string, cell: string): Promise<void>;
}

export interface Exceeded {
  readonly quota: StoredQuota;
  readonly retryAfterSeconds: number;
  /** What was found, unless it was read only just before. */
  readonly cells?: readonly Stored[];
}

/** What an instance knows of an application. */
interface Known {
  /** What it has counted and not told the others. */
  untold: Map<string, Stored>;
  /** The total as it was read, and what was counted here since. */
  total: Amount | undefined;
  readAtMs: number;
  /** It was found to be used up; until then it is not asked again. */
  overUntilMs: number;
}

const knownMax = 1000;
/** For so long a total that is far below the quota is good enough. */
const totalSeconds = 60;
/** For so long an instance refuses by what it read last. */
const overMs = 1000;
/** The cell of a hold is kept for so long after it was last changed; a hold that lasts longer begins to count anew. */
const holdCellSeconds = 90 * 24 * 3600;

export function createUsageStore(table: Table, clock: Clock): UsageStore {
  const known = new Map<string, Known>();
  const pkOf = (application: string) => `usage#${application}`;

  function knownOf(application: string): Known {
    const own = known.get(application) ?? {
      untold: new Map(),
      total: undefined,
      readAtMs: 0,
      overUntilMs: 0,
    };
    if (!known.has(application) && known.size >= knownMax) known.clear();
    known.set(application, own);
    return own;
  }

  function remember(own: Known, stored: readonly Stored[]): void {
    for (const one of stored) {
      const earlier = own.untold.get(one.cell);
      own.untold.set(one.cell, {
        cell: one.cell,
        ...(earlier === undefined ? amountOf(one) : plus(earlier, one)),
      });
    }
    own.total = own.total && plus(own.total, sumOf(stored));
  }

  /** A write for each cell: what one batch stores is mostly due at the same time. */
  async function tell(application: string, own: Known): Promise<void> {
    const told = [...own.untold.values()].filter(({ events, bytes }) => events !== 0 || bytes !== 0);
    own.untold = new Map();
    const nowSeconds = clock.now() / 1000;
    await Promise.all(
      told.map(({ cell, events, bytes }) => {
        const endSeconds = endOfCell(cell) ?? Math.ceil(nowSeconds) + holdCellSeconds;
        if (endSeconds <= nowSeconds) return undefined;
        return table.add({ pk: pkOf(application), sk: cell }, { events, bytes }, endSeconds);
      }),
    );
  }

  async function cells(application: string): Promise<Stored[]> {
    const rows = await table.query(pkOf(application));
    return rows.map(({ sk, fields = {} }) => ({
      cell: sk,
      events: Number(fields.events ?? 0),
      bytes: Number(fields.bytes ?? 0),
    }));
  }

  return {
    async take(application, stored, limits) {
      const nowMs = clock.now();
      const own = knownOf(application);
      const amount = sumOf(stored);
      const untold = sumOf([...own.untold.values(), amount]);
      const mayKeep = isSmall(untold, limits);
      if (mayKeep && (own.total === undefined || nowMs >= own.readAtMs + totalSeconds * 1000)) {
        own.total = plus(totalOf(await cells(application), nowMs), sumOf([...own.untold.values()]));
        own.readAtMs = nowMs;
      }
      if (mayKeep && own.total !== undefined && isFar(plus(own.total, amount), limits)) {
        remember(own, stored);
        return undefined;
      }
      const before = own.total && exceededBy(plus(own.total, amount), limits);
      if (before !== undefined && nowMs < own.overUntilMs) {
        return { quota: before, retryAfterSeconds: 1 };
      }
      // Counted before it is read: of two at the same time, at least one sees both.
      remember(own, stored);
      await tell(application, own);
      const found = await cells(application);
      own.total = totalOf(found, nowMs);
      own.readAtMs = nowMs;
      const quota = exceededBy(own.total, limits);
      if (quota === undefined) return undefined;
      remember(own, stored.map(negative));
      await tell(application, own);
      own.overUntilMs = nowMs + overMs;
      return { quota, retryAfterSeconds: retrySeconds(found, nowMs), cells: found };
    },

    async count(application, stored, limits) {
      const own = knownOf(application);
      remember(own, stored);
      if (sumOf(stored).bytes < 0) own.overUntilMs = 0;
      const isQuiet = isSmall(sumOf([...own.untold.values()]), limits);
      if (isQuiet && (own.total === undefined || isFar(own.total, limits))) return;
      await tell(application, own);
    },

    total: async (application) => totalOf(await cells(application), clock.now()),

    refused: createQuotaNews(table, clock),

    async forget(application, cell) {
      knownOf(application).overUntilMs = 0;
      await table.delete({ pk: pkOf(application), sk: cell });
    },
  };
}

const amountOf = ({ events, bytes }: Amount): Amount => ({ ...none, events, bytes });
