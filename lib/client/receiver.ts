import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from './body.ts';
import type { CloudEvent } from './cloud-event.ts';
import { RetryLaterError } from './idempotency.ts';
import type { EventFormat } from './received-event.ts';
import { readSecret } from './signature.ts';
import { checkOptions, type Delivery, VerificationError, verify } from './verify.ts';

export interface ReceiverOptions {
  /** The receiver's secret, or all valid ones during a rotation. */
  readonly secret: string | readonly string[];
  /** Handles an event. It counts as delivered when this resolves; when this rejects, the bus tries again. */
  readonly onEvent: (event: CloudEvent, delivery: Delivery) => unknown;
  /** Called with the reason when a request is not answered with 204. Default: one line on standard error. */
  readonly onError?: (error: unknown) => void;
  /** The format that the receiver is configured with; a request in the other one is answered with 401. Default: either. */
  readonly format?: EventFormat;
  readonly toleranceSeconds?: number;
  /** A larger body is answered with 413. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Receiver {
  /** For servers in the style of fetch. */
  fetch(request: Request): Promise<Response>;
  /** For node:http: `createServer(receiver.node)`. The body must not have been read by a middleware. */
  node(request: IncomingMessage, response: ServerResponse): void;
}

/**
 * Creates an endpoint for the bus, which verifies and parses each request. It answers 204 when `onEvent` resolves, 401 when
 * the request is not proven to come from the bus, 400 when it contains no event, 500 when `onEvent` rejects, and 503 with
 * `Retry-After` when `onEvent` rejects with a `RetryLaterError`.
 * @throws TypeError when the secret or another option is invalid.
 */
export function createReceiver(options: ReceiverOptions): Receiver {
  const secrets = typeof options.secret === 'string' ? [options.secret] : options.secret;
  if (secrets.length === 0)
    throw new TypeError('The receiver needs a secret: without one it cannot verify deliveries.');
  for (const secret of secrets) readSecret(secret);
  const { format, toleranceSeconds = 300, maxBodyBytes = 1024 * 1024, now = Date.now } = options;
  checkOptions({ format, toleranceSeconds });
  if (!Number.isFinite(maxBodyBytes) || maxBodyBytes < 0) {
    throw new TypeError('maxBodyBytes must be a finite number, 0 or more.');
  }
  const pinned = format === undefined ? {} : { format };
  const onError = options.onError ?? ((error: unknown) => console.error('busbar receiver:', error));

  async function answer(
    method: string | undefined,
    headers: Parameters<typeof verify>[0]['headers'],
    body: AsyncIterable<Uint8Array> | null,
  ): Promise<Answer> {
    if (method !== 'POST') return { status: 405 };
    const bytes = await readBody(body, maxBodyBytes);
    // The rest of a body that is too large is not read.
    if (bytes === undefined) return { status: 413, headers: { connection: 'close' } };
    let delivery: Delivery;
    try {
      delivery = verify({ ...pinned, headers, body: bytes, secrets, toleranceSeconds, now: now() });
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      onError(error);
      return { status: error.reason === 'invalid-event' ? 400 : 401 };
    }
    try {
      await options.onEvent(delivery.event, delivery);
      return { status: 204 };
    } catch (error) {
      onError(error);
      if (!(error instanceof RetryLaterError)) return { status: 500 };
      return { status: 503, headers: { 'retry-after': String(error.retryAfterSeconds) } };
    }
  }

  return {
    async fetch(request) {
      const { status, headers = {} } = await answer(request.method, request.headers, request.body);
      // In the fetch style, the server manages the connection.
      const { connection: _, ...others } = headers;
      return new Response(null, { status, headers: others });
    },
    node(request, response) {
      // The connection must stay open for the response, even if the body is not read to its end.
      answer(request.method, request.headers, request.iterator({ destroyOnReturn: false })).then(
        ({ status, headers }) => response.writeHead(status, headers ?? {}).end(),
        (error: unknown) => {
          // The sender closed the connection in the middle of its request.
          onError(error);
          response.destroy();
        },
      );
    },
  };
}
