import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BusProcess, startBusProcess } from './bus.ts';
import { withDirectory } from './stand.ts';
import { percentile } from './statistics.ts';
import { number, tableOf } from './table.ts';

/**
 * A flood of one type at a receiver, a hundred events for each one of another type: what is left to the other one. The
 * endpoint takes 50 ms for each, ten at once, which is 200 a second; the flood brings a half more.
 */
const endpointMs = 50;
const concurrency = 10;
const floodPerSecond = 300;
const quietPerSecond = 3;
/** A flood is taken for one when it lasts for some seconds. */
const beginningSeconds = 15;

/** Of the quiet type, from the moment at which it is published until it arrives. */
interface Latency {
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Isolation {
  readonly unloaded: Latency;
  /** While the flood begins and is not known to be one. */
  readonly beginning: Latency;
  /** From then on. */
  readonly flooded: Latency;
  /** The p99 under the flood, once it is known, by the one without. */
  readonly ratio: number;
  readonly mostUnderWay: number;
  readonly published: number;
  readonly delivered: number;
  readonly hotTypes: readonly string[];
}

export async function measureIsolation(
  seconds: number,
  progress: (message: string) => void,
): Promise<Isolation> {
  return await withDirectory(async (directory) => {
    const endpoint = await startEndpoint();
    const bus = await startBusProcess(directory);
    try {
      await bus.client.putReceiver('crowded', { endpoint: endpoint.url, limits: { concurrency } });
      progress('Isolation: the quiet type alone');
      // What is compiled by the first events is not counted.
      await publishQuiet(bus, 'warm', 5);
      const alone = await publishQuiet(bus, 'alone', seconds);
      await arrivedAll(endpoint.arrivedAtMs, [...alone.keys()]);
      progress(`Isolation: ${floodPerSecond} noisy and ${quietPerSecond} quiet events a second`);
      const [crowded, noisy] = await Promise.all([
        publishQuiet(bus, 'crowded', beginningSeconds + seconds),
        publishFlood(bus, beginningSeconds + seconds),
      ]);
      const hotTypes = await hotTypesOf(bus);
      progress('Isolation: what is left of the flood');
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
        mostUnderWay: endpoint.most(),
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
  let most = 0;
  const server = createServer((request, response) => {
    underWay++;
    most = Math.max(most, underWay);
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    arrivedAtMs,
    most: () => most,
    stop: () => void server.close(),
  };
}

/** Publishes at its rate whatever else happens; answers when each event was meant to leave. */
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

/** Waits until all have arrived; fails when nothing more came for a minute. */
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
      throw new Error(`${missing.length} events did not arrive, the first of them ${missing[0]}.`);
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
  mostUnderWay,
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
        row('beside a flood of 100:1 that begins', beginning),
        row('beside one that is known', flooded),
      ],
    ),
    `p99 beside a known flood: ${number(ratio, 2)} times the one alone; ${rest.delivered} of ${rest.published} delivered, ` +
      `at most ${mostUnderWay} posts at once (limit ${concurrency}); hot: ${rest.hotTypes.join(', ') || 'none'}`,
  ].join('\n');
}
