import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { percentile } from '../statistics.ts';
import { monotonicMs } from './clock.ts';
import { listen } from './listen.ts';
import { serve } from './worker.ts';

/**
 * The endpoints of a soak, by the first part of their path: `steady` sometimes fails, `slow` is slow and sometimes hangs,
 * `flapping` is down for a part of each period. Each delivery counts once, by the number that the generator gave its
 * event. One bit per number keeps the memory of this process small even for hours of load.
 */
export interface Faults {
  readonly seed: number;
  /** Fractions of the attempts. */
  readonly errors: number;
  readonly hangs: number;
  readonly slowMs: number;
  readonly periodSeconds: number;
  readonly downSeconds: number;
  /** False while the capacity is measured: then every endpoint responds at once. */
  readonly active: boolean;
}

interface Interval {
  /** Deliveries so far that were answered with 2xx, each counted once. */
  readonly distinct: number;
  readonly duplicates: number;
  readonly attempts: number;
  /** Latencies of first attempts at `steady` answered with 2xx since the last call; NaN if there are none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

let faults: Faults | undefined;
let random = seededRandom(1);
let startedMs = 0;
let bits = new Uint32Array(1 << 16);
let distinct = 0;
let duplicates = 0;
let attempts = 0;
let latenciesMs: number[] = [];
/** Responses that are never sent; at the end they are destroyed, so that the bus stops waiting for them. */
const hanging = new Set<ServerResponse>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => arrived(request, response, Buffer.concat(chunks)));
  request.on('error', () => response.destroy());
});

function arrived(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  attempts++;
  const kind = request.url?.split('/')[1];
  const delivered = () => {
    count(request, kind, body);
    response.writeHead(204).end();
  };
  const chance = random.next();
  if (faults === undefined || !faults.active) delivered();
  else if (chance < faults.errors) response.writeHead(500).end();
  else if (kind === 'flapping' && isDown(faults)) response.writeHead(503).end();
  else if (kind === 'slow' && chance < faults.errors + faults.hangs) {
    hanging.add(response);
    response.once('close', () => hanging.delete(response));
  } else if (kind === 'slow') setTimeout(delivered, random.next() * 2 * faults.slowMs);
  else delivered();
}

const isDown = ({ periodSeconds, downSeconds }: Faults) =>
  ((monotonicMs() - startedMs) / 1000) % periodSeconds > periodSeconds - downSeconds;

function count(request: IncomingMessage, kind: string | undefined, body: Buffer): void {
  const at = body.indexOf('"number":');
  const eventNumber = Number.parseInt(body.toString('latin1', at + 9, at + 25), 10);
  if (at < 0 || Number.isNaN(eventNumber)) throw new Error('A delivery has no event number.');
  const word = eventNumber >>> 5;
  if (word >= bits.length) {
    const larger = new Uint32Array(Math.max(word + 1, bits.length * 2));
    larger.set(bits);
    bits = larger;
  }
  const bit = 1 << (eventNumber & 31);
  const known = bits[word] ?? 0;
  if ((known & bit) !== 0) {
    duplicates++;
    return;
  }
  bits[word] = known | bit;
  distinct++;
  if (kind !== 'steady' || request.headers['busbar-attempt'] !== '1') return;
  const sent = body.indexOf('"sentAtMs":');
  latenciesMs.push(monotonicMs() - Number.parseFloat(body.toString('latin1', sent + 11, sent + 40)));
}

const actions = {
  /** Resolves to its URL. */
  listen: (_: null): Promise<string> => listen(server),
  behave: (wanted: Faults): void => {
    faults = wanted;
    random = seededRandom(wanted.seed);
    startedMs = monotonicMs();
    if (!wanted.active) for (const response of hanging) response.destroy();
  },
  interval: (_: null): Interval => {
    const sorted = Float64Array.from(latenciesMs).sort();
    latenciesMs = [];
    const at = (part: number) => percentile(sorted, part) ?? Number.NaN;
    return { distinct, duplicates, attempts, p50Ms: at(0.5), p99Ms: at(0.99) };
  },
};

export type SoakEndpoints = typeof actions;
serve(actions);
