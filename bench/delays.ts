import { setTimeout as sleep } from 'node:timers/promises';
import { billOf } from '../lib/core/bill/bill.ts';
import { monotonicMs } from './processes/clock.ts';
import { type Ends, type Stand, withBus } from './stand.ts';
import { number, tableOf } from './table.ts';
import { usageOf } from './usage.ts';

/** What a run of delayed events found out. */
export interface Delays {
  readonly events: number;
  /** Waiting at the same time, before the first of them was due. */
  readonly pending: number;
  readonly cancelled: number;
  readonly reTimed: number;
  readonly scheduledPerSecond: number;
  readonly changedPerSecond: number;
  readonly duePerSecond: number;
  /** From the moment an event was due to its arrival; the earliest is below 0 when one came early. */
  readonly earliestMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly latestMs: number;
  readonly peakRssMb: number;
  /** At list prices, for a million events of each kind. */
  readonly dollars: readonly { readonly what: string; readonly perMillion: number }[];
}

export interface DelaysScope {
  readonly events: number;
  /** At which rate they are due: below what the bus delivers, so that it is the delay that is timed. */
  readonly perSecond: number;
  progress(message: string): void;
}

const perRequest = 100;
const connections = 4;
const day = 86_400;
/** One in ten waits for a day, in a schedule: half of those are re-timed to be due with the others, half cancelled. */
const farPart = 0.1;

/**
 * Has so many events wait at the same time, cancels and re-times some, and times the arrival of the others.
 * @throws Error when one is refused, does not come, comes early, comes twice, or comes although it was cancelled.
 */
export async function measureDelays(ends: Ends, scope: DelaysScope): Promise<Delays> {
  return await withBus(ends, { name: 'delays', topics: 1, receivers: 1 }, async (stand) => {
    const { events, perSecond, progress } = scope;
    const { sink, bus } = stand;
    await sink.call('reset', null);
    const far = Math.round(events * farPart);
    const near = events - far;
    const before = await bus.meter();
    const startedMs = monotonicMs();

    // The first is due when all have been published and changed, which takes as long as a tenth of them tells.
    progress(`${number(far)} events that wait for a day, in schedules`);
    const farIds = Array.from({ length: far }, (_, n) => `far-${n}`);
    const farDueMs = await publishAll(stand, farIds, () => Date.now() + day * 1000);
    const afterFar = await bus.meter();
    const farSeconds = (monotonicMs() - startedMs) / 1000;
    const reTimedIds = farIds.slice(0, Math.ceil(far / 2));
    const cancelledIds = farIds.slice(Math.ceil(far / 2));

    const leadSeconds = Math.ceil(10 + farSeconds * (near / far) * 1.5 + farSeconds * 6);
    const firstDueMs = Date.now() + leadSeconds * 1000;
    const dueMs = (index: number) => firstDueMs + (index / perSecond) * 1000;
    progress(`${number(near)} events that are due from ${leadSeconds} s from now on, in the delay queue`);
    const nearIds = Array.from({ length: near }, (_, n) => `near-${n}`);
    await publishAll(stand, nearIds, dueMs);
    const afterNear = await bus.meter();
    const scheduledPerSecond = events / ((monotonicMs() - startedMs) / 1000);

    progress(`${number(reTimedIds.length)} are re-timed, ${number(cancelledIds.length)} cancelled`);
    const changingMs = monotonicMs();
    // What the sink counts lateness from is in the event: a re-timed one is a day early by it, and exactly so.
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
      throw new Error(`${early} events were due before all were waiting: this machine needs a longer lead.`);
    }

    const expected = near + reTimedIds.length;
    progress(`All ${number(events)} wait; ${number(expected)} are due over ${Math.ceil(near / perSecond)} s`);
    await sleep(Math.max(0, firstDueMs - Date.now()));
    await allCome(stand, expected);
    // What was cancelled has its day to come; what is late by seconds or doubled would come now.
    await sleep(2000);
    const afterAll = await bus.meter();
    const lateness = await sink.call('lateness', [...shiftMs]);
    if (lateness.distinct !== expected || lateness.duplicates > 0) {
      throw new Error(
        `${lateness.distinct} came where ${expected} were to, and ${lateness.duplicates} twice.`,
      );
    }
    if (lateness.earliestMs < 0) throw new Error(`One came ${-lateness.earliestMs} ms early.`);

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
          what: 'stored for longer (its schedule is paid when it fires)',
          perMillion: cost(before, afterFar, far),
        },
        { what: 're-timed', perMillion: cost(afterNear, afterReTiming, reTimedIds.length) },
        { what: 'cancelled', perMillion: cost(afterReTiming, afterCancelling, cancelledIds.length) },
        { what: 'released, routed and delivered', perMillion: cost(afterCancelling, afterAll, expected) },
      ],
    };
  });
}

/** How long the sink may see nothing new before what is missing counts as lost. */
const stallMs = 30_000;

/** Resolves when the sink has so many deliveries; a machine that is slow makes them late, which the table tells. */
async function allCome({ sink }: Stand, expected: number): Promise<void> {
  let count = 0;
  let progressMs = monotonicMs();
  for (;;) {
    const now = await sink.call('count', null);
    if (now >= expected) return;
    if (now > count) progressMs = monotonicMs();
    else if (monotonicMs() - progressMs > stallMs) {
      throw new Error(`${now} of ${expected} delayed events came, and none for ${stallMs / 1000} s.`);
    }
    count = now;
    await sleep(100);
  }
}

type Meter = Readonly<Record<string, number>>;

const difference = (from: Meter, to: Meter): Record<string, number> =>
  Object.fromEntries(Object.entries(to).map(([unit, quantity]) => [unit, quantity - (from[unit] ?? 0)]));

/** Publishes events, a hundred a request; answers when each is due, in epoch milliseconds. */
async function publishAll(
  stand: Stand,
  ids: readonly string[],
  dueMs: (index: number) => number,
): Promise<Map<string, number>> {
  const due = new Map<string, number>();
  const starts = Array.from({ length: Math.ceil(ids.length / perRequest) }, (_, n) => n * perRequest);
  await inParallel(starts, async (start) => {
    const events = ids.slice(start, start + perRequest).map((id, offset) => {
      // A date has milliseconds; what is due on a fraction of one is due on it here, too.
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

/** One call of the API; again when the machine asks to come later. */
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
      throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
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
    `${number(found.events)} delayed events of 1 KB, all waiting at once; ${number(found.reTimed)} of them re-timed, ${number(found.cancelled)} cancelled.`,
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
