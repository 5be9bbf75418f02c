import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBusProcess } from './bus.ts';
import { describeMachine } from './machine.ts';
import { monotonicMs } from './processes/clock.ts';
import type { Generator } from './processes/generator.ts';
import type { Faults, SoakEndpoints } from './processes/soak-endpoints.ts';
import { startWorker } from './processes/worker.ts';
import { layOut, type SoakStand, sampler } from './soak/load.ts';
import { judgeEndurance, type Sample } from './soak/verdict.ts';
import { withDirectory } from './stand.ts';
import { number } from './table.ts';
import { waitForCount } from './wait.ts';

const usage = `npm run soak -- [options]

  --minutes <n>  how long the load runs (default 10)
  --share <n>    the load, in percent of the measured capacity (default 70)
  --seed <n>     determines which attempts fail (default 1)
  --json         print the samples and the verdict as JSON

Exits with 0 if all rules are met, 1 if one is not or an event was lost, and 2 if the run was too short to tell.
Ctrl-C ends the load early and judges the samples so far.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    share: { type: 'string', default: '70' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const startedMs = performance.now();
const progress = (message: string) => {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0).padStart(5);
  process.stderr.write(`${seconds} s  ${message}\n`);
};

async function run(): Promise<void> {
  const minutes = amount('minutes', values.minutes);
  const share = amount('share', values.share) / 100;
  const faults: Faults = {
    seed: amount('seed', values.seed),
    errors: 0.02,
    hangs: 0.005,
    slowMs: 100,
    periodSeconds: 60,
    downSeconds: 5,
    active: true,
  };
  const stop = new AbortController();
  process.once('SIGINT', () => {
    progress(
      'Interrupted: ending the load and judging the samples so far. Press Ctrl-C again to exit at once.',
    );
    stop.abort();
  });
  const endpoints = startWorker<SoakEndpoints>('soak-endpoints', { detached: true });
  const generator = startWorker<Generator>('generator', { detached: true });
  try {
    await withDirectory(async (directory) => {
      const bus = await startBusProcess(directory, { measuresHeap: true });
      try {
        const target = await layOut(bus, await endpoints.call('listen', null));
        const stand = { bus, endpoints, generator, target };
        await soak(stand, { minutes, share, faults, stop: stop.signal });
      } finally {
        await bus.stop();
      }
    });
  } finally {
    await Promise.all([endpoints.stop(), generator.stop()]);
  }
}

async function soak(
  stand: SoakStand,
  options: { minutes: number; share: number; faults: Faults; stop: AbortSignal },
): Promise<void> {
  const { endpoints, generator, target } = stand;
  const { minutes, share, faults, stop } = options;
  await endpoints.call('behave', { ...faults, active: false });
  let accepted = 0;
  /** Publishes as fast as possible, and waits for all deliveries. Resolves to the deliveries per second. */
  const full = async (seconds: number): Promise<number> => {
    const load = await generator.call('closedLoop', { target, connections: 8, seconds });
    if (load.failures > 0) throw new Error(`${load.failures} requests failed: ${load.firstFailure}`);
    accepted += load.acceptedEvents;
    await drained(stand, accepted, 30);
    return (load.acceptedEvents / (monotonicMs() - load.startMs)) * 1000;
  };
  progress('Warming up');
  await full(10);
  progress('Measuring the capacity');
  const capacity = await full(10);
  const perSecond = Math.round(capacity * share);
  progress(
    `${number(capacity)} deliveries/s; running at ${number(share * 100)} % of it, ${number(perSecond)}/s, for ${minutes} min`,
  );

  await endpoints.call('behave', faults);
  await endpoints.call('interval', null);
  await generator.call('beginLoop', { target, eventsPerSecond: perSecond });
  const take = sampler(stand, accepted);
  const samples: (Sample & { duplicates: number; attempts: number })[] = [];
  const intervalSeconds = Math.min(60, Math.max(5, (minutes * 60) / 30));
  const endMs = performance.now() + minutes * 60_000;
  while (performance.now() < endMs && !stop.aborted) {
    const nextMs = Math.min(endMs, performance.now() + intervalSeconds * 1000);
    await sleep(nextMs - performance.now(), undefined, { signal: stop }).catch(() => undefined);
    const sample = await take();
    samples.push(sample);
    progress(lineOf(sample));
  }
  const load = await generator.call('endLoop', null);
  accepted += load.acceptedEvents;
  progress('The load has ended and all endpoints work; waiting for the remaining deliveries');
  await endpoints.call('behave', { ...faults, active: false });
  // The bus probes the endpoint of an open breaker every two minutes.
  const lost = await drained(stand, accepted, 240).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const last = await endpoints.call('interval', null);
  const judgements = judgeEndurance(samples, perSecond);
  if (values.json) {
    console.log(
      JSON.stringify(
        { machine: describeMachine(), capacity, perSecond, samples, judgements, lost, last },
        undefined,
        2,
      ),
    );
  } else {
    const { cpu, cores, node } = describeMachine();
    console.log(
      `${cpu}, ${cores} cores, Node ${node}; capacity ${number(capacity)} deliveries/s, load ${number(perSecond)}/s`,
    );
    for (const { rule, measured, result } of judgements)
      console.log(`${result.padEnd(8)} ${rule}\n         ${measured}`);
    console.log(
      lost === undefined
        ? `met      nothing lost: all ${number(accepted)} accepted events were delivered, with ${number(last.attempts)} attempts and ${number(last.duplicates)} duplicates`
        : `not met  nothing lost: ${lost}`,
    );
  }
  const isBad = lost !== undefined || judgements.some(({ result }) => result === 'not met');
  process.exitCode = isBad ? 1 : judgements.some(({ result }) => result === 'unknown') ? 2 : 0;
}

/** @throws Error when accepted events are not delivered for `stallSeconds`, or more events are delivered than accepted. */
async function drained({ endpoints }: SoakStand, expected: number, stallSeconds: number): Promise<void> {
  let distinct = 0;
  await waitForCount({
    what: 'deliveries',
    expected,
    stallSeconds,
    pollMs: 50,
    async count() {
      ({ distinct } = await endpoints.call('interval', null));
      return distinct;
    },
  });
  if (distinct > expected)
    throw new Error(`${distinct} deliveries of ${expected} events: the bus invented some.`);
}

const lineOf = (sample: Sample): string =>
  [
    `heap ${number(sample.heapMb, 1)} MB`,
    `RSS ${number(sample.rssMb)} MB`,
    `${number(sample.rows)} rows`,
    `${number(sample.backlog)} waiting`,
    `${number(sample.deliveredPerSecond)}/s`,
    `p50 ${number(sample.p50Ms, 1)} ms`,
    `p99 ${number(sample.p99Ms, 1)} ms`,
    `${number(sample.shed)} refused`,
  ].join(', ');

function amount(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${name} is ${JSON.stringify(text)}; it must be a number above 0.\n\n${usage}`);
}

if (values.help) console.log(usage);
else await run();
