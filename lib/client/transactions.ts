import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Defaults, toEntry } from './batches.ts';
import { readBody } from './body.ts';
import type { CloudEvent, EventInput } from './cloud-event.ts';
import { type HeaderSource, headerOf } from './headers.ts';
import { matchesSignature, readSecret } from './signature.ts';
import { checkOptions } from './verify.ts';

/** An event of a transaction, with its topic or receiver. */
export type TransactionEvent = EventInput & ({ readonly topic: string } | { readonly receiver: string });

export interface BeginOptions {
  /** Identifies the transaction, so that repeated calls begin it only once. Default: a random id. */
  readonly id?: string;
  /** Where the bus asks about the outcome if nobody commits or rolls back. */
  readonly checkUrl?: string;
  /** When the bus asks; without a `checkUrl`, when it rolls back. */
  readonly checkAfterSeconds?: number;
  readonly signal?: AbortSignal;
}

/** A transaction, as the bus describes it. */
export interface Transaction {
  readonly id: string;
  readonly state: 'half' | 'committed' | 'rolled-back';
  readonly events: readonly { readonly id: string; readonly source: string; readonly type: string }[];
  readonly decidedBy?: 'producer' | 'check' | 'bus';
  readonly reason?: string;
  readonly publishedAt?: string;
  /** How many events could not be published after the commit. */
  readonly refused?: number;
  /** Only in the response to the application's first transaction. */
  readonly checkSecret?: string;
}

/** The body of `POST /v1/transactions`. It is identical for the same id and events, so that a retry begins the same transaction. */
export function transactionBody(
  events: readonly TransactionEvent[],
  options: BeginOptions,
  defaults: Defaults,
): string {
  const { id = defaults.id(), checkUrl, checkAfterSeconds } = options;
  // Event ids and times must not change between calls with the same id: the bus would refuse a different transaction.
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
  /** The application's check secret, or both during a rotation. */
  readonly secret: string | readonly string[];
  /**
   * Looks up the outcome of the producer's own transaction: `unknown` while it may still be running, and the bus asks
   * again. If it throws, the answer is `unknown`, too.
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

/** More than the events of a transaction can have, including the JSON around them. */
const maxBodyBytes = 2 * 1024 * 1024;

/**
 * Creates the endpoint for the `checkUrl` of a producer, for node:http: `createServer(createChecker(…))`. It answers 401
 * when a request is not proven to come from the bus. @throws TypeError when the secret or the tolerance is
 * invalid.
 */
export function createChecker(
  options: CheckerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const secrets = typeof options.secret === 'string' ? [options.secret] : options.secret;
  if (secrets.length === 0)
    throw new TypeError('The checker needs a secret: without one it cannot verify requests.');
  const keys = secrets.map(readSecret);
  const { toleranceSeconds = 300, now = Date.now } = options;
  checkOptions({ toleranceSeconds });
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
    // An intercepted request must not be usable later.
    if (!/^\d{1,12}$/.test(timestamp) || ageSeconds > toleranceSeconds) return false;
    return id.startsWith('chk_') && matchesSignature(signature, { id, timestamp, body }, keys);
  }

  return (request, response) => {
    answer(request).then(
      ([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      (error: unknown) => {
        // The bus closed the connection in the middle of its request, and asks again.
        onError(error);
        response.destroy();
      },
    );
  };
}
