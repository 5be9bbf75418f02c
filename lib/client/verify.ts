import type { CloudEvent } from './cloud-event.ts';
import { type HeaderSource, headerOf } from './headers.ts';
import { readEvent } from './received-event.ts';
import { matchesSignature, readSecret } from './signature.ts';

export interface VerifyOptions {
  /** The request's headers: `request.headers` of fetch or of node:http. */
  readonly headers: HeaderSource;
  /** The body exactly as it came: parsed and printed again, it is no longer what was signed. */
  readonly body: string | Uint8Array;
  /** The receiver's secret. */
  readonly secret?: string;
  /** All that count, while a secret rotates. */
  readonly secrets?: readonly string[];
  /** How far the sender's clock may be from this one; it bounds how long a caught request can be replayed. */
  readonly toleranceSeconds?: number;
  /** Epoch milliseconds. Default: the machine's clock. */
  readonly now?: number;
}

/**
 * One attempt to deliver one event. The signature covers `deliveryId` and the body. In binary mode the event's
 * attributes are headers, which it does not cover, and neither does it cover `topic`, `attempt` and
 * `traceparent`: decide nothing by them that needs proof of the sender.
 */
export interface Delivery<Data = unknown> {
  /** The same over all attempts: the key for doing the work once. */
  readonly deliveryId: string;
  /** Undefined when the event was sent to this receiver by name. */
  readonly topic: string | undefined;
  /** Counted from 1. */
  readonly attempt: number;
  readonly event: CloudEvent<Data>;
  readonly traceparent: string | undefined;
}

export type VerificationFailure =
  | 'missing-header'
  | 'invalid-header'
  | 'timestamp-too-old'
  | 'timestamp-too-new'
  | 'signature-mismatch'
  | 'invalid-event';

/** A request that is not a delivery of the bus, or cannot be proven to be one. */
export class VerificationError extends Error {
  readonly reason: VerificationFailure;

  constructor(reason: VerificationFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VerificationError';
    this.reason = reason;
  }
}

/**
 * Verifies a request by Standard Webhooks and parses its event, in structured and in binary mode.
 * Throws a `VerificationError` with a reason, or a `TypeError` when no usable secret was given.
 */
export function verify(options: VerifyOptions): Delivery {
  const { headers, toleranceSeconds = 300, now = Date.now() } = options;
  const secrets = [...(options.secret === undefined ? [] : [options.secret]), ...(options.secrets ?? [])];
  if (secrets.length === 0) throw new TypeError('Give verify a secret: without one nothing is proven.');
  const keys = secrets.map(readSecret);

  const id = required(headers, 'webhook-id');
  const timestamp = required(headers, 'webhook-timestamp');
  const signature = required(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new VerificationError('invalid-header', 'webhook-timestamp is no number of seconds.');
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
    throw new VerificationError(
      'signature-mismatch',
      'No signature of the request was made with the secret.',
    );
  }
  return readDelivery(headers, body);
}

/** Parses a request without proving who sent it: for tools that only look. */
export function readDelivery(headers: HeaderSource, body: Uint8Array): Delivery {
  const attempt = required(headers, 'busbar-attempt');
  if (!/^[1-9]\d{0,8}$/.test(attempt)) {
    throw new VerificationError('invalid-header', 'busbar-attempt is no number from 1.');
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
  };
}

function required(headers: HeaderSource, name: string): string {
  const value = headerOf(headers, name);
  if (value === undefined || value === '') {
    throw new VerificationError('missing-header', `The request has no ${name} header.`);
  }
  return value;
}
