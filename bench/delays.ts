import { setTimeout as sleep } from 'node:timers/promises';
import { billOf } from '../lib/core/bill/bill.ts';
import { difference, type Meter } from './meter.ts';
import { monotonicMs } from './processes/clock.ts';
import type { Scope } from './scope.ts';
import { type Ends, type Stand, withBus } from './stand.ts';
import { number, tableOf } from './table.ts';
import { usageOf } from './usage.ts';
import { waitForCount } from './wait.ts';

/** The results of a run with delayed events. */
export interface Delays {
  readonly events: number;
  /** How many waited at the same time, before the first one was due. */
  readonly pending: number;
  readonly cancelled: number;
  readonly reTimed: number;
  readonly scheduledPerSecond: number;
  readonly changedPerSecond: number;
  readonly duePerSecond: number;
  /** From the time at which an event was due to its arrival. The earliest is negative if an event came early. */
  readonly earliestMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly latestMs: number;
  readonly peakRssMb: number;
  /** At list prices, per million events of each kind. */
  readonly dollars: readonly { readonly what: string; readonly perMillion: number }[];
}

const perRequest = 100;
const connections = 4;
const day = 86_400;
/** One event in ten waits for a day, in a schedule. Half of these are re-timed to be due with the others, half cancelled. */
const farPart = 0.1;

/**
 * Delays many events at the same time, cancels and re-times some, and times the arrival of the others.
 * @throws Error when an event is refused, is lost, comes early or twice, or comes although it was cancelled.
 */
export async function measureDelays(ends: Ends, { delays, progress }: Scope): Promise<Delays> {
  return await withBus(ends, { name: 'delays', topics: 1, receivers: 1 }, async (stand) => {
    const { events, perSecond } = delays;
    const { sink, bus } = stand;
    await sink.call('reset', null);
    const far = Math.round(events * farPart);
    const near = events - far;
    const before = await bus.meter();
    const startedMs = monotonicMs();

    // The first event is due once all have been published and changed. The first tenth shows how long that takes.
    progress(`delays: ${number(far)} events that wait for a day, in schedules`);
    const farIds = Array.from({ length: far }, (_, n) => `far-${n}`);
    const farDueMs = await publishAll(stand, farIds, () => Date.now() + day * 1000);
    const afterFar = await bus.meter();
    const farSeconds = (monotonicMs() - startedMs) / 1000;
    const reTimedIds = farIds.slice(0, Math.ceil(far / 2));
    const cancelledIds = farIds.slice(Math.ceil(far / 2));

    const leadSeconds = Math.ceil(delays.leadSeconds + farSeconds * (near / far) * 1.5 + farSeconds * 6);
    const firstDueMs = Date.now() + leadSeconds * 1000;
    const dueMs = (index: number) => firstDueMs + (index / perSecond) * 1000;
    progress(`delays: ${number(near)} events due from ${leadSeconds} s on, in the delay queue`);
    const nearIds = Array.from({ length: near }, (_, n) => `near-${n}`);
    await publishAll(stand, nearIds, dueMs);
    const afterNear = await bus.meter();
    const scheduledPerSecond = events / ((monotonicMs() - startedMs) / 1000);

    progress(
      `delays: re-timing ${number(reTimedIds.length)} events, cancelling ${number(cancelledIds.length)}`,
    );
    const changingMs = monotonicMs();
    // The sink computes lateness from a time in the event, so it must know by how much each event was re-timed.
    const shiftMs = new Map<string, number>();
    await inParallel(reTimedIds, async (id) => {
      const index = reTimedIds.indexOf(id);
      const deliverAt = new Date(dueMs((index / reTimedIds.length) * near)).toISOString();
      shiftMs.set(id, Date.parse(deliverAt) - (farDueMs.get(id) ?? 0));
      await call(stand, 'PATCH', `/v1/events/${id}`, { deliverAt });
    });
    const afterReTiming = await bus.meter();
    await inParallel(cancelledIds, (id) => call(stand, 'DELETE', `/v1/events/${id}`));
    const changedPerSecond = far / ((monotonicMs() - changingMs) / 1000);
    const afterCancelling = await bus.meter();
    const early = await sink.call('count', null);
    if (early > 0 || Date.now() > firstDueMs) {
      throw new Error(
        `${early} events were due before all of them waited: this machine needs a longer lead.`,
      );
    }

    const expected = near + reTimedIds.length;
    progress(
      `delays: all ${number(events)} wait; ${number(expected)} are due over ${Math.ceil(near / perSecond)} s`,
    );
    await sleep(Math.max(0, firstDueMs - Date.now()));
    await waitForCount({
      what: 'delayed events',
      expected,
      stallSeconds: 30,
      pollMs: 100,
      count: () => sink.call('count', null),
    });
    // Gives duplicates and cancelled events time to arrive.
    await sleep(2000);
    const afterAll = await bus.meter();
    const lateness = await sink.call('lateness', [...shiftMs]);
    if (lateness.distinct !== expected || lateness.duplicates > 0) {
      throw new Error(
        `${lateness.distinct} events arrived instead of ${expected}, and ${lateness.duplicates} of them twice.`,
      );
    }
    if (lateness.earliestMs < 0) throw new Error(`An event came ${-lateness.earliestMs} ms early.`);

    const cost = (from: Meter, to: Meter, count: number) =>
      (billOf(difference(from, to)).dollars / count) * 1e6;
    return {
      events,
      pending: events - cancelledIds.length,
      cancelled: cancelledIds.length,
      reTimed: reTimedIds.length,
      scheduledPerSecond,
      changedPerSecond,
      duePerSecond: perSecond,
      ...lateness,
      peakRssMb: usageOf(bus.pid).peakRssMb,
      dollars: [
        { what: 'stored for up to 15 minutes', perMillion: cost(afterFar, afterNear, near) },
        {
          what: 'stored for longer (without the schedule, which is billed when it fires)',
          perMillion: cost(before, afterFar, far),
        },
        { what: 're-timed', perMillion: cost(afterNear, afterReTiming, reTimedIds.length) },
        { what: 'cancelled', perMillion: cost(afterReTiming, afterCancelling, cancelledIds.length) },
        { what: 'released, routed and delivered', perMillion: cost(afterCancelling, afterAll, expected) },
      ],
    };
  });
}

