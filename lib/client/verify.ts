import type { CloudEvent } from './cloud-event.ts';
import { type HeaderSource, headerOf } from './headers.ts';
import { type EventFormat, formatOf, readEvent } from './received-event.ts';
import { matchesSignature, readSecret } from './signature.ts';

export interface VerifyOptions {
  /** The headers of the request: `request.headers` of fetch or of node:http. */
  readonly headers: HeaderSource;
  /** The raw body. A body that was parsed and serialised again does not match the signature. */
  readonly body: string | Uint8Array;
  /** The receiver's secret. */
  readonly secret?: string;
  /** All valid secrets, during a rotation. */
  readonly secrets?: readonly string[];
  /**
   * The format that the receiver is configured with; a request in the other one is refused. Set it: the signature covers the
   * body only, so whoever intercepts a structured request could otherwise send its body again in binary mode, with other
   * attributes in the headers. Default: either.
   */
  readonly format?: EventFormat;
  /**
   * The maximum difference to the sender's clock, 0 or more. It limits how long an intercepted request can be replayed.
   * Default 300.
   */
  readonly toleranceSeconds?: number;
  /** Epoch milliseconds. Default: the machine's clock. */
  readonly now?: number;
}

/**
 * One attempt to deliver one event. The signature covers `deliveryId` and the body. It does not cover `topic`, `attempt`
 * and `traceparent`, nor the event's attributes in binary mode, where they are headers: do not base decisions on these
 * that need proof of the sender.
 */
export interface Delivery<Data = unknown> {
  /** The same for all attempts. Use it as an idempotency key. */
  readonly deliveryId: string;
  /** Undefined if the event was sent directly to this receiver. */
  readonly topic: string | undefined;
  /** Counted from 1. */
  readonly attempt: number;
  readonly event: CloudEvent<Data>;
  readonly traceparent: string | undefined;
  /**
   * The body as it was sent, and signed. Numbers of more than 15 digits are rounded in `event.data`, as by any
   * `JSON.parse`; here they are exact.
   */
  readonly body: Uint8Array;
}

export type VerificationFailure =
  | 'missing-header'
  | 'invalid-header'
  | 'wrong-format'
  | 'timestamp-too-old'
  | 'timestamp-too-new'
  | 'signature-mismatch'
  | 'invalid-event';

/** The request is not a delivery of the bus, or cannot be proven to be one. */
export class VerificationError extends Error {
  readonly reason: VerificationFailure;

  constructor(reason: VerificationFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VerificationError';
    this.reason = reason;
  }
}

/**
 * Verifies a request by Standard Webhooks and parses its event, in structured or binary mode.
 * @throws VerificationError with a reason, or TypeError when there is no valid secret or another option is invalid.
 */
export function verify(options: VerifyOptions): Delivery {
  const { headers, format, toleranceSeconds = 300, now = Date.now() } = options;
  const secrets = [...(options.secret === undefined ? [] : [options.secret]), ...(options.secrets ?? [])];
  if (secrets.length === 0)
    throw new TypeError('verify needs a secret: without one it cannot prove who sent the request.');
  const keys = secrets.map(readSecret);
  checkOptions({ format, toleranceSeconds });
  if (!Number.isFinite(now)) throw new TypeError('now must be a number of milliseconds.');
  if (typeof options.body !== 'string' && !(options.body instanceof Uint8Array)) {
    throw new TypeError(
      'body must be the raw body, as text or bytes: a parsed one has no signature to match.',
    );
  }

  const id = required(headers, 'webhook-id');
  const timestamp = required(headers, 'webhook-timestamp');
  const signature = required(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new VerificationError('invalid-header', 'webhook-timestamp is not a number of seconds.');
  }
  const ageSeconds = Math.floor(now / 1000) - Number(timestamp);
  if (ageSeconds > toleranceSeconds) {
    throw new VerificationError('timestamp-too-old', `The request was signed ${ageSeconds} s ago.`);
  }
  if (-ageSeconds > toleranceSeconds) {
    throw new VerificationError(
      'timestamp-too-new',
      `The request was signed ${-ageSeconds} s in the future.`,
    );
  }
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body;
  if (!matchesSignature(signature, { id, timestamp, body }, keys)) {
    throw new VerificationError('signature-mismatch', 'None of the signatures matches the secret.');
  }
  const found = formatOf(headers);
  if (format !== undefined && found !== format) {
    throw new VerificationError('wrong-format', `The request is ${found}, but this receiver is ${format}.`);
  }
  return readDelivery(headers, body);
}

/**
 * Checks the options that `verify`, `createReceiver` and `createChecker` share. A tolerance that is not a number would
 * otherwise compare as false and admit a request of any age.
 * @throws TypeError that names the option.
 */
export function checkOptions(options: {
  readonly format?: EventFormat | undefined;
  readonly toleranceSeconds: number;
}): void {
  const { format, toleranceSeconds } = options;
  if (!Number.isFinite(toleranceSeconds) || toleranceSeconds < 0) {
    throw new TypeError('toleranceSeconds must be a finite number of seconds, 0 or more.');
  }
  if (format !== undefined && format !== 'structured' && format !== 'binary') {
    throw new TypeError("format must be 'structured' or 'binary'.");
  }
}

/** Parses a request without verifying who sent it, for tools that only inspect it. */
export function readDelivery(headers: HeaderSource, body: Uint8Array): Delivery {
  const attempt = required(headers, 'busbar-attempt');
  if (!/^[1-9]\d{0,8}$/.test(attempt)) {
    throw new VerificationError('invalid-header', 'busbar-attempt is not a positive integer.');
  }
  let event: CloudEvent;
  try {
    event = readEvent(headers, body);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new VerificationError('invalid-event', detail, { cause: error });
  }
  return {
    deliveryId: required(headers, 'webhook-id'),
    topic: headerOf(headers, 'busbar-topic'),
    attempt: Number(attempt),
    event,
    traceparent: headerOf(headers, 'traceparent'),
    body,
  };
}

function required(headers: HeaderSource, name: string): string {
  const value = headerOf(headers, name);
  if (value === undefined || value === '') {
    throw new VerificationError('missing-header', `The request has no ${name} header.`);
  }
  return value;
}
