import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { monotonicMs } from './clock.ts';
import { serve } from './worker.ts';

/** Where and what to publish. */
export interface Target {
  readonly origin: string;
  /** Requests use these in turn, which spreads the load evenly over topics. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Events per request. */
  readonly batch: number;
  /** `publish`: shorthand events to the bus. `bare`: a single event to an endpoint that responds without JSON. */
  readonly kind: 'publish' | 'bare';
}

/** The result of a load. */
export interface Load {
  readonly startMs: number;
  readonly endMs: number;
  readonly requests: number;
  readonly acceptedEvents: number;
  /** Responses with 429, and how many of them had no Retry-After. */
  readonly shed: number;
  readonly shedWithoutRetryAfter: number;
  /** All other unexpected responses and errors, and the first of them as text. */
  readonly failures: number;
  readonly firstFailure: string | undefined;
}

/** Makes an event, with its envelope, about 1 KB. */
const text = 'x'.repeat(900);
let events = 0;

function bodyOf({ batch, kind }: Target, sentAtMs: number): string {
  const one = (): string => {
    events += 1;
    const data = `{"sentAtMs":${sentAtMs},"number":${events},"text":"${text}"}`;
    return kind === 'bare' ? data : `{"type":"bench.sent","data":${data}}`;
  };
  return batch === 1 ? one() : `[${Array.from({ length: batch }, one).join(',')}]`;
}

/** Sends requests over a pool of keep-alive connections and counts the results. */
function createLoad(target: Target, connections: number) {
  const pool = new Pool(target.origin, { connections, pipelining: 1 });
  let requests = 0;
  let acceptedEvents = 0;
  let shed = 0;
  let shedWithoutRetryAfter = 0;
  let failures = 0;
  let firstFailure: string | undefined;

  function failed(what: string): void {
    failures += 1;
    firstFailure ??= what.slice(0, 500);
  }

  /** Resolves to the Retry-After in seconds, or 0. Never rejects: failures are counted. */
  async function send(sentAtMs: number): Promise<number> {
    const path = target.paths[requests % target.paths.length] ?? '/';
    requests += 1;
    try {
      const response = await pool.request({
        method: 'POST',
        path,
        headers:
          target.kind === 'bare' ? { ...target.headers, 'webhook-id': `bare-${events}` } : target.headers,
        body: bodyOf(target, sentAtMs),
      });
      const answer = await response.body.text();
      if (response.statusCode === 429) {
        shed += 1;
        const seconds = Number(response.headers['retry-after']);
        if (seconds > 0) return seconds;
        shedWithoutRetryAfter += 1;
        return 0;
      }
      if (target.kind === 'bare' && response.statusCode < 300) {
        acceptedEvents += 1;
        return 0;
      }
      if (response.statusCode !== 202) {
        failed(`${response.statusCode} ${answer}`);
        return 0;
      }
      const results = (JSON.parse(answer) as { events: { status: string }[] }).events;
      const accepted = results.filter((result) => result.status === 'accepted').length;
      acceptedEvents += accepted;
      if (accepted < target.batch) failed(answer);
    } catch (error) {
      failed(String(error));
    }
    return 0;
  }

  const soFar = (startMs: number): Load => ({
    startMs,
    endMs: monotonicMs(),
    requests,
    acceptedEvents,
    shed,
    shedWithoutRetryAfter,
    failures,
    firstFailure,
  });
  return {
    send,
    soFar,
    async finish(startMs: number): Promise<Load> {
      const load = soFar(startMs);
      await pool.close();
      return load;
    },
  };
}

