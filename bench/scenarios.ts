import { type Measurement, measure } from './measure.ts';
import type { Load, Target } from './processes/generator.ts';
import { type Ends, type Layout, type Stand, withBus } from './stand.ts';
import { usageOf } from './usage.ts';

export interface Scope {
  readonly rounds: number;
  readonly seconds: number;
  /** Told what is being measured. */
  progress(message: string): void;
}

const oneToOne: Layout = { name: '1 topic x 1 receiver', topics: 1, receivers: 1 };
const oneToTen: Layout = { name: '1 topic x 10 receivers', topics: 1, receivers: 10 };
const hundred: Layout = { name: '100 topics x 1 receiver', topics: 100, receivers: 1 };

/** Requests that wait for their answer at once. */
const connections = 8;

/** The rounds of one measurement, by its name. */
export type Rounds = Map<string, Measurement[]>;

export interface Memory {
  /** Of the bus, after a load at its capacity and after all that followed. */
  readonly warmMb: number;
  readonly endMb: number;
  /** In between. */
  readonly deliveries: number;
}

export interface NullRun {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Measured {
  readonly capacity: Rounds;
  readonly latency: Rounds;
  readonly nullRuns: readonly NullRun[][];
  readonly memory: readonly Memory[];
}

const publish = (stand: Stand, batch: number, seconds: number) =>
  measure(stand, () =>
    stand.generator.call('closedLoop', { target: stand.target(batch), connections, seconds }),
  );

/**
 * Every round measures everything once, on fresh buses: what disturbs the machine for a while disturbs all alike. The
 * first loads of a bus are not counted: by their end most of what is measured is compiled.
 */
export async function measureRounds(ends: Ends, scope: Scope): Promise<Measured> {
  const capacity: Rounds = new Map();
  const latency: Rounds = new Map();
  const nullRuns: NullRun[][] = [];
  const memory: Memory[] = [];
  const { seconds, progress } = scope;
  const keep = (rounds: Rounds, name: string, measurement: Measurement): Measurement => {
    rounds.set(name, [...(rounds.get(name) ?? []), measurement]);
    return measurement;
  };

  for (let round = 1; round <= scope.rounds; round++) {
    progress(`Round ${round} of ${scope.rounds}: ${oneToOne.name}`);
    await withBus(ends, oneToOne, async (stand) => {
      await publish(stand, 10, seconds * 2);
      await publish(stand, 1, seconds / 2);
      const full = keep(capacity, `${oneToOne.name}, batches of 10`, await publish(stand, 10, seconds));
      const warmMb = usageOf(stand.bus.pid).rssMb;
      const measured = [keep(capacity, `${oneToOne.name}, batches of 1`, await publish(stand, 1, seconds))];
      const openLoop = (batch: number, eventsPerSecond: number) =>
        measure(stand, () =>
          stand.generator.call('openLoop', { target: stand.target(batch), eventsPerSecond, seconds }),
        );
      const third = Math.round(full.deliveredPerSecond * 0.3);
      measured.push(
        keep(latency, '500 events/s, batches of 1', await openLoop(1, 500)),
        keep(latency, '30 % of capacity, batches of 10', await openLoop(10, third)),
      );
      const deliveries = measured.reduce((sum, measurement) => sum + measurement.deliveries, 0);
      memory.push({ warmMb, endMb: usageOf(stand.bus.pid).rssMb, deliveries });
    });
    for (const layout of [oneToTen, hundred]) {
      progress(`Round ${round} of ${scope.rounds}: ${layout.name}`);
      await withBus(ends, layout, async (stand) => {
        // Every event becomes so many deliveries, which are waited for: half the load takes as long.
        const loadSeconds = layout.receivers > 1 ? seconds / 2 : seconds;
        await publish(stand, 10, loadSeconds);
        keep(capacity, `${layout.name}, batches of 10`, await publish(stand, 10, loadSeconds));
      });
    }
    progress(`Round ${round} of ${scope.rounds}: the generator straight to the sink`);
    nullRuns.push(await runNull(ends, seconds));
  }
  return { capacity, latency, nullRuns, memory };
}

/** What generator, sink and machine cost without a bus in between. */
async function runNull({ sink, sinkUrl, generator }: Ends, seconds: number): Promise<NullRun[]> {
  const target: Target = {
    origin: sinkUrl,
    paths: ['/null'],
    headers: { 'content-type': 'application/json' },
    batch: 1,
    kind: 'bare',
  };
  const run = async (name: string, load: () => Promise<Load>): Promise<NullRun> => {
    await sink.call('reset', null);
    const { startMs, failures, firstFailure } = await load();
    if (failures > 0) throw new Error(`The null run failed: ${firstFailure}`);
    const { distinct, lastMs, p50Ms, p99Ms } = await sink.call('arrivals', null);
    if (p50Ms === undefined || p99Ms === undefined) throw new Error('The null run delivered nothing.');
    return { name, perSecond: (distinct / (lastMs - startMs)) * 1000, p50Ms, p99Ms };
  };
  return [
    await run('closed loop', () => generator.call('closedLoop', { target, connections, seconds })),
    await run('500 events/s', () => generator.call('openLoop', { target, eventsPerSecond: 500, seconds })),
  ];
}

/**
 * Publishes to ten receivers as fast as the bus answers, so that accepting outruns delivering, and goes on for a while
 * after the bus has begun to refuse. `measure` throws when anything that was accepted does not arrive.
 */
export async function measureOverload(ends: Ends, { seconds, progress }: Scope): Promise<Measurement> {
  progress(`Overload: ${oneToTen.name}, batches of 100, as fast as it goes`);
  return await withBus(ends, oneToTen, (stand) =>
    measure(stand, () =>
      stand.generator.call('flood', {
        target: stand.target(100),
        connections: connections * 2,
        secondsMax: 30,
        secondsAfterRefusal: seconds,
      }),
    ),
  );
}
