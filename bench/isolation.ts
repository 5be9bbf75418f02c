import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BusProcess, startBusProcess } from './bus.ts';
import { listen } from './processes/listen.ts';
import type { Scope } from './scope.ts';
import { withDirectory } from './stand.ts';
import { percentile } from './statistics.ts';
import { number, tableOf } from './table.ts';

/**
 * Floods a receiver with one event type, a hundred events for each event of another type, and times the other type. The
 * endpoint takes 50 ms for each event, ten at the same time, which is 200 per second; the flood is half as much again.
 */
const endpointMs = 50;
const concurrency = 10;
const floodPerSecond = 300;
const quietPerSecond = 3;

/** Latencies of the quiet type, from publish to arrival. */
interface Latency {
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Isolation {
  readonly unloaded: Latency;
  /** While the flood begins and the bus has not recognised it. */
  readonly beginning: Latency;
  /** After that. */
  readonly flooded: Latency;
  /** The p99 during the recognised flood, divided by the p99 without a flood. */
  readonly ratio: number;
  /** The largest number of simultaneous posts. */
  readonly concurrencyMax: number;
  readonly published: number;
  readonly delivered: number;
  readonly hotTypes: readonly string[];
}

export async function measureIsolation({ isolation, progress }: Scope): Promise<Isolation> {
  const { seconds, beginningSeconds } = isolation;
  return await withDirectory(async (directory) => {
    const endpoint = await startEndpoint();
    const bus = await startBusProcess(directory);
    try {
      await bus.client.putReceiver('crowded', { endpoint: endpoint.url, limits: { concurrency } });
      progress('isolation: the quiet type alone');
      // Not counted, because the first events compile the code.
      await publishQuiet(bus, 'warm', 5);
      const alone = await publishQuiet(bus, 'alone', seconds);
      await arrivedAll(endpoint.arrivedAtMs, [...alone.keys()]);
      progress(`isolation: ${floodPerSecond} noisy and ${quietPerSecond} quiet events per second`);
      const [crowded, noisy] = await Promise.all([
        publishQuiet(bus, 'crowded', beginningSeconds + seconds),
        publishFlood(bus, beginningSeconds + seconds),
      ]);
      const hotTypes = await hotTypesOf(bus);
      progress('isolation: the rest of the flood');
      await arrivedAll(endpoint.arrivedAtMs, [...crowded.keys(), ...noisy]);
      const unloaded = latencyOf(alone, endpoint.arrivedAtMs);
      const knownFromMs = Math.min(...crowded.values()) + beginningSeconds * 1000;
      const [early, later] = [false, true].map(
        (known) => new Map([...crowded].filter(([, sentMs]) => sentMs >= knownFromMs === known)),
      ) as [Map<string, number>, Map<string, number>];
      const flooded = latencyOf(later, endpoint.arrivedAtMs);
      return {
        unloaded,
        beginning: latencyOf(early, endpoint.arrivedAtMs),
        flooded,
        ratio: flooded.p99Ms / unloaded.p99Ms,
        concurrencyMax: endpoint.concurrencyMax(),
        published: crowded.size + noisy.length,
        delivered: [...crowded.keys(), ...noisy].filter((id) => endpoint.arrivedAtMs.has(id)).length,
        hotTypes,
      };
    } finally {
      await bus.stop();
      endpoint.stop();
    }
  });
}

async function hotTypesOf({ client }: BusProcess): Promise<string[]> {
  const shown = await client.call('GET', '/receivers/crowded');
  const { offload } = shown as { offload?: { hotTypes: { type: string }[] } };
  return offload?.hotTypes.map(({ type }) => type) ?? [];
}

async function startEndpoint() {
  const arrivedAtMs = new Map<string, number>();
  let underWay = 0;
  let concurrencyMax = 0;
  const server = createServer((request, response) => {
    underWay++;
    concurrencyMax = Math.max(concurrencyMax, underWay);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: string };
      if (!arrivedAtMs.has(id)) arrivedAtMs.set(id, performance.now());
      setTimeout(() => {
        underWay--;
        response.writeHead(204).end();
      }, endpointMs);
    });
  });
  return {
    url: `${await listen(server)}/`,
    arrivedAtMs,
    concurrencyMax: () => concurrencyMax,
    stop: () => void server.close(),
  };
}

