import {
  type Allowance,
  fullAllowance,
  isUsedUp,
  secondsPerSlowWrite,
  secondsPerWrite,
  spend,
} from '../../core/statistics/allowance.ts';
import { type Counts, isForOverview, nonZero, plusCounts, type Thing } from '../../core/statistics/counts.ts';
import { metricsLine, metricsOfCounts } from '../../core/statistics/emf.ts';
import {
  type Addition,
  additionsOf,
  failingPartition,
  failingSpanSeconds,
  partitionOf,
  startOf,
} from '../../core/statistics/steps.ts';
import { untilFirst } from '../aws/table/conflicts.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Random } from '../random.ts';
import { createRecent, secondsToRemember } from './recent.ts';

/**
 * Counters of receivers, topics and applications. Each instance counts for itself, and adds what it has counted to rows
 * that all share (see docs/decisions/171-statistics.md).
 */
export interface StatisticsStore {
  /** Counts in this instance, in the minute that it is. */
  count(thing: Thing, counts: Counts): void;
  /**
   * Writes what it is time to write.
   * @throws Error when something could not be written: this instance keeps it for the next time.
   */
  flush(): Promise<void>;
  /**
   * The receivers that failed lately, by their owner and name: in the last ten to fifteen minutes, as far as a few reads
   * find them. The more there are, the longer what was read is remembered.
   */
  failing(): Promise<{ readonly found: readonly Failing[]; readonly isPartial: boolean }>;
  /** The rows of a thing whose sort keys are from `from` on and before `before`. */
  read(thing: Thing, from: string, before: string): Promise<Kept[]>;
}

export interface Failing {
  readonly owner: string;
  readonly name: string;
  /** Attempts, and deliveries that were given up. */
  readonly failed: number;
  readonly deadLettered: number;
}

export interface Kept {
  readonly sk: string;
  readonly counts: Counts;
}

/** What this instance has counted of a thing. */
interface Tally {
  readonly thing: Thing;
  /** Not yet written, by the start of the minute. */
  minutes: Map<number, Counts>;
  allowance: Allowance;
}

/** A write that was sent, until it is known that it was made. */
interface Sending {
  readonly tally: Tally;
  readonly minutes: ReadonlyMap<number, Counts>;
  readonly rows: readonly Addition[];
  /** AWS makes a write once for each token, for ten minutes. */
  readonly token: string;
  readonly sinceMs: number;
  isUnderWay: boolean;
}

/** Instances write for the overview within so long after a minute. */
const phaseMsMax = 20_000;
const hasEarlier = (minutes: ReadonlyMap<number, Counts>, nowMs: number): boolean =>
  [...minutes.keys()].some((ms) => ms < startOf(nowMs, 60));

const talliesMax = 1000;
/** So many things are written at the end of an invocation; the others at the end of the next. */
const thingsAtOnce = 15;
/** Two instances that write the same row at the same time: one is refused, and tries again. */
const conflictRoundsMax = 5;
/** A write whose outcome is unknown is repeated under its token for so long; AWS remembers the token for ten minutes. */
const repeatSeconds = 9 * 60;
const pageRows = 1000;
/** What failed in this span and in the two before is shown: the last ten to fifteen minutes. */
const failingSpans = 3;
const failingReadsMax = 3;
/** More than a read of 1 MB returns. */
const failingRowsMax = 10_000;

