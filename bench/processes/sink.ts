import { createServer } from 'node:http';
import { percentile } from '../statistics.ts';
import { monotonicMs } from './clock.ts';
import { listen } from './listen.ts';
import { serve } from './worker.ts';

/**
 * The endpoint of every receiver. It counts each delivery once, by its webhook-id. Latencies count from the time at which
 * the event was due to be sent, which the generator writes into the data.
 */
interface Arrivals {
  /** Deliveries, each counted once. */
  readonly distinct: number;
  readonly duplicates: number;
  readonly lastMs: number;
  /** Latencies of the first arrival of each delivery; undefined if there is none. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** How late delayed events arrived after they were due. */
interface Lateness {
  readonly distinct: number;
  readonly duplicates: number;
  readonly earliestMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly latestMs: number;
}

const sentAt = Buffer.from('"sentAtMs":');

let seen = new Set<string>();
let latenciesMs: number[] = [];
/** The event id of each of these deliveries. */
let ids: string[] = [];
let duplicates = 0;
let lastMs = 0;
let answerMs = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (answerMs === 0) response.writeHead(204).end();
    else setTimeout(() => response.writeHead(204).end(), answerMs);
    arrived(String(request.headers['webhook-id']), chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  });
});

function arrived(webhookId: string, body: Buffer | undefined): void {
  if (seen.has(webhookId)) {
    duplicates += 1;
    return;
  }
  seen.add(webhookId);
  lastMs = monotonicMs();
  const at = body?.indexOf(sentAt) ?? -1;
  if (body === undefined || at < 0) throw new Error('A delivery has no sentAtMs.');
  ids.push(/"id":"([^"]*)"/.exec(body.toString('latin1', 0, 200))?.[1] ?? '');
  latenciesMs.push(lastMs - Number.parseFloat(body.toString('latin1', at + sentAt.length, at + 40)));
}

const actions = {
  /** Resolves to its URL. */
  listen: (_: null): Promise<string> => listen(server),
  /** How long the endpoint takes to answer; 0 by default. */
  answerAfter: (ms: number): void => {
    answerMs = ms;
  },
  reset: (_: null): void => {
    seen = new Set();
    latenciesMs = [];
    ids = [];
    duplicates = 0;
    lastMs = 0;
  },
  count: (_: null): number => seen.size,
  /** @param shiftsMs by how much each event was re-timed after its publish, by event id. */
  lateness: (shiftsMs: readonly (readonly [id: string, shiftMs: number])[]): Lateness => {
    const shifts = new Map(shiftsMs);
    const late = latenciesMs.map((latencyMs, index) => latencyMs - (shifts.get(ids[index] ?? '') ?? 0));
    const sorted = Float64Array.from(late).sort();
    const at = (part: number) => percentile(sorted, part) ?? Number.NaN;
    return {
      distinct: seen.size,
      duplicates,
      earliestMs: at(0),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      latestMs: at(1),
    };
  },
  arrivals: (_: null): Arrivals => {
    const sorted = Float64Array.from(latenciesMs).sort();
    return {
      distinct: seen.size,
      duplicates,
      lastMs,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
    };
  },
};

export type Sink = typeof actions;
serve(actions);
