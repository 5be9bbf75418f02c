import type { HttpFailure, HttpResult } from '../../../lib/core/kernel/http-result.ts';
import { sleep } from '../../../lib/core/kernel/sleep.ts';
import type { Clock, EpochMs } from '../../../lib/runtime/clock.ts';
import type { Http, HttpRequest } from '../../../lib/runtime/http/http.ts';
import type { Dice } from './dice.ts';

/** A request as its endpoint saw it. */
export interface Receipt {
  readonly startMs: EpochMs;
  /** When it was answered, or given up by the bus. */
  endMs: EpochMs | undefined;
  readonly receiver: string;
  readonly eventId: string;
  readonly request: HttpRequest;
  /** What the endpoint said; undefined while it says nothing. */
  status: number | undefined;
  /** Whether the answer came in time for the bus to hear it. */
  heard: boolean;
}

type Mood = 'well' | 'errors' | 'hangs' | 'refuses' | 'slow' | 'flaky' | 'busy' | 'late';
const troubles = ['errors', 'hangs', 'refuses', 'slow', 'flaky', 'busy', 'late'] as const;

export interface Endpoints {
  readonly http: Http;
  readonly receipts: readonly Receipt[];
  /**
   * An endpoint of this receiver.
   * @param trouble the part of the time in which it is unwell; that of the run when left out.
   */
  open(receiver: string, trouble?: number): string;
  /** Has it fail every request from now until then, whatever else. */
  down(receiver: string, untilMs: EpochMs): void;
  /** All are well from now on. */
  heal(): void;
  /** Answers what is asked at this URL. */
  serve(url: string, answer: (request: HttpRequest) => Promise<HttpResult>): void;
}

/** Endpoints that work, fail, hang, flap, and answer too late, each in moods that last for a while. */
export function createEndpoints(options: {
  readonly dice: Dice;
  readonly clock: Clock;
  /** The part of the time in which an endpoint is unwell. */
  readonly trouble: number;
  onReceipt(receipt: Receipt): void;
}): Endpoints {
  const { dice, clock } = options;
  const receipts: Receipt[] = [];
  const receivers = new Map<
    string,
    { name: string; dice: Dice; trouble: number; mood: Mood; moodUntilMs: EpochMs; downUntilMs: EpochMs }
  >();
  const servers = new Map<string, (request: HttpRequest) => Promise<HttpResult>>();
  let healed = false;

  const urlOf = (receiver: string) => `https://${receiver}.example.com/events`;

  function moodOf(url: string): Mood | undefined {
    const found = receivers.get(url);
    if (found === undefined) return undefined;
    const nowMs = clock.now();
    if (nowMs < found.downUntilMs) return 'errors';
    if (healed) return 'well';
    if (nowMs >= found.moodUntilMs) {
      found.mood = found.dice.chance(found.trouble) ? found.dice.pick(troubles) : 'well';
      found.moodUntilMs = nowMs + found.dice.between(2, found.dice.pick([10, 60, 200])) * 1000;
    }
    return found.mood;
  }

  async function send(request: HttpRequest): Promise<HttpResult> {
    const served = servers.get(request.url);
    if (served !== undefined) {
      await sleep(clock, dice.between(1, 50));
      return await served(request);
    }
    const mood = moodOf(request.url);
    const receiver = receivers.get(request.url);
    if (mood === undefined || receiver === undefined) return failure('dns');
    const own = receiver.dice;
    if (mood === 'refuses') return failure('refused');
    const receipt: Receipt = {
      startMs: clock.now(),
      endMs: undefined,
      receiver: receiver.name,
      // In binary mode a header, else a member of the body.
      eventId: request.headers['ce-id'] ?? String(JSON.parse(String(request.body)).id),
      request,
      status: undefined,
      heard: false,
    };
    receipts.push(receipt);
    options.onReceipt(receipt);
    const flakes = mood === 'flaky' && own.chance(0.5);
    const isLate = mood === 'hangs' || (mood === 'late' && own.chance(0.7));
    if (isLate) {
      await sleep(clock, request.timeoutMs);
      receipt.endMs = clock.now();
      // It did its work, and its 2xx found nobody.
      if (mood === 'late') receipt.status = 200;
      return failure('timeout');
    }
    await sleep(
      clock,
      mood === 'slow' ? own.between(500, Math.min(5000, request.timeoutMs - 1)) : own.between(1, 120),
    );
    receipt.endMs = clock.now();
    if (flakes && own.chance(0.3)) {
      receipt.status = 200;
      return failure('reset');
    }
    receipt.heard = true;
    receipt.status =
      mood === 'errors' || flakes
        ? own.pick([500, 502, 503, 429, 404])
        : mood === 'busy'
          ? own.pick([503, 429])
          : 200;
    const isBusy = receipt.status === 429 || receipt.status === 503;
    const headers: Record<string, string> =
      isBusy && own.chance(0.5) ? { 'retry-after': String(own.between(1, 20)) } : {};
    return { kind: 'answer', status: receipt.status, headers, body: '' };
  }

  return {
    http: { send },
    receipts,
    open(receiver, trouble = options.trouble) {
      const url = urlOf(receiver);
      receivers.set(url, {
        name: receiver,
        dice: dice.fork(receiver),
        trouble,
        mood: 'well',
        moodUntilMs: 0,
        downUntilMs: 0,
      });
      return url;
    },
    down(receiver, untilMs) {
      const found = receivers.get(urlOf(receiver));
      if (found === undefined) throw new Error(`No endpoint of ${receiver}.`);
      found.downUntilMs = untilMs;
    },
    heal() {
      healed = true;
    },
    serve: (url, answer) => void servers.set(url, answer),
  };
}

const failure = (kind: HttpFailure): HttpResult => ({
  kind: 'failure',
  failure: kind,
  message: `A ${kind} of the simulation`,
});