export function createStatisticsStore(
  table: Table,
  world: {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly config: Pick<Config, 'metrics' | 'prefix'>;
  },
): StatisticsStore {
  const { clock, random, log, config } = world;
  const tallies = new Map<string, Tally>();
  /** Those that have counts to write, the longest waiting first. */
  const waiting = new Set<Tally>();
  const unsure = new Set<Sending>();
  let phaseMs: number | undefined;

  function tallyOf(thing: Thing): Tally {
    const key = partitionOf(thing);
    const known = tallies.get(key);
    if (known !== undefined) return known;
    if (tallies.size >= talliesMax) {
      // What waits is kept by `waiting`.
      for (const [name, tally] of tallies) if (!waiting.has(tally)) tallies.delete(name);
    }
    const tally: Tally = { thing, minutes: new Map(), allowance: fullAllowance(clock.now()) };
    tallies.set(key, tally);
    return tally;
  }

  function add(tally: Tally, minutes: Iterable<readonly [number, Counts]>): void {
    for (const [minuteMs, counts] of minutes) {
      tally.minutes.set(minuteMs, plusCounts(tally.minutes.get(minuteMs) ?? {}, counts));
    }
    waiting.add(tally);
  }

  /** What is left of the allowance after a write; undefined when it is not time for one. */
  function allowed({ thing, minutes, allowance }: Tally, nowMs: number): Allowance | undefined {
    if (thing.kind !== 'overview') {
      return spend(allowance, nowMs, thing.kind === 'application' ? secondsPerSlowWrite : secondsPerWrite);
    }
    // Under load once a minute, soon after it is over; not all instances in the same second, for they write one row.
    phaseMs ??= Math.floor(random.next() * phaseMsMax);
    const isMinuteOver = hasEarlier(minutes, nowMs) && nowMs % 60_000 >= phaseMs;
    return spend(allowance, nowMs, secondsPerSlowWrite, isMinuteOver ? 0.5 : 1);
  }

  /** Takes the counts that are written now: of the overview under load only minutes that are over, a row each. */
  function take(tally: Tally, isUnderLoad: boolean, nowMs: number): Map<number, Counts> {
    const { thing, minutes } = tally;
    const now = minutes.get(startOf(nowMs, 60));
    tally.minutes = new Map();
    waiting.delete(tally);
    if (thing.kind === 'overview' && isUnderLoad && now !== undefined && minutes.size > 1) {
      minutes.delete(startOf(nowMs, 60));
      add(tally, [[startOf(nowMs, 60), now]]);
    }
    return minutes;
  }

  function due(): Sending[] {
    const nowMs = clock.now();
    const sending: Sending[] = [];
    for (const tally of waiting) {
      if (sending.length >= thingsAtOnce) break;
      const left = allowed(tally, nowMs);
      if (left === undefined) continue;
      tally.allowance = left;
      const { thing } = tally;
      const minutes = take(tally, isUsedUp(left), nowMs);
      const rows = additionsOf(thing, minutes);
      sending.push({ tally, minutes, rows, token: random.uuid(), sinceMs: nowMs, isUnderWay: false });
    }
    return sending;
  }

  async function send(one: Sending): Promise<void> {
    one.isUnderWay = true;
    unsure.add(one);
    try {
      const isWritten = await write(one);
      unsure.delete(one);
      if (isWritten) return tell(one);
      add(one.tally, one.minutes);
      throw new Error('Other instances write the same rows');
    } finally {
      one.isUnderWay = false;
    }
  }

  /** Writes as metrics what was written as statistics: as rarely, and once. */
  function tell({ tally: { thing }, minutes }: Sending): void {
    for (const [minuteMs, counts] of minutes) {
      const metrics = metricsOfCounts(config.metrics, config.prefix, thing, minuteMs, counts);
      if (metrics !== undefined) log('info', metricsLine, metrics);
    }
  }

  async function write({ tally: { thing }, rows, token }: Sending): Promise<boolean> {
    const merges = rows.map(({ pk, sk, add: amounts, expiresAtSeconds }) => ({
      merge: { pk, sk, document: null, expiresAtSeconds, set: {}, once: {}, add: amounts },
    }));
    if (isForOverview(thing)) {
      await Promise.all(merges.map(({ merge }) => table.merge(merge)));
      return true;
    }
    return await untilFirst(world, conflictRoundsMax, () => table.transact(merges, token));
  }

  const recent = createRecent(clock);
  async function loadFailing(): Promise<{ found: Failing[]; isPartial: boolean }> {
    const nowMs = clock.now();
    const sums = new Map<string, Failing>();
    let isPartial = false;
    for (let back = 0; back < failingSpans; back++) {
      let end: string | undefined = '~';
      for (let reads = 0; end !== undefined && reads < failingReadsMax; reads++) {
        const portion: Awaited<ReturnType<Table['latest']>> = await table.latest(
          failingPartition(nowMs - back * failingSpanSeconds * 1000),
          ' ',
          end,
          failingRowsMax,
        );
        for (const { sk, fields = {} } of portion.rows) {
          const [owner = '', name = ''] = sk.split('#');
          const { failed = 0, deadLettered = 0 } = sums.get(sk) ?? {};
          sums.set(sk, {
            owner,
            name,
            failed: failed + Number(fields.failed ?? 0),
            deadLettered: deadLettered + Number(fields.deadLettered ?? 0),
          });
        }
        end = portion.last;
      }
      isPartial ||= end !== undefined;
    }
    return { found: [...sums.values()], isPartial };
  }

  return {
    count(thing, counts) {
      const own = nonZero(counts);
      if (Object.keys(own).length === 0) return;
      add(tallyOf(thing), [[startOf(clock.now(), 60), own]]);
    },

    async flush() {
      const nowMs = clock.now();
      const again = [...unsure].filter(({ isUnderWay }) => !isUnderWay);
      // Nothing would keep a repetition for the overview from counting twice.
      const old = again.filter(
        ({ tally: { thing }, sinceMs }) => isForOverview(thing) || nowMs - sinceMs > repeatSeconds * 1000,
      );
      for (const one of old) unsure.delete(one);
      const going = [...again.filter((one) => unsure.has(one)), ...due()];
      const outcomes = await Promise.allSettled(going.map(send));
      const problems = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [String(outcome.reason)] : [],
      );
      if (old.length > 0)
        problems.push(`${old.length} writes were given up: it is not known if they were made`);
      if (problems.length > 0) throw new Error(problems.join('; '));
    },

    failing: () =>
      recent.get('failing', loadFailing, ({ found }: { readonly found: readonly Failing[] }) =>
        secondsToRemember(found.length),
      ),

    async read(thing, from, before) {
      const kept: Kept[] = [];
      let end: string | undefined = before;
      while (end !== undefined) {
        const { rows, last } = await table.latest(partitionOf(thing), from, end, pageRows);
        for (const { sk, fields = {} } of rows) {
          const counts = Object.entries(fields).filter(
            (entry): entry is [string, number] => typeof entry[1] === 'number',
          );
          kept.push({ sk, counts: Object.fromEntries(counts) });
        }
        end = last;
      }
      return kept.reverse();
    },
  };
}
