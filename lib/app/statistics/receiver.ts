import type { Principal } from '../../core/access/access.ts';
import { breakerOf, type ShownBreaker, showBreaker } from '../../core/breaker/breaker.ts';
import { clusterReadsMax } from '../../core/redrive/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { type Counts, receiverThing, sketchOf } from '../../core/statistics/counts.ts';
import { type PeriodQuery, periodOf } from '../../core/statistics/period.ts';
import { quantileOf } from '../../core/statistics/sketch.ts';
import { keysBetween } from '../../core/statistics/steps.ts';
import { oldestSecondsOf, waitedSignSeconds } from '../../core/statistics/waited.ts';
import type { Tools } from '../../runtime/tools.ts';
import { ownReceiver } from '../registry/flow.ts';
import { pointsOf } from './points.ts';

export type ReceiverStatisticsTools = Tools<
  'statistics' | 'registry' | 'queues' | 'deadLetters' | 'deadLetterQueues' | 'breakers'
>;

/** What became of a receiver's deliveries in one step. */
export interface ReceiverPoint {
  /** When it begins. RFC 3339. */
  readonly at: string;
  /** Deliveries whose attempt succeeded. */
  readonly delivered: number;
  /** Attempts that failed. */
  readonly failed: number;
  readonly deadLettered: number;
  /** Deliveries that were never made: skipped, or dropped with a grant that was revoked. */
  readonly dropped: number;
  /** Of attempts; null where there was none. */
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
}

/** How a receiver is now. */
export interface ReceiverNow {
  /** Events that may be received at once, as SQS counts them: roughly. */
  readonly waiting: number;
  /** For how long the oldest event has waited since it entered its lane, as far as the bus saw (decision 173). */
  readonly oldestSeconds: number;
  /** Events that are being delivered, or wait for their next attempt. */
  readonly inFlight: number;
  readonly deadLetters: number;
  readonly breaker: ShownBreaker['state'];
  readonly paused: boolean;
}

/** @throws BusbarError unknown_receiver, forbidden, invalid_request. */
export async function receiverStatistics(
  tools: ReceiverStatisticsTools,
  principal: Principal,
  name: string,
  query: PeriodQuery,
): Promise<{ points: ReceiverPoint[]; now: ReceiverNow }> {
  const receiver = await ownReceiver(tools, principal, name);
  const period = periodOf(query, tools.clock.now());
  const [points, now] = await Promise.all([
    pointsOf(tools, receiverThing(receiver), period),
    nowOf(tools, receiver),
  ]);
  return {
    points: points.map(({ at, counts }) => {
      const { delivered = 0, failed = 0, deadLettered = 0, dropped = 0 } = counts;
      const sketch = sketchOf(counts);
      const latencyMs = { p50: quantileOf(sketch, 0.5), p99: quantileOf(sketch, 0.99) };
      return { at, delivered, failed, deadLettered, dropped, latencyMs };
    }),
    now,
  };
}

/**
 * How a receiver is now.
 * @param deadLettersMax more dead letters in the table are not counted; undefined for as many as a call counts.
 */
export async function nowOf(
  tools: ReceiverStatisticsTools,
  receiver: Receiver,
  deadLettersMax?: number,
): Promise<ReceiverNow> {
  const { receiver: name } = receiver;
  const [lanes, deadLetters, kept] = await Promise.all([
    Promise.all(
      (['online', 'offline', 'ordered'] as const).map((role) => tools.queues.count({ receiver: name, role })),
    ),
    countDeadLetters(tools, receiver, deadLettersMax),
    tools.breakers.read(name),
  ]);
  const inAll = lanes.reduce((sum, lane) => sum + lane.inAll, 0);
  const inFlight = lanes.reduce((sum, lane) => sum + lane.hidden, 0);
  const nowMs = tools.clock.now();
  const breaker = showBreaker(breakerOf(kept, receiver.endpoint), nowMs);
  const waiting = inAll - inFlight;
  const signs = {
    minutes: inAll === 0 ? [] : await lastMinutes(tools, receiver),
    isWaiting: waiting > 0,
    isAny: inAll > 0,
    stoppedSinceMs: stoppedSince(receiver, breaker),
  };
  return {
    waiting,
    oldestSeconds: oldestSecondsOf(signs, nowMs),
    inFlight,
    deadLetters,
    breaker: breaker.state,
    paused: receiver.state === 'paused',
  };
}

async function lastMinutes(
  tools: Tools<'statistics'>,
  receiver: Receiver,
): Promise<{ readonly startMs: number; readonly counts: Counts }[]> {
  const nowMs = tools.clock.now();
  const rows = await tools.statistics.read(
    receiverThing(receiver),
    ...keysBetween(60, nowMs - waitedSignSeconds * 1000, nowMs + 1),
  );
  return rows.map(({ sk, counts }) => ({ startMs: Date.parse(sk.slice(sk.indexOf('#') + 1)), counts }));
}

/** Since when nothing is sent; undefined while something is. */
function stoppedSince({ state, pausedAt }: Receiver, breaker: ShownBreaker): number | undefined {
  if (state === 'paused') return pausedAt === undefined ? undefined : Date.parse(pausedAt);
  if (breaker.state !== 'open' || breaker.since === undefined) return undefined;
  return Date.parse(breaker.since);
}

/** Those in the table, as far as a few reads count them, and those that are still in the queue. */
async function countDeadLetters(
  tools: ReceiverStatisticsTools,
  receiver: Receiver,
  most: number | undefined,
): Promise<number> {
  const queued = await Promise.all(
    (['dead-letters', 'ordered-dead-letters'] as const).map((role) =>
      tools.deadLetterQueues.count(receiver.receiver, role),
    ),
  );
  let count = queued.reduce((sum, { ready, hidden }) => sum + ready + hidden, 0);
  let after: string | undefined = '';
  for (let reads = 0; after !== undefined && reads < (most === undefined ? clusterReadsMax : 1); reads++) {
    const page: Awaited<ReturnType<typeof tools.deadLetters.page>> = await tools.deadLetters.page(
      receiver,
      after,
      most ?? rowsAtOnce,
    );
    count += page.items.length;
    after = page.last;
  }
  return count;
}

/** More than a read of 1 MB returns. */
const rowsAtOnce = 10_000;