/** An open loop that runs until it is ended, for hours if necessary, in constant memory. */
function keepLoop(target: Target, eventsPerSecond: number) {
  const load = createLoad(target, 64);
  const gapMs = (1000 * target.batch) / eventsPerSecond;
  const startMs = monotonicMs();
  let isEnding = false;
  let underWay = 0;
  const loop = async () => {
    for (let sent = 0; !isEnding; await sleep(1)) {
      for (const dueCount = 1 + Math.floor((monotonicMs() - startMs) / gapMs); sent < dueCount; sent++) {
        underWay++;
        void load.send(startMs + sent * gapMs).then(() => underWay--);
      }
    }
    while (underWay > 0) await sleep(10);
  };
  const looping = loop();
  return {
    soFar: () => load.soFar(startMs),
    async end(): Promise<Load> {
      isEnding = true;
      await looping;
      return await load.finish(startMs);
    },
  };
}

let kept: ReturnType<typeof keepLoop> | undefined;

function keptLoop(): ReturnType<typeof keepLoop> {
  if (kept === undefined) throw new Error('No loop is running.');
  return kept;
}

const actions = {
  /**
   * Closed loop: until the time is over, each connection sends its next request as soon as it has the response to the
   * previous one. It waits as long as Retry-After says.
   */
  closedLoop: async (input: { target: Target; connections: number; seconds: number }): Promise<Load> => {
    const load = createLoad(input.target, input.connections);
    const startMs = monotonicMs();
    const endMs = startMs + input.seconds * 1000;
    const connection = async () => {
      for (let nowMs = startMs; nowMs < endMs; nowMs = monotonicMs()) {
        const waitSeconds = await load.send(nowMs);
        if (waitSeconds > 0) await sleep(Math.max(0, Math.min(waitSeconds * 1000, endMs - monotonicMs())));
      }
    };
    await Promise.all(Array.from({ length: input.connections }, connection));
    return await load.finish(startMs);
  },

  /**
   * A closed loop that ignores Retry-After and tries again after a tenth of a second. It ends `secondsAfterRefusal` after
   * the first refusal, and after `secondsMax` at the latest.
   */
  flood: async (input: {
    target: Target;
    connections: number;
    secondsMax: number;
    secondsAfterRefusal: number;
  }): Promise<Load> => {
    const load = createLoad(input.target, input.connections);
    const startMs = monotonicMs();
    let endMs = startMs + input.secondsMax * 1000;
    let refused = false;
    const connection = async () => {
      for (let nowMs = startMs; nowMs < endMs; nowMs = monotonicMs()) {
        if ((await load.send(nowMs)) === 0) continue;
        if (!refused) endMs = Math.min(endMs, monotonicMs() + input.secondsAfterRefusal * 1000);
        refused = true;
        await sleep(100);
      }
    };
    await Promise.all(Array.from({ length: input.connections }, connection));
    return await load.finish(startMs);
  },

  /**
   * Open loop: requests are sent at a fixed rate, however the earlier ones ended. Latencies count from the time at which
   * a request was due to be sent, so that a bus that stalls cannot hide it by slowing the generator down.
   */
  openLoop: async (input: { target: Target; eventsPerSecond: number; seconds: number }): Promise<Load> => {
    const load = createLoad(input.target, 64);
    const gapMs = (1000 * input.target.batch) / input.eventsPerSecond;
    const startMs = monotonicMs();
    const count = Math.floor((input.seconds * 1000) / gapMs);
    const sending: Promise<number>[] = [];
    while (sending.length < count) {
      const dueCount = Math.min(count, 1 + Math.floor((monotonicMs() - startMs) / gapMs));
      while (sending.length < dueCount) sending.push(load.send(startMs + sending.length * gapMs));
      await sleep(1);
    }
    await Promise.all(sending);
    return await load.finish(startMs);
  },

  /** Begins an open loop that runs until `endLoop`. */
  beginLoop: (input: { target: Target; eventsPerSecond: number }): void => {
    kept = keepLoop(input.target, input.eventsPerSecond);
  },
  soFar: (_: null): Load => keptLoop().soFar(),
  endLoop: (_: null): Promise<Load> => keptLoop().end(),
};

export type Generator = typeof actions;
serve(actions);