/** Publishes at a fixed rate. Resolves to the time at which each event was due to be sent. */
async function publishQuiet(bus: BusProcess, name: string, seconds: number): Promise<Map<string, number>> {
  const startMs = performance.now();
  const sentAtMs = new Map<string, number>();
  const answers: Promise<unknown>[] = [];
  for (let at = 0; at < seconds * quietPerSecond; at++) {
    const dueMs = startMs + (at / quietPerSecond) * 1000;
    await sleep(Math.max(0, dueMs - performance.now()));
    const id = `quiet-${name}-${at}`;
    sentAtMs.set(id, dueMs);
    answers.push(bus.client.invoke('crowded', { id, type: 'quiet', data: {} }));
  }
  await Promise.all(answers);
  return sentAtMs;
}

async function publishFlood(bus: BusProcess, seconds: number): Promise<string[]> {
  const startMs = performance.now();
  const ids: string[] = [];
  const batch = floodPerSecond / 6;
  for (let at = 0; at < seconds * 6; at++) {
    await sleep(Math.max(0, startMs + (at / 6) * 1000 - performance.now()));
    const events = Array.from({ length: batch }, (_, index) => ({
      id: `noisy-${at}-${index}`,
      type: 'noisy',
      data: { text: 'x'.repeat(500) },
    }));
    ids.push(...events.map(({ id }) => id));
    await bus.client.invoke('crowded', events);
  }
  return ids;
}

/** Waits until all events have arrived. Fails when none has arrived for a minute. */
async function arrivedAll(arrivedAtMs: ReadonlyMap<string, number>, ids: readonly string[]): Promise<void> {
  let seen = -1;
  let sinceMs = performance.now();
  while (ids.some((id) => !arrivedAtMs.has(id))) {
    if (arrivedAtMs.size > seen) {
      seen = arrivedAtMs.size;
      sinceMs = performance.now();
    }
    if (performance.now() - sinceMs > 60_000) {
      const missing = ids.filter((id) => !arrivedAtMs.has(id));
      throw new Error(`${missing.length} events did not arrive. The first one is ${missing[0]}.`);
    }
    await sleep(100);
  }
}

function latencyOf(sentAtMs: ReadonlyMap<string, number>, arrivedAtMs: ReadonlyMap<string, number>): Latency {
  const latencies = [...sentAtMs]
    .map(([id, sentMs]) => (arrivedAtMs.get(id) ?? Number.NaN) - sentMs)
    .sort((left, right) => left - right);
  const at = (part: number) => percentile(latencies, part) ?? Number.NaN;
  return { events: latencies.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}

export function isolationText({
  unloaded,
  beginning,
  flooded,
  ratio,
  concurrencyMax,
  ...rest
}: Isolation): string {
  const row = (name: string, { events, p50Ms, p99Ms }: Latency) => [
    name,
    number(events),
    number(p50Ms, 1),
    number(p99Ms, 1),
  ];
  return [
    tableOf(
      ['the quiet type', 'events', 'p50 ms', 'p99 ms'],
      [
        row('alone', unloaded),
        row('as a flood of 100:1 begins', beginning),
        row('during a recognised flood', flooded),
      ],
    ),
    `p99 during a recognised flood: ${number(ratio, 2)} times the p99 alone; ${rest.delivered} of ${rest.published} delivered, ` +
      `at most ${concurrencyMax} simultaneous posts (limit ${concurrency}); hot: ${rest.hotTypes.join(', ') || 'none'}`,
  ].join('\n');
}
