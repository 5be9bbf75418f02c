import { type Measured, type Measurement, measure } from './measure.ts';
import type { Load, Target } from './processes/generator.ts';
import type { Scope } from './scope.ts';
import { type Ends, type Layout, type Stand, withBus } from './stand.ts';
import { usageOf } from './usage.ts';

/** Requests that wait for their response at the same time. */
const connections = 8;

export const oneToOne: Layout = { name: '1 topic x 1 receiver', topics: 1, receivers: 1 };
const oneToTen: Layout = { name: '1 topic x 10 receivers', topics: 1, receivers: 10 };

/** A closed loop of publishes. */
export const publish = (stand: Measured & Pick<Stand, 'target'>, batch: number, seconds: number) =>
  measure(stand, () =>
    stand.generator.call('closedLoop', { target: stand.target(batch), connections, seconds }),
  );

/** Measurements by the name of their load. */
export type Loads = Readonly<Record<string, Measurement>>;

/** The memory of the bus. */
export interface Memory {
  /** After a load at its capacity. */
  readonly warmMb: number;
  /** After all further loads. */
  readonly endMb: number;
  /** Deliveries between the two. */
  readonly deliveries: number;
}

export interface OneToOne {
  /** The load that the targets are about. */
  readonly full: Measurement;
  readonly capacity: Loads;
  readonly latency: Loads;
  readonly memory: Memory;
}

/** Capacity, latency and memory of a fresh bus with one topic and one receiver. */
export function measureOneToOne(ends: Ends, { seconds, warmUpSeconds }: Scope): Promise<OneToOne> {
  return withBus(ends, oneToOne, async (stand) => {
    // Not counted: by the end of these loads, most of the code is compiled.
    await publish(stand, 10, warmUpSeconds);
    await publish(stand, 1, warmUpSeconds / 4);
    const full = await publish(stand, 10, seconds);
    const warmMb = usageOf(stand.bus.pid).rssMb;
    const single = await publish(stand, 1, seconds);
    const openLoop = (batch: number, eventsPerSecond: number) =>
      measure(stand, () =>
        stand.generator.call('openLoop', { target: stand.target(batch), eventsPerSecond, seconds }),
      );
    const steady = await openLoop(1, 500);
    const third = await openLoop(10, Math.round(full.deliveredPerSecond * 0.3));
    const deliveries = single.deliveries + steady.deliveries + third.deliveries;
    return {
      full,
      capacity: { [`${oneToOne.name}, batches of 10`]: full, [`${oneToOne.name}, batches of 1`]: single },
      latency: { '500 events/s, batches of 1': steady, '30 % of capacity, batches of 10': third },
      memory: { warmMb, endMb: usageOf(stand.bus.pid).rssMb, deliveries },
    };
  });
}

/** The capacity of a fresh bus with ten receivers for one topic. */
export function measureOneToTen(ends: Ends, scope: Scope): Promise<Loads> {
  // Every event becomes ten deliveries, so half the load takes as long.
  return measureCapacity(ends, oneToTen, scope.seconds / 2, scope);
}

/** The capacity of a fresh bus with many topics. */
export function measureManyTopics(ends: Ends, scope: Scope): Promise<Loads> {
  const { manyTopics: topics } = scope;
  const layout = { name: `${topics} topics x 1 receiver`, topics, receivers: 1 };
  return measureCapacity(ends, layout, scope.seconds, scope);
}

function measureCapacity(
  ends: Ends,
  layout: Layout,
  seconds: number,
  { warmUpSeconds }: Scope,
): Promise<Loads> {
  return withBus(ends, layout, async (stand) => {
    await publish(stand, 10, Math.min(seconds, warmUpSeconds));
    return { [`${layout.name}, batches of 10`]: await publish(stand, 10, seconds) };
  });
}

/** A load without a bus. */
export interface NullRun {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Measures what generator, sink and machine cost without a bus between them. */
export async function measureNullRuns(
  { sink, sinkUrl, generator }: Ends,
  { seconds }: Scope,
): Promise<Readonly<Record<string, NullRun>>> {
  const target: Target = {
    origin: sinkUrl,
    paths: ['/null'],
    headers: { 'content-type': 'application/json' },
    batch: 1,
    kind: 'bare',
  };
  const run = async (load: () => Promise<Load>): Promise<NullRun> => {
    await sink.call('reset', null);
    const { startMs, failures, firstFailure } = await load();
    if (failures > 0) throw new Error(`The null run failed: ${firstFailure}`);
    const { distinct, lastMs, p50Ms, p99Ms } = await sink.call('arrivals', null);
    if (p50Ms === undefined || p99Ms === undefined) throw new Error('The null run delivered nothing.');
    return { perSecond: (distinct / (lastMs - startMs)) * 1000, p50Ms, p99Ms };
  };
  return {
    'closed loop': await run(() => generator.call('closedLoop', { target, connections, seconds })),
    '500 events/s': await run(() => generator.call('openLoop', { target, eventsPerSecond: 500, seconds })),
  };
}

/**
 * Publishes to ten receivers as fast as the bus answers, so that it accepts more than it delivers, and goes on for a
 * while after the bus has begun to refuse. `measure` throws when an accepted event does not arrive.
 */
export function measureOverload(ends: Ends, { seconds, overload }: Scope): Promise<Measurement> {
  return withBus(ends, oneToTen, (stand) =>
    measure(stand, () =>
      stand.generator.call('flood', {
        target: stand.target(100),
        ...overload,
        secondsAfterRefusal: seconds,
      }),
    ),
  );
}