/** Publishes events in batches of 100. Resolves to the due time of each, in epoch milliseconds. */
async function publishAll(
  stand: Stand,
  ids: readonly string[],
  dueMs: (index: number) => number,
): Promise<Map<string, number>> {
  const due = new Map<string, number>();
  const starts = Array.from({ length: Math.ceil(ids.length / perRequest) }, (_, n) => n * perRequest);
  await inParallel(starts, async (start) => {
    const events = ids.slice(start, start + perRequest).map((id, offset) => {
      // The API takes whole milliseconds.
      const atMs = Math.ceil(dueMs(start + offset));
      due.set(id, atMs);
      const sentAtMs = monotonicMs() + (atMs - Date.now());
      return {
        ...{ id, source: '/bench', type: 'bench.delayed', deliverAt: new Date(atMs).toISOString() },
        data: { sentAtMs, text: 'x'.repeat(900) },
      };
    });
    const path = stand.target(1).paths[0] ?? '';
    const answer = (await call(stand, 'POST', path, events)) as { events: { status: string }[] };
    const refused = answer.events.find(({ status }) => status !== 'scheduled');
    if (refused !== undefined) throw new Error(`An event was not scheduled: ${JSON.stringify(refused)}`);
  });
  return due;
}

/** Makes one call of the API, and repeats it as long as the bus answers 429. */
async function call(stand: Stand, method: string, path: string, body?: unknown): Promise<unknown> {
  const { origin, headers } = stand.target(1);
  for (;;) {
    const response = await fetch(new URL(path, origin), {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : JSON.parse(text);
    if (response.status !== 429)
      throw new Error(`The bus answered ${response.status} to ${method} ${path}: ${text}`);
    await sleep(Number(response.headers.get('retry-after') ?? 1) * 1000);
  }
}

async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

export function delaysText(found: Delays): string {
  const ms = (value: number) => number(value, 0);
  return [
    `${number(found.events)} delayed events of 1 KB, all waiting at the same time; ${number(found.reTimed)} re-timed, ${number(found.cancelled)} cancelled.`,
    '',
    tableOf(
      ['due/s', 'earliest ms', 'p50 ms', 'p99 ms', 'latest ms', 'stored/s', 'changed/s', 'peak MB'],
      [
        [
          ...[
            number(found.duePerSecond),
            ms(found.earliestMs),
            ms(found.p50Ms),
            ms(found.p99Ms),
            ms(found.latestMs),
          ],
          ...[number(found.scheduledPerSecond), number(found.changedPerSecond), number(found.peakRssMb)],
        ],
      ],
    ),
    '',
    tableOf(
      ['what', '$/million'],
      found.dollars.map(({ what, perMillion }) => [what, number(perMillion, 2)]),
    ),
  ].join('\n');
}
