import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Defaults, toEntry } from './batches.ts';
import { readBody } from './body.ts';
import type { CloudEvent, EventInput } from './cloud-event.ts';
import { type HeaderSource, headerOf } from './headers.ts';
import { matchesSignature, readSecret } from './signature.ts';

/** An event of a transaction, with where it goes. */
export type TransactionEvent = EventInput & ({ readonly topic: string } | { readonly receiver: string });

export interface BeginOptions {
  /** The same for every call that means the same transaction. Default: a random one. */
  readonly id?: string;
  /** Where the bus asks how a transaction ended that nobody ended. */
  readonly checkUrl?: string;
  /** When it asks, or rolls back without a `checkUrl`. */
  readonly checkAfterSeconds?: number;
  readonly signal?: AbortSignal;
}

/** A transaction as the bus tells of it. */
export interface Transaction {
  readonly id: string;
  readonly state: 'half' | 'committed' | 'rolled-back';
  readonly events: readonly { readonly id: string; readonly source: string; readonly type: string }[];
  readonly decidedBy?: 'producer' | 'check' | 'bus';
  readonly reason?: string;
  readonly publishedAt?: string;
  /** How many events could not be published after the commit. */
  readonly refused?: number;
  /** In the answer to the application's first transaction alone. */
  readonly checkSecret?: string;
}

/** The body of `POST /v1/transactions`: the same for the same id and events, so that a second try begins the same. */
export function transactionBody(
  events: readonly TransactionEvent[],
  options: BeginOptions,
  defaults: Defaults,
): string {
  const { id = defaults.id(), checkUrl, checkAfterSeconds } = options;
  // What a second call of the same id would make otherwise must not differ: the bus would take it for another.
  const texts = events.map((event, index) => {
    const ofEvent = { ...defaults, id: () => `${id}-${index}`, time: () => undefined };
    const { topic, receiver, ...rest } = event as EventInput & { topic?: string; receiver?: string };
    const target = topic === undefined ? { receiver } : { topic };
    const { json } = toEntry(rest as EventInput, index, ofEvent);
    return `${JSON.stringify(target).slice(0, -1)},${json.slice(1)}`;
  });
  const others = JSON.stringify({ id, checkUrl, checkAfterSeconds }).slice(1, -1);
  return `{"events":[${texts.join(',')}],${others}}`;
}

export type CheckVerdict = 'commit' | 'rollback' | 'unknown';

export interface CheckerOptions {
  /** The application's check secret, or both while it changes. */
  readonly secret: string | readonly string[];
  /**
   * Looks up how the producer's own transaction ended. `unknown` while it may still be under way: the bus asks again. What
   * it throws counts as unknown.
   */
  readonly onCheck: (check: {
    readonly transactionId: string;
    readonly events: readonly CloudEvent[];
  }) => CheckVerdict | Promise<CheckVerdict>;
  readonly onError?: (error: unknown) => void;
  readonly toleranceSeconds?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** The most that the events of a transaction come to, and what stands around them. */
const maxBodyBytes = 2 * 1024 * 1024;

/**
 * What stands at the `checkUrl` of a producer, for node:http: `createServer(createChecker(…))`. It answers 401 when a
 * request is not proven to come from the bus. Throws a `TypeError` at once when the secret is unusable.
 */
export function createChecker(
  options: CheckerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const secrets = typeof options.secret === 'string' ? [options.secret] : options.secret;
  if (secrets.length === 0) throw new TypeError('Give the checker a secret: without one nothing is proven.');
  const keys = secrets.map(readSecret);
  const { toleranceSeconds = 300, now = Date.now } = options;
  const onError = options.onError ?? ((error: unknown) => console.error('busbar checker:', error));

  async function answer(request: IncomingMessage): Promise<[status: number, body: string]> {
    if (request.method !== 'POST') return [405, ''];
    const body = await readBody(request.iterator({ destroyOnReturn: false }), maxBodyBytes);
    if (body === undefined) return [413, ''];
    if (!isProven(request.headers, body)) return [401, ''];
    try {
      const state = await options.onCheck(JSON.parse(Buffer.from(body).toString('utf8')));
      return [200, JSON.stringify({ state })];
    } catch (error) {
      onError(error);
      return [200, JSON.stringify({ state: 'unknown' })];
    }
  }

  function isProven(headers: HeaderSource, body: Uint8Array): boolean {
    const id = headerOf(headers, 'webhook-id') ?? '';
    const timestamp = headerOf(headers, 'webhook-timestamp') ?? '';
    const signature = headerOf(headers, 'webhook-signature') ?? '';
    const ageSeconds = Math.abs(now() / 1000 - Number(timestamp));
    // A caught request is worth nothing to anyone later.
    if (!/^\d{1,12}$/.test(timestamp) || ageSeconds > toleranceSeconds) return false;
    return id.startsWith('chk_') && matchesSignature(signature, { id, timestamp, body }, keys);
  }

  return (request, response) => {
    answer(request).then(
      ([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      (error: unknown) => {
        // The bus went away in the middle of its body, and asks again.
        onError(error);
        response.destroy();
      },
    );
  };
}
