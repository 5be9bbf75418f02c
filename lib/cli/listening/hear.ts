import type { IncomingMessage } from 'node:http';
import { readBody } from '../../client/body.ts';
import { type Delivery, readDelivery, VerificationError, verify } from '../../client/verify.ts';
import { parseVerbatim } from '../../core/kernel/exact-numbers.ts';

/** One request to the listener, and the response to it. */
export interface Heard {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Undefined when the request was refused. */
  readonly delivery: Delivery | undefined;
  /** Whether its body is the whole event (structured mode). */
  readonly isWhole: boolean;
  /** Whether its signature was verified. */
  readonly verified: boolean;
  readonly status: number;
  /** Why the request was refused. */
  readonly problem: string | undefined;
}

/** More than the bus ever sends: an event has at most 256 KB. */
const maxBodyBytes = 1_048_576;

/** Reads one request, and verifies it if there are secrets. Rejects if the connection breaks. */
export async function hear(
  request: IncomingMessage,
  options: {
    readonly secrets: readonly string[];
    /** Chooses the status for an accepted delivery. */
    readonly decide: () => number;
    readonly now: () => number;
  },
): Promise<Heard> {
  const { secrets, now } = options;
  const refused = (status: number, problem: string): Heard => ({
    atMs: now(),
    delivery: undefined,
    isWhole: false,
    verified: false,
    status,
    problem,
  });
  if (request.method !== 'POST') return refused(405, `${request.method} instead of POST`);
  // The connection must stay open for the response, even if the body is too large to be read.
  const body = await readBody(request.iterator({ destroyOnReturn: false }), maxBodyBytes);
  if (body === undefined) return refused(413, `the body has more than ${maxBodyBytes} bytes`);
  const { headers } = request;
  const verified = secrets.length > 0;
  try {
    const delivery = verified ? verify({ headers, body, secrets, now: now() }) : readDelivery(headers, body);
    const isWhole = /^application\/cloudevents\+/i.test(headers['content-type']?.trim() ?? '');
    return { atMs: now(), delivery, isWhole, verified, status: options.decide(), problem: undefined };
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return refused(error.reason === 'invalid-event' ? 400 : 401, `${error.reason}: ${error.message}`);
  }
}

/**
 * The event as it is printed: numbers as they were sent, and bytes as base64.
 * @param isWhole whether the body is the event, as in the structured mode, or its data.
 */
export function printedEvent({ event, body }: Delivery, isWhole: boolean): Record<string, unknown> {
  const { data, ...others } = event;
  if (data === undefined) return others;
  if (data instanceof Uint8Array) return { ...others, data_base64: Buffer.from(data).toString('base64') };
  if (typeof data === 'string') return { ...event };
  const sent = parseVerbatim(new TextDecoder().decode(body));
  return { ...others, data: isWhole ? (sent as { readonly data: unknown }).data : sent };
}
